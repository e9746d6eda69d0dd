"""The one place that writes events: in the transaction of the change, for the session's caller.

On PostgreSQL the function `record_event` of the migrations does it, which functions that save call.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from domain.callers import Caller
from domain.entity import Entity
from domain.history import DELETED
from domain.sources import NewKey
from repositories.drivers.compiled import Statement
from repositories.history.states import render_state
from repositories.history.tables import events
from repositories.sql.dialects import SQLITE
from repositories.sql.recording import SeriesKey
from repositories.sql.turns import StatementRunner


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

    async def record(self, runner: StatementRunner, values: dict[str, Any]) -> None:
        await runner.rows(_INSERT, values)

    async def record_many(self, runner: StatementRunner, values: Sequence[dict[str, Any]]) -> None:
        await runner.run_many(_INSERT, values)

    async def last_revision(self, runner: StatementRunner, series: SeriesKey) -> int:
        rows = await runner.rows(_LAST_REVISION, series._asdict())
        return int(rows[0][0])

    async def last_revisions(
        self, runner: StatementRunner, series: Sequence[SeriesKey]
    ) -> Mapping[str, int]:
        if not series:
            return {}
        keys = [it.entity_key for it in series]
        series_keys = [it.series_key for it in series if it.series_key is not None]
        entity_type = series[0].entity_type
        of_keys = await _last_of_each(runner, _LAST_OF_KEYS, entity_type, keys)
        of_series = await _last_of_each(runner, _LAST_OF_SERIES, entity_type, series_keys)
        return {
            it.entity_key: last
            for it in series
            if (last := max(of_keys.get(it.entity_key, 0), of_series.get(it.series_key, 0)))
        }


async def _last_of_each(
    runner: StatementRunner, statement: Statement, entity_type: str, values: Sequence[str]
) -> Mapping[str | None, int]:
    if not values:
        return {}
    rows = await runner.rows(statement, {"entity_type": entity_type, "values": values})
    return dict(map(tuple, rows))


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


def _last_of(name: str) -> Any:
    """The last revisions by the values of the column that are among `values`."""
    kind = events.c.entity_type
    has_type = kind == bindparam("entity_type", type_=kind.type)
    found = select(events.c[name], func.max(events.c.revision))
    return found.where(has_type, SQLITE.among(events.c[name], "values")).group_by(events.c[name])


_INSERT = SQLITE.compile(_insertion())
_LAST_REVISION = SQLITE.compile(_last_revision())
_LAST_OF_KEYS = SQLITE.compile(_last_of("entity_key"))
_LAST_OF_SERIES = SQLITE.compile(_last_of("series_key"))
