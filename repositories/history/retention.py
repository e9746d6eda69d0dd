"""Old events are removed, where a time is set for which events are kept.

An event goes when a later one of its key is older than that time. So what an entity was at any
moment within that time can be told, and the last event of each key stays, from which its revisions
go on, and those of its series.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from sqlalchemy import bindparam, case, delete, func, insert, select

from repositories.drivers.compiled import Statement
from repositories.history.background import keep_stepping
from repositories.history.tables import events, history_pruning
from repositories.sql.dialects import POSTGRESQL, SQLITE, Dialect
from repositories.sql.session import DatabaseSession

EVENTS_AT_ONCE: Final = 500
"""How many a step looks at: its transaction takes some milliseconds."""

APART_SECONDS: Final = 0.1
"""How long writers have for themselves between two steps."""

IDLE_SECONDS: Final = 60.0


class Pruned(Protocol):
    """What the storage is to the retention of events."""

    async def prune_events(self, keep: timedelta, limit: int = EVENTS_AT_ONCE) -> int: ...


async def keep_pruning(
    storage: Pruned, keep: timedelta, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Remove what is older, step by step, until it's cancelled. Every server may do so at once."""
    await keep_stepping(
        partial(storage.prune_events, keep),
        "old events aren't removed",
        apart=APART_SECONDS,
        idle=IDLE_SECONDS,
        pause=pause,
    )


class DatabaseEventPruner:
    """Removes old events in one transaction of a session."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def prune(self, before: datetime, limit: int) -> int:
        """Look at the next events, `limit` of them, and remove what those from `before` replaced.

        It returns how many it looked at.
        """
        statements = _STATEMENTS[self._session.dialect]
        looked_at, remove, forget, note = statements
        [(first, last)] = await self._session.rows(looked_at, {"before": before, "limit": limit})
        if last is None or last <= first:
            return 0
        window = {"first": first, "last": last}
        for statement in (remove, forget, note):
            await self._session.rows(statement, window)
        return int(last - first)


def pruned_position() -> Any:
    return func.coalesce(select(func.max(history_pruning.c.position)).scalar_subquery(), 0)


def _looked_at() -> Any:
    """The last position that was looked at before, and the last one to be looked at now."""
    before = bindparam("before", type_=events.c.occurred_at.type)
    position = events.c.position
    found = (
        select(position, events.c.occurred_at)
        .where(position > pruned_position())
        .order_by(position)
        .limit(bindparam("limit", type_=events.c.revision.type))
        .subquery("found")
    )
    young = case((found.c.occurred_at >= before, found.c.position))
    last = func.coalesce(func.min(young) - 1, func.max(found.c.position))
    return select(pruned_position(), last)


def _parameter(name: str) -> Any:
    return bindparam(name, type_=events.c.position.type)


def _removal() -> Any:
    """Of each key that was looked at all events before the last one that was."""
    of_key = (events.c.entity_type, events.c.entity_key)
    newest = (
        select(
            *of_key,
            func.max(events.c.position).label("position"),
            func.max(events.c.revision).label("revision"),
        )
        .where(events.c.position > _parameter("first"), events.c.position <= _parameter("last"))
        .group_by(*of_key)
        .subquery("newest")
    )
    older = events.alias("older")
    found = select(older.c.id).join_from(
        newest,
        older,
        (older.c.entity_type == newest.c.entity_type)
        & (older.c.entity_key == newest.c.entity_key)
        # By this the index finds them.
        & (older.c.revision <= newest.c.revision)
        & (older.c.position < newest.c.position),
    )
    return delete(events).where(events.c.id.in_(found))


def _forgetting() -> Any:
    return delete(history_pruning).where(history_pruning.c.position < _parameter("last"))


def _note() -> Any:
    return insert(history_pruning).values(position=_parameter("last"))


_STATEMENTS: Final[Mapping[Dialect, Sequence[Statement]]] = {
    dialect: tuple(map(dialect.compile, (_looked_at(), _removal(), _forgetting(), _note())))
    for dialect in (SQLITE, POSTGRESQL)
}
