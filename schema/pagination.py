"""Connections: https://relay.dev/graphql/connections.htm, with `nodes` and `totalCount`."""

import binascii
import hashlib
import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from inspect import Parameter, signature
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

import strawberry
from strawberry import UNSET

from domain.entity import Entity
from domain.validation import EARLIEST, INT_MAX, LATEST, LIST_LENGTH, unstorable
from execution import Selected, Write
from repositories.criteria import (
    NEWEST_FIRST,
    Direction,
    Order,
    Page,
    PageRequest,
    Position,
)
from resolvers.dataloaders import Listing
from resolvers.loaders import Loaders
from schema.context import Context, Info
from schema.entities import EntityKind
from schema.errors import BadUserInput
from schema.filtering import FILTER_CONDITIONS, FILTER_LEVELS, criteria
from schema.writing import WRITER
from schema.written_connections import WrittenConnection

DEFAULT_PAGE = 20
LARGEST_PAGE = 100
_CHECKSUM_BYTES = 6
_FILTER = (
    f"Only those that match. At most {FILTER_CONDITIONS} conditions in {FILTER_LEVELS} levels, and "
    f"{LIST_LENGTH} items in a list."
)

T = TypeVar("T")

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            f"How many items from the start, 0 to {LARGEST_PAGE} (default {DEFAULT_PAGE}). "
            "Not together with `last`."
        )
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Only items after the one with this cursor."),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items from the end, 0 to {LARGEST_PAGE}. Not together with `first`."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="Only items before the one with this cursor."),
]


@dataclass(frozen=True, slots=True)
class _Cursors:
    """Makes and reads the cursors of lists of one kind in one order."""

    kind: EntityKind
    order: Order

    def encode(self, record: Entity) -> str:
        return self.encode_place(
            getattr(record, self.order.field), getattr(record, self.kind.key_name)
        )

    def encode_place(self, value: Any, key: str) -> str:
        """The cursor of the record that stands there."""
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat()
        payload = json.dumps([*self._scope(), value, key], separators=(",", ":")).encode()
        return urlsafe_b64encode(_checksum(payload) + payload).decode().rstrip("=")

    def decode(self, argument: str, cursor: str | None) -> Position | None:
        """Raises BadUserInput unless the cursor was made for this kind of list and order."""
        if cursor is None or cursor is UNSET:
            return None
        payload = _payload(cursor)
        if payload is None:
            raise BadUserInput(f"{argument}: this is not a cursor that was given out here.")
        *scope, value, key = payload
        if scope != self._scope():
            raise BadUserInput(
                f"{argument}: this cursor is of a list of {_in_words(scope)}, "
                f"but the list here is of {_in_words(self._scope())}."
            )
        position = self._position(value, key)
        if position is None:
            raise BadUserInput(f"{argument}: this is not a cursor that was given out here.")
        return position

    def _scope(self) -> list[str]:
        return [self.kind.name, self.order.field, self.order.direction.value]

    def _position(self, value: Any, key: Any) -> Position | None:
        if not isinstance(key, str) or unstorable(key):
            return None
        kind: type = get_type_hints(self.kind.record)[self.order.field]
        if kind is datetime and isinstance(value, str):
            value = _moment(value)
        fits = isinstance(value, str if issubclass(kind, str) else kind) and _is_storable(value)
        return Position(value, key) if fits else None


def _in_words(scope: list[str]) -> str:
    kind, field, direction = scope
    # Fields to order by are named like those of the records, in capitals.
    return f"{kind} ordered by {field.upper()} {direction}"


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo and EARLIEST <= moment <= LATEST else None


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return unstorable(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) <= INT_MAX


def _payload(cursor: str) -> list[Any] | None:
    """What the cursor was made of; None when a single character of it was changed."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        checksum, payload = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        if checksum != _checksum(payload):
            return None
        if urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
            return None
        parts = json.loads(payload)
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) != 5:
        return None
    # A scope is told in messages, so it has to be made of names.
    has_scope = all(isinstance(name, str) and name.isidentifier() for name in parts[:3])
    return parts if has_scope else None


def _checksum(payload: bytes) -> bytes:
    # It finds mistakes; there is nothing to gain by forging a cursor.
    return hashlib.blake2s(payload, digest_size=_CHECKSUM_BYTES).digest()


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether items follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether items stand before this page.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the page's first item, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the page's last item, for `after`; null on an empty page."
    )


@strawberry.type(description="An item of a list, and its place in it.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="The item's place in this order, for `after` and `before`; opaque."
    )
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    page: strawberry.Private[Page[Any]]
    cursors: strawberry.Private[_Cursors]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The items with their cursors, in order.")
    def edges(self) -> list[Edge[T]]:
        return [Edge(cursor=self.cursors.encode(record), node=record) for record in self.page.items]

    @strawberry.field(description="The items alone, in order.")
    def nodes(self) -> list[T]:
        return list(self.page.items)

    @strawberry.field(description="Where this page stands in the list.")
    def page_info(self) -> PageInfo:
        items = self.page.items
        return PageInfo(
            has_next_page=self.page.has_next,
            has_previous_page=self.page.has_previous,
            start_cursor=self.cursors.encode(items[0]) if items else None,
            end_cursor=self.cursors.encode(items[-1]) if items else None,
        )

    @strawberry.field(
        description=(
            "How many items match the filter on all pages together. They are counted for it each "
            "time, so ask for it only where it's shown."
        )
    )
    async def total_count(self) -> int:
        return await self.count()


def connection(
    kind: EntityKind,
    description: str,
    of: Callable[[Loaders, Any], Listing[Any]] | None = None,
) -> Any:
    """A field with a page of entities: all of this kind, or those `of` the record it's asked for.

    Its arguments are those of every connection; `filter` and `orderBy` are the kind's own.
    """

    def listing(loaders: Loaders, parent: Any) -> Listing[Any]:
        return kind.loaders(loaders).all if of is None else of(loaders, parent)

    def asked_for(
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        filter: Any = UNSET,
        order_by: Any = UNSET,
    ) -> tuple[PageRequest, _Cursors]:
        order = _order(order_by)
        cursors = _Cursors(kind, order)
        wanted = criteria(filter)
        limit, backwards = _limit(first, last)
        request = PageRequest(
            limit=limit,
            order=order,
            filter=wanted,
            after=cursors.decode("after", after),
            before=cursors.decode("before", before),
            backwards=backwards,
        )
        return request, cursors

    async def resolve(parent: strawberry.Parent[Any], info: Info, **arguments: Any) -> Any:
        request, cursors = asked_for(**arguments)
        found = listing(info.context.loaders, parent)
        return Connection(
            page=await found.page(request),
            cursors=cursors,
            count=lambda: found.count(request.filter),
        )

    def writer(selected: Sequence[Selected]) -> Write | None:
        wanted = WrittenConnection.of(selected)
        if wanted is None:
            return None

        async def write(_: Sequence[Any], context: Context, **arguments: Any) -> Sequence[Any]:
            request, cursors = asked_for(**arguments)
            reads = kind.loaders(context.loaders).reads
            return [await wanted.read(reads, request, cursors.encode_place)]

        return write

    # Each kind has its own filter and order, so the signature is completed here.
    annotations = {
        "first": First,
        "after": After,
        "last": Last,
        "before": Before,
        "filter": _argument(kind, "Filter", _FILTER),
        "order_by": _argument(kind, "Order", "The order; newest first by default."),
    }
    declared = signature(resolve)
    parent, info, _ = declared.parameters.values()
    given = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=UNSET, annotation=annotation)
        for name, annotation in annotations.items()
    ]
    resolve.__dict__["__signature__"] = declared.replace(parameters=[parent, info, *given])
    metadata = {WRITER: writer} if of is None else {}
    return strawberry.field(resolver=resolve, description=description, metadata=metadata)


def _argument(kind: EntityKind, suffix: str, description: str) -> Any:
    input_type = Annotated[  # type: ignore[valid-type]
        f"{kind.name}{suffix}", strawberry.lazy(f"schema.{kind.module}.inputs")
    ]
    return Annotated[input_type | None, strawberry.argument(description=description)]


def _order(order_by: Any) -> Order:
    if order_by is UNSET or order_by is None:
        return NEWEST_FIRST
    field: Enum = order_by.field
    return Order(field.value, Direction(order_by.direction))


def _limit(first: int | None, last: int | None) -> tuple[int, bool]:
    sizes = {
        name: size
        for name, size in (("first", first), ("last", last))
        if size is not UNSET and size is not None
    }
    if len(sizes) == 2:
        raise BadUserInput("first, last: give one of them, not both.")
    for name, size in sizes.items():
        if not 0 <= size <= LARGEST_PAGE:
            raise BadUserInput(f"{name}: must be from 0 to {LARGEST_PAGE}, not {size}.")
    return next(iter(sizes.values()), DEFAULT_PAGE), "last" in sizes
