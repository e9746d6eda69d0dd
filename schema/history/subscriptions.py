"""Following the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.scopes import Scope
from schema.changes import IN_ORDER, AfterEvent
from schema.context import Info
from schema.cursors import decode_log_position
from schema.history.inputs import EventFilter, filter_of
from schema.history.types import Event
from schema.scopes import for_scope


@strawberry.type
class HistorySubscription:
    @strawberry.subscription(
        graphql_type=Event,
        **for_scope(Scope.HISTORY_READ, f"The changes of all entities. {IN_ORDER}"),
    )
    async def events(
        self,
        info: Info,
        after: AfterEvent = UNSET,
        filter: Annotated[
            EventFilter | None, strawberry.argument(description="Only events that match.")
        ] = UNSET,
    ) -> AsyncIterator[Any]:
        position = decode_log_position("after", after)
        return await info.context.subscribe(filter_of(filter or None), position)
