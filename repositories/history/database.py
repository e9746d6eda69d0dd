"""The log in the database, read."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    bindparam,
    func,
    not_,
    select,
    tuple_,
)

from domain.callers import Caller, CallerKind
from domain.entity import Entity
from domain.history import Event, EventFilter
from repositories.criteria import Filter
from repositories.drivers.compiled import Row, Statement
from repositories.history.contract import EventPage, require_one
from repositories.history.tables import events
from repositories.sql.criteria import storable
from repositories.sql.dialects import Dialect
from repositories.sql.rows import rows_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statements import limited
from repositories.states import complete_state, record_of

R = TypeVar("R", bound=Entity)

_NAMES = tuple(
    column.name
    for column in events.columns
    if column.name not in ("id", "series_key", "sequenced_at")
)
_FILTERS = {
    "types": "type",
    "entity_types": "entity_type",
    "entity_keys": "entity_key",
    "client_ids": "client_id",
}
"""The columns that filters are about."""


class DatabaseEventReads:
    """The log as one session's transaction sees it."""

    record_type = Event

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def page(self, after: int, limit: int, filter: EventFilter | None = None) -> EventPage:
        wanted = {name: getattr(filter, name, None) for name in _FILTERS}
        given = {name: storable(values) for name, values in wanted.items() if values is not None}
        # Read before the page, so that the page's statement looked at all events up to there.
        last = await self.last_position() if given else 0
        statement = await self._session.kept(
            _page, self._rule, tuple(sorted(given)), self._session.dialect
        )
        values = {"after": after, "most": limit + 1, **given}
        found = list(map(_event, await self._session.rows(statement, values)))
        items, has_more = found[:limit], len(found) > limit
        position = (items[-1].position if items else None) or after
        return EventPage(items, position if has_more else max(position, last), has_more)

    async def last_position(self) -> int:
        rows = await self._session.rows(_last_position(self._session.dialect))
        return int(rows[0][0])

    async def of_entity(
        self, entity_type: str, entity_key: str, limit: int, *, before: str | None = None
    ) -> Sequence[Event]:
        statement = await self._session.kept(
            _of_entity, self._rule, before is not None, self._session.dialect
        )
        values = {
            "entity_type": entity_type,
            "entity_key": entity_key,
            "before": before,
            "most": limit,
        }
        return list(map(_event, await self._session.rows(statement, values)))

    async def as_of(
        self,
        record_type: type[R],
        key: str,
        *,
        revision: int | None = None,
        at: datetime | None = None,
    ) -> R | None:
        require_one(revision, at)
        statement = await self._session.kept(
            _as_of, self._rule, at is not None, self._session.dialect
        )
        values = {
            "entity_type": record_type.entity_type,
            "entity_key": key,
            "revision": revision,
            "at": at,
        }
        rows = await self._session.rows(statement, values)
        event = _event(rows[0]) if rows else None
        if event is None or event.state is None:
            return None
        return record_of(record_type, event.state)

    @property
    def _rule(self) -> Filter | None:
        """For which events the caller may see."""
        return dict(self._session.rules).get(Event.__name__) if self._session.rules else None


def _page(rule: Filter | None, filtered: tuple[str, ...], dialect: Dialect) -> Statement:
    rows = rows_of(events, rule, dialect)
    conditions = [dialect.among(rows.c[_FILTERS[it]], it) for it in filtered]
    found = (
        _select(rows)
        .where(rows.c.position > _parameter("after", rows.c.position), *conditions)
        .order_by(rows.c.position)
        .limit(bindparam("most", type_=Integer()))
    )
    return limited(found, ["state"], "event_id", dialect, lambda them: (them.c.position,))


def _of_entity(rule: Filter | None, is_before: bool, dialect: Dialect) -> Statement:
    """A revision's delete comes after its save."""
    rows = rows_of(events, rule, dialect)
    found = _select(rows).where(*_is_of_entity(rows))
    if is_before:
        given = select(events.c.revision, events.c.is_deletion).where(
            *_is_of_entity(events), events.c.event_id == _parameter("before", events.c.event_id)
        )
        found = found.where(tuple_(rows.c.revision, rows.c.is_deletion) < given.scalar_subquery())

    def newest_first(them: FromClause) -> list[Any]:
        return [them.c.revision.desc(), them.c.is_deletion.desc()]

    found = found.order_by(*newest_first(rows)).limit(bindparam("most", type_=Integer()))
    return limited(found, ["state"], "event_id", dialect, newest_first)


def _as_of(rule: Filter | None, is_at: bool, dialect: Dialect) -> Statement:
    rows = rows_of(events, rule, dialect)
    found = _select(rows).where(*_is_of_entity(rows))
    if is_at:
        found = found.where(rows.c.occurred_at <= _parameter("at", rows.c.occurred_at))
    else:
        has_revision = rows.c.revision == _parameter("revision", rows.c.revision)
        found = found.where(has_revision, not_(rows.c.is_deletion))
    newest_first = (rows.c.revision.desc(), rows.c.is_deletion.desc())
    return dialect.compile(found.order_by(*newest_first).limit(1))


@cache
def _last_position(dialect: Dialect) -> Statement:
    last = select(func.coalesce(func.max(events.c.position), 0))
    return dialect.compile(last)


def _select(rows: FromClause) -> Select[Any]:
    return select(*(rows.c[name] for name in _NAMES))


def _is_of_entity(rows: FromClause) -> list[ColumnElement[bool]]:
    names = ("entity_type", "entity_key")
    return [rows.c[name] == _parameter(name, rows.c[name]) for name in names]


def _parameter(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _event(row: Row) -> Event:
    (
        position,
        event_id,
        type_,
        entity_type,
        entity_key,
        revision,
        revision_before,
        is_deletion,
        client_id,
        caller_kind,
        caller_id,
        on_behalf_of,
        request_id,
        occurred_at,
        changed_fields,
        state,
        created_at,
        updated_at,
    ) = row
    return Event(
        position=position,
        event_id=event_id,
        type=type_,
        entity_type=entity_type,
        entity_key=entity_key,
        revision_before=revision_before,
        revision_after=0 if is_deletion else revision,
        client_id=client_id,
        caller=Caller(CallerKind(caller_kind), caller_id, on_behalf_of, request_id),
        occurred_at=occurred_at,
        changed_fields=tuple(json.loads(changed_fields)),
        state=None if is_deletion else complete_state(state, revision, created_at, updated_at),
    )
