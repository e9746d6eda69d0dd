"""Connections: https://relay.dev/graphql/connections.htm, with `nodes` and `totalCount`."""

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from inspect import Parameter, signature
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import UNSET

from domain.validation import LIST_LENGTH
from execution import Render, SelectedField
from repositories.criteria import NEWEST_FIRST, Direction, Order, Page, PageRequest
from repositories.projections import JsonProjection, Paged, Part
from repositories.registry import EntityType
from resolvers.dataloaders import ALL, Listing, Related
from resolvers.loaders import Loaders
from schema.context import Context, Info
from schema.cursors import Cursors
from schema.declarations import FieldResolution
from schema.errors import BadUserInput
from schema.filtering import MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH, criteria
from schema.rendered_connections import RenderedConnection, paged_members
from schema.rendering import (
    ArgumentsOf,
    BindConverted,
    ProjectionBuilder,
    as_rendered,
)

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
_FILTER = (
    f"Only those that match. At most {MAX_FILTER_CONDITIONS} conditions in {MAX_FILTER_DEPTH} "
    f"levels, and {LIST_LENGTH} items in a list."
)

T = TypeVar("T")

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            f"How many items from the start, 0 to {MAX_PAGE_SIZE} (default {DEFAULT_PAGE_SIZE}). "
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
        description=f"How many items from the end, 0 to {MAX_PAGE_SIZE}. Not together with `first`."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="Only items before the one with this cursor."),
]


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


async def _pages(connections: Sequence[Any]) -> list[Page[Any]]:
    """Those of the connections of one field, which have the same request."""
    first = connections[0]
    pages: list[Page[Any]] = await first.listing.pages(
        first.request, [it.key for it in connections]
    )
    return pages


async def _edges(connections: Sequence[Any]) -> list[list[Edge[Any]]]:
    encode = connections[0].cursors.encode
    return [
        [Edge(cursor=encode(record), node=record) for record in page.items]
        for page in await _pages(connections)
    ]


async def _nodes(connections: Sequence[Any]) -> list[list[Any]]:
    return [list(page.items) for page in await _pages(connections)]


async def _page_info(connections: Sequence[Any]) -> list[PageInfo]:
    encode = connections[0].cursors.encode
    return [
        PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=encode(page.items[0]) if page.items else None,
            end_cursor=encode(page.items[-1]) if page.items else None,
        )
        for page in await _pages(connections)
    ]


async def _totals(connections: Sequence[Any]) -> list[int]:
    first = connections[0]
    counts: list[int] = await first.listing.counts(
        first.request.filter, [it.key for it in connections]
    )
    return counts


def _read(read: Callable[[Sequence[Any]], Awaitable[list[Any]]], description: str) -> Any:
    """A field that is read for all connections of a level at once."""

    async def resolve(parent: strawberry.Parent[Any]) -> Any:
        [found] = await read([parent])
        return found

    async def resolve_all(connections: Sequence[Any], _: Any) -> Sequence[Any]:
        return await read(connections)

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata=FieldResolution(resolve_batch=resolve_all).metadata,
    )


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """What is selected of it is read when it's resolved, for all connections of a level at once."""

    listing: strawberry.Private[Listing[Any]]
    key: strawberry.Private[str]
    request: strawberry.Private[PageRequest]
    cursors: strawberry.Private[Cursors]

    edges: list[Edge[T]] = _read(_edges, "The items with their cursors, in order.")
    nodes: list[T] = _read(_nodes, "The items alone, in order.")
    page_info: PageInfo = _read(_page_info, "Where this page stands in the list.")
    total_count: int = _read(
        _totals,
        "How many items match the filter on all pages together. They are counted for it each "
        "time, so ask for it only where it's shown.",
    )


def connection(
    entity_type: EntityType[Any, Any],
    description: str,
    *,
    by: str | None = None,
    related: Callable[[Loaders], Related[Any]] | None = None,
) -> Any:
    """A field with a page of entities: all of this type; or those that have under `by` what the
    record has that it's asked for, which are `related` to it.

    Its arguments are those of every connection; `filter` and `orderBy` are those of the type.
    """

    def asked_for(
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        filter: Any = UNSET,
        order_by: Any = UNSET,
    ) -> PageRequest:
        order = _order(order_by)
        cursors = Cursors(entity_type, order)
        wanted = criteria(filter)
        limit, backwards = page_size(first, last)
        return PageRequest(
            limit=limit,
            order=order,
            filter=wanted,
            after=cursors.decode("after", after),
            before=cursors.decode("before", before),
            backwards=backwards,
        )

    async def resolve(parent: strawberry.Parent[Any], info: Info, **arguments: Any) -> Any:
        [found] = await resolve_all([parent], info, **arguments)
        return found

    async def resolve_all(parents: Sequence[Any], info: Any, **arguments: Any) -> Sequence[Any]:
        request = asked_for(**arguments)
        loaders, cursors = info.context.loaders, Cursors(entity_type, request.order)
        if related is None or by is None:
            listing = loaders.of(entity_type).all
            return [Connection(listing=listing, key=ALL, request=request, cursors=cursors)]
        listing = related(loaders).listing
        return [
            Connection(listing=listing, key=getattr(it, by), request=request, cursors=cursors)
            for it in parents
        ]

    def renderer(selected: Sequence[SelectedField]) -> BindConverted | None:
        wanted = RenderedConnection.of(selected)
        if wanted is None:
            return None

        def bind(arguments_of: ArgumentsOf) -> Render | None:
            projections = wanted.bound(arguments_of)
            if projections is None:
                return None

            async def render(_: Sequence[Any], context: Context, **arguments: Any) -> Sequence[Any]:
                request = asked_for(**arguments)
                reads, cursors = (
                    context.loaders.of(entity_type).reads,
                    Cursors(entity_type, request.order),
                )
                return [await wanted.read(reads, request, projections, cursors.encode_place)]

            return render

        return bind

    def paged(
        selected: Sequence[SelectedField], number: int, builder: ProjectionBuilder
    ) -> Paged | None:
        members = paged_members(selected, builder)
        if members is None or by is None:
            return None
        return Paged(by, entity_type.name, by, number, members)

    def part_of(selected: SelectedField, builder: ProjectionBuilder) -> Part | None:
        number = builder.page(selected, asked_for)
        return paged(selected.selected or (), number, builder)

    def renderer_of_related(selected: Sequence[SelectedField]) -> BindConverted | None:
        builder = ProjectionBuilder(first_page=1)
        part = paged(selected, 0, builder)
        rendered = builder.rendered(None if part is None else JsonProjection((("", part),)))
        if rendered is None:
            return None

        def render_of(projection: JsonProjection) -> Render:
            async def render(
                parents: Sequence[Any], context: Context, **arguments: Any
            ) -> Sequence[Any]:
                assert related is not None
                assert by is not None
                whole = projection.of_pages((asked_for(**arguments), *projection.pages))
                keys = [getattr(parent, by) for parent in parents]
                found = await related(context.loaders).json.load_json(keys, whole)
                return [as_rendered(each, whole) for each in found]

            return render

        return rendered.bind(render_of)

    # Each entity type has its own filter and order, so the signature is completed here.
    annotations = {
        "first": First,
        "after": After,
        "last": Last,
        "before": Before,
        "filter": _argument(entity_type, "Filter", _FILTER),
        "order_by": _argument(entity_type, "Order", "The order; newest first by default."),
    }
    declared = signature(resolve)
    parent, info, _ = declared.parameters.values()
    given = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=UNSET, annotation=annotation)
        for name, annotation in annotations.items()
    ]
    resolve.__dict__["__signature__"] = declared.replace(parameters=[parent, info, *given])
    resolution = FieldResolution(
        resolve_batch=resolve_all,
        renderer=renderer if by is None else renderer_of_related,
        part_of=None if by is None else part_of,
    )
    return strawberry.field(resolver=resolve, description=description, metadata=resolution.metadata)


def _argument(entity_type: EntityType[Any, Any], suffix: str, description: str) -> Any:
    input_type = Annotated[  # type: ignore[valid-type]
        f"{entity_type.name}{suffix}", strawberry.lazy(f"schema.{entity_type.module}.inputs")
    ]
    return Annotated[input_type | None, strawberry.argument(description=description)]


def _order(order_by: Any) -> Order:
    if order_by is UNSET or order_by is None:
        return NEWEST_FIRST
    field: Enum = order_by.field
    return Order(field.value, Direction(order_by.direction))


def page_size(first: int | None, last: int | None) -> tuple[int, bool]:
    """How many items a page has, and whether they are those from the end. Raises BadUserInput."""
    sizes = {
        name: size
        for name, size in (("first", first), ("last", last))
        if size is not UNSET and size is not None
    }
    if len(sizes) == 2:
        raise BadUserInput("first, last: give one of them, not both.")
    for name, size in sizes.items():
        if not 0 <= size <= MAX_PAGE_SIZE:
            raise BadUserInput(f"{name}: must be from 0 to {MAX_PAGE_SIZE}, not {size}.")
    return next(iter(sizes.values()), DEFAULT_PAGE_SIZE), "last" in sizes
