"""Reading the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.history import Event as Record
from domain.scopes import Scope
from schema.context import Info
from schema.cursors import decode_log_position, encode_log_position
from schema.history.inputs import EventFilter, filter_of
from schema.history.types import EventConnection, EventEdge
from schema.pagination import After, Before, First, Last, PageInfo, page_size
from schema.scopes import field_of, for_scope

ORDER = "They come in the order of the log: changes of one entity in the order of its revisions."


async def _events(
    info: Info,
    filter: Annotated[
        EventFilter | None, strawberry.argument(description="Only those that match.")
    ] = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> EventConnection:
    limit, backwards = page_size(first, last)
    start, end = decode_log_position("after", after), decode_log_position("before", before)
    page = await info.context.loaders.events.reads.page(
        start or 0, limit, filter_of(filter), before=end, backwards=backwards
    )
    items: Sequence[Any] = page.items  # records, which the types describe
    return EventConnection(
        edges=[EventEdge(cursor=_cursor(event), node=event) for event in items],
        nodes=list(items),
        page_info=PageInfo(
            has_next_page=end is not None if backwards else page.has_more,
            has_previous_page=page.has_more if backwards else start is not None,
            start_cursor=_cursor(items[0]) if items else None,
            end_cursor=_cursor(items[-1]) if items else None,
        ),
    )


def _cursor(event: Record) -> str:
    assert event.position is not None
    return encode_log_position(event.position)


@strawberry.type
class HistoryQuery:
    events: EventConnection = field_of(
        for_scope(
            Scope.HISTORY_READ,
            f"All changes of all entities, page by page. {ORDER} `last` has the newest.",
        ),
        resolver=_events,
    )
