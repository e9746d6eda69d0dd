"""Fields of entities that lead into the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, TypeVar

import strawberry
from strawberry import UNSET

from domain.entity import Entity
from domain.errors import StateRemoved
from domain.scopes import Scope
from resolvers.history.loaders import History, Moment
from schema.context import Context, Info
from schema.cursors import decode_event_id, encode_event_id
from schema.declarations import FieldResolution
from schema.errors import BadUserInput, TopLevelCode
from schema.history.types import EventConnection, EventEdge
from schema.pagination import After, First, PageInfo, page_size
from schema.scopes import for_scope

C = TypeVar("C")


class HistoryPage(NamedTuple):
    """Some of an entity's events, the newest first."""

    events: Sequence[Any]
    has_more: bool
    is_first: bool

    def connection(self, connection: Callable[..., C], edge: Callable[..., Any]) -> C:
        """The page as a connection of this type, whose nodes describe events."""
        cursors = [encode_event_id(event.event_id) for event in self.events]
        return connection(
            edges=[edge(cursor=c, node=it) for c, it in zip(cursors, self.events, strict=True)],
            nodes=list(self.events),
            page_info=PageInfo(
                has_next_page=self.has_more,
                has_previous_page=not self.is_first,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
        )


async def load_history(
    entities: Sequence[Entity],
    context: Context,
    first: int | None,
    after: str | None,
    *,
    with_deletions: bool = True,
) -> Sequence[HistoryPage]:
    """The same page of each entity's events. Raises BadUserInput."""
    limit, _ = page_size(first, UNSET)
    before = decode_event_id("after", after)
    found = await context.loaders.events.histories.load_many(
        [History(it.entity_type, _key(it), limit + 1, before, with_deletions) for it in entities]
    )
    return [HistoryPage(them[:limit], len(them) > limit, before is None) for them in found]


def history() -> Any:
    """The events of an entity."""

    async def resolve_all(
        parents: Sequence[Any], info: Any, first: int | None = UNSET, after: str | None = UNSET
    ) -> Sequence[Any]:
        pages = await load_history(parents, info.context, first, after)
        return [page.connection(EventConnection, EventEdge) for page in pages]

    async def resolve(
        parent: strawberry.Parent[Any], info: Info, first: First = UNSET, after: After = UNSET
    ) -> EventConnection:
        [found] = await resolve_all([parent], info, first, after)
        connection: EventConnection = found
        return connection

    return strawberry.field(
        resolver=resolve,
        **for_scope(
            Scope.HISTORY_READ,
            "What happened to the entity, the newest event first: also before it was deleted and "
            "saved again.",
        ),
        metadata=FieldResolution(resolve_batch=resolve_all).metadata,
    )


def as_of() -> Any:
    """The entity as it was stored."""

    async def resolve_all(
        parents: Sequence[Any],
        info: Any,
        revision: int | None = UNSET,
        at: datetime | None = UNSET,
    ) -> Sequence[Any]:
        given = [value for value in (revision, at) if value is not UNSET and value is not None]
        if len(given) != 1:
            raise BadUserInput("revision, at: give one of them, and not both.")
        [value] = given
        if isinstance(value, int) and value < 1:
            raise BadUserInput(f"revision: must be 1 or more, not {value}.")
        moment = (value, None) if isinstance(value, int) else (None, value)
        context: Context = info.context
        asked = [Moment(type(it), _key(it), *moment) for it in parents]
        return await context.loaders.events.entities_as_of.load_many(asked)

    async def resolve(
        parent: strawberry.Parent[Any],
        info: Info,
        revision: Annotated[
            int | None,
            strawberry.argument(description="With this revision, 1 or more. Not with `at`."),
        ] = UNSET,
        at: Annotated[
            datetime | None,
            strawberry.argument(
                description="At this time; in the future: as it is now. Not with `revision`."
            ),
        ] = UNSET,
    ) -> Any:
        [found] = await resolve_all([parent], info, revision, at)
        if isinstance(found, StateRemoved):
            raise found
        return found

    return strawberry.field(
        resolver=resolve,
        **for_scope(
            Scope.HISTORY_READ,
            "The entity with its children as it was stored; null where it wasn't there. Where that "
            f"isn't known any more there is an error {TopLevelCode.STATE_EXPIRED}. Fields that "
            "lead to other entities lead to these as they are now.",
        ),
        metadata=FieldResolution(resolve_batch=resolve_all).metadata,
    )


def _key(record: Entity) -> str:
    key: str = getattr(record, record.key_name)
    return key
