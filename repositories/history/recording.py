"""The one place that writes events: in the transaction of the change, for the session's caller.

On PostgreSQL the function `record_event` of the migrations does it, which functions that save call.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from domain.callers import Caller
from domain.entity import Entity
from domain.history import DELETED
from domain.sources import NewKey
from repositories.history.states import render_state
from repositories.history.tables import events
from repositories.sql.dialects import SQLITE
from repositories.sql.recording import SeriesKey
from repositories.sql.session import DatabaseSession


class EventRecorder:
    """Writes the events of one unit of work."""

    def __init__(self, caller: Caller, now: datetime, new_key: NewKey) -> None:
        self._caller = caller
        self._now = now
        self._new_key = new_key

    def save_of(self, record: Entity) -> dict[str, Any]:
        origin = self._origin(f"{record.entity_type}.{record.outcome}")
        return {"state": render_state(record), **origin}

    def deletion_of(self, record_type: type[Entity]) -> dict[str, Any]:
        return self._origin(f"{record_type.entity_type}.{DELETED}")

    def _origin(self, event_type: str) -> dict[str, Any]:
        caller = self._caller
        return {
            "event_id": self._new_key("event"),
            "event_type": event_type,
            "caller_kind": caller.kind.value,
            "caller_id": caller.id,
            "on_behalf_of": caller.on_behalf_of,
            "request_id": caller.request_id,
            "occurred_at": self._now,
        }

    async def record(self, session: DatabaseSession, values: dict[str, Any]) -> None:
        await session.rows(_INSERT, values)

    async def last_revision(self, session: DatabaseSession, series: SeriesKey) -> int:
        rows = await session.rows(_LAST_REVISION, series._asdict())
        return int(rows[0][0])


def _insertion() -> Any:
    """On SQLite writers come one after another, so an event has its position at once."""
    last = select(func.max(events.c.position)).where(events.c.position > 0).scalar_subquery()
    given = {
        column.name: bindparam(column.name, type_=column.type)
        for column in events.columns
        if column.name not in ("id", "position", "type", "sequenced_at")
    }
    return insert(events).values(
        position=func.coalesce(last, 0) + 1,
        type=bindparam("event_type", type_=events.c.type.type),
        **given,
    )


def _last_revision() -> Any:
    def has(name: str) -> Any:
        return events.c[name] == bindparam(name, type_=events.c[name].type)

    # Each of the two finds its row at the end of an index.
    of_key = select(func.max(events.c.revision)).where(has("entity_type"), has("entity_key"))
    of_series = select(func.max(events.c.revision)).where(has("entity_type"), has("series_key"))
    highest = func.max(
        func.coalesce(of_key.scalar_subquery(), 0), func.coalesce(of_series.scalar_subquery(), 0)
    )
    return select(highest)


_INSERT = SQLITE.compile(_insertion())
_LAST_REVISION = SQLITE.compile(_last_revision())
