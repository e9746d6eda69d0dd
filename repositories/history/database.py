"""The log in the database, read."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
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
    true,
    tuple_,
)

from domain.callers import Caller, CallerKind
from domain.entity import Entity
from domain.history import Event, EventFilter
from domain.json_object import JsonObject
from repositories.criteria import Filter
from repositories.drivers.compiled import Row, Statement
from repositories.history.contract import EventPage, require_one
from repositories.history.retention import pruned_position
from repositories.history.states import complete_state, record_of
from repositories.history.tables import events
from repositories.sql.criteria import storable
from repositories.sql.dialects import Dialect
from repositories.sql.rows import rows_as, rows_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statements import limited

R = TypeVar("R", bound=Entity)

_STATE = ("state",)
_TIMES = ("created_at", "updated_at")
"""Of the entity: they complete its state."""
_OF_STATES = frozenset({"state", "changes"})
"""The attributes of events that need the states."""
_NAMES = tuple(
    column.name
    for column in events.columns
    if column.name not in ("id", "series_key", "sequenced_at", *_STATE, *_TIMES)
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

    async def page(
        self,
        after: int,
        limit: int,
        filter: EventFilter | None = None,
        *,
        before: int | None = None,
        backwards: bool = False,
    ) -> EventPage:
        wanted = {name: getattr(filter, name, None) for name in _FILTERS}
        given = {name: storable(values) for name, values in wanted.items() if values is not None}
        # Read before the page, so that the page's statement looked at all events up to there.
        is_partial = given or self._rule is not None
        last = await self.last_position() if is_partial and before is None else 0
        statement = await self._session.compiled(
            _page,
            self._rule,
            tuple(sorted(given)),
            before is not None,
            backwards,
            self._has_state,
            self._session.dialect,
        )
        values = {"after": after, "before": before, "most": limit + 1, **given}
        if "types" in given:
            values["values"] = list(dict.fromkeys(given["types"]))
        found = list(map(_event, await self._session.rows(statement, values)))
        items, has_more = found[:limit], len(found) > limit
        if backwards:
            items.reverse()
        position = (items[-1].position if items else None) or after
        return EventPage(items, position if has_more else max(position, last), has_more)

    async def last_position(self) -> int:
        rows = await self._session.rows(_last_position(self._session.dialect))
        return int(rows[0][0])

    async def pruned_position(self) -> int:
        rows = await self._session.rows(_pruned_position(self._session.dialect))
        return int(rows[0][0])

    async def of_entities(
        self, entity_type: str, keys: Sequence[str], limit: int, *, before: str | None = None
    ) -> Mapping[str, Sequence[Event]]:
        statement = await self._session.compiled(
            _of_entities,
            self._rule,
            before is not None,
            self._has_state,
            self._session.dialect,
        )
        values = {
            "values": storable(list(dict.fromkeys(keys))),
            "entity_type": entity_type,
            "before": before,
            "most": limit,
        }
        events = map(_event, await self._session.rows(statement, values))
        return {key: tuple(them) for key, them in groupby(events, key=attrgetter("entity_key"))}

    async def states(
        self, entity_type: str, revisions: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], JsonObject]:
        statement = await self._session.compiled(_states, self._rule, self._session.dialect)
        values = {
            "values": storable([key for key, _ in revisions]),
            "revisions": [revision for _, revision in revisions],
            "entity_type": entity_type,
        }
        events = map(_event, await self._session.rows(statement, values))
        return {
            (event.entity_key, event.revision_after): event.state
            for event in events
            if event.state is not None and (event.entity_key, event.revision_after) in revisions
        }

    async def mentioned(
        self, entity_type: str, children: str, member: str, values: Collection[str]
    ) -> frozenset[str]:
        statement = await self._session.compiled(
            _mentioned, self._rule, children, member, self._session.dialect
        )
        given = {"entity_type": entity_type, "values": storable([*values])}
        return frozenset(value for (value,) in await self._session.rows(statement, given))

    async def as_of(
        self,
        record_type: type[R],
        keys: Sequence[str],
        *,
        revision: int | None = None,
        at: datetime | None = None,
    ) -> Mapping[str, R]:
        require_one(revision, at)
        statement = await self._session.compiled(
            _as_of, self._rule, at is not None, self._session.dialect
        )
        values = {
            "values": storable(list(dict.fromkeys(keys))),
            "entity_type": record_type.entity_type,
            "revision": revision,
            "at": at,
        }
        events = map(_event, await self._session.rows(statement, values))
        return {
            event.entity_key: record_of(record_type, event.state, event.client_id)
            for event in events
            if event.state is not None
        }

    @property
    def _has_state(self) -> bool:
        """Whether pages have the states of entities, which may be large."""
        selected = self._session.selected
        wanted = None if selected is None else selected.get(Event.__name__)
        return wanted is None or not _OF_STATES.isdisjoint(wanted)

    @property
    def _rule(self) -> Filter | None:
        """For which events the caller may see."""
        return dict(self._session.rules).get(Event.__name__) if self._session.rules else None


def _page(
    rule: Filter | None,
    filtered: tuple[str, ...],
    is_before: bool,
    backwards: bool,
    has_state: bool,
    dialect: Dialect,
) -> Statement:
    rows = rows_of(events, rule, dialect)

    def in_order(them: FromClause) -> list[Any]:
        return [them.c.position.desc() if backwards else them.c.position]

    def page(them: FromClause, found: Select[Any]) -> Select[Any]:
        position: ColumnElement[Any] = them.c.position
        if "entity_keys" in filtered:
            # The index by keys finds few events, which are soon sorted.
            position = dialect.without_index(position)
        found = found.where(position > _parameter("after", them.c.position))
        if is_before:
            found = found.where(position < _parameter("before", them.c.position))
        ordered = found.order_by(position.desc() if backwards else position)
        return ordered.limit(bindparam("most", type_=Integer()))

    found = _select(rows, has_state=has_state)
    if filtered == ("types",):
        of_type = rows_as("of_type", events, rule, dialect)
        types = dialect.each_value(events.c.type.type, "wanted")
        ids = _of_type(of_type, types.c.value, is_before, backwards)
        is_found = rows.c.id.in_(ids.correlate(types).scalar_subquery())
        found = found.select_from(types.join(rows, is_found))
    else:
        columns: dict[str, ColumnElement[Any]] = {it: rows.c[_FILTERS[it]] for it in filtered}
        if "entity_types" in columns and "entity_keys" not in columns:
            # The index by types and keys would find most of the log, in another order.
            columns["entity_types"] = dialect.without_index(columns["entity_types"])
        found = found.where(*(dialect.among(column, it) for it, column in columns.items()))
    found = page(rows, found)
    return limited(found, _STATE if has_state else (), "event_id", dialect, in_order)


def _of_type(
    them: FromClause, type_: ColumnElement[str], is_before: bool, backwards: bool
) -> Select[Any]:
    """The ids of the first events of a type, as the index by types and positions has them.

    To look through the log for types that are rare would take as long as it is. PostgreSQL would do
    that if the type were compared by `=`: not knowing which is wanted, it takes it for a usual one,
    and then the index by positions for as good.
    """
    place = tuple_(them.c.type, them.c.position)
    found = select(them.c.id).where(
        place > tuple_(type_, _parameter("after", them.c.position)),
        them.c.type <= type_,
        them.c.position.is_not(None),  # so that it's an index of such events alone
    )
    if is_before:
        found = found.where(place < tuple_(type_, _parameter("before", them.c.position)))
    order = (them.c.type, them.c.position)
    ordered = found.order_by(*(it.desc() if backwards else it for it in order))
    return ordered.limit(bindparam("most", type_=Integer()))


def _of_entities(
    rule: Filter | None, is_before: bool, has_state: bool, dialect: Dialect
) -> Statement:
    """Each entity's events are found by themselves, as an index has them."""
    newest = rows_as("newest", events, rule, dialect)
    keys = dialect.each_value(events.c.entity_key.type, "entity")
    has_key = newest.c.entity_key == keys.c.value
    found = select(newest.c.id).where(_is_of_type(newest), has_key)
    if is_before:
        given = rows_as("given", events, rule, dialect)
        place = select(given.c.revision, given.c.is_deletion).where(
            _is_of_type(given),
            given.c.entity_key == keys.c.value,
            given.c.event_id == _parameter("before", given.c.event_id),
        )
        is_earlier = (
            tuple_(newest.c.revision, newest.c.is_deletion)
            < place.correlate(keys).scalar_subquery()
        )
        found = found.where(is_earlier)
    found = found.order_by(*_newest_first(newest)).limit(bindparam("most", type_=Integer()))
    return _of_keys(rule, keys, found, dialect, has_state=has_state)


def _as_of(rule: Filter | None, is_at: bool, dialect: Dialect) -> Statement:
    newest = rows_as("newest", events, rule, dialect)
    keys = dialect.each_value(events.c.entity_key.type, "entity")
    found = select(newest.c.id).where(_is_of_type(newest), newest.c.entity_key == keys.c.value)
    if is_at:
        found = found.where(newest.c.occurred_at <= _parameter("at", newest.c.occurred_at))
    else:
        has_revision = newest.c.revision == _parameter("revision", newest.c.revision)
        found = found.where(has_revision, not_(newest.c.is_deletion))
    return _of_keys(rule, keys, found.order_by(*_newest_first(newest)).limit(1), dialect)


def _of_keys(
    rule: Filter | None,
    keys: FromClause,
    ids: Select[Any],
    dialect: Dialect,
    *,
    has_state: bool = True,
) -> Statement:
    """The events that are found for each of the keys, key by key, the newest first."""
    rows = rows_of(events, rule, dialect)

    def in_order(them: FromClause) -> list[Any]:
        return [them.c.entity_key, *_newest_first(them)]

    is_found = rows.c.id.in_(ids.correlate(keys).scalar_subquery())
    found = (
        _select(rows, has_state=has_state)
        .select_from(keys.join(rows, is_found))
        .order_by(*in_order(rows))
    )
    return limited(found, _STATE if has_state else (), "event_id", dialect, in_order)


def _states(rule: Filter | None, dialect: Dialect) -> Statement:
    rows = rows_of(events, rule, dialect)
    found = _select(rows).where(
        _is_of_type(rows),
        dialect.among(rows.c.entity_key, "values"),
        dialect.among(rows.c.revision, "revisions"),
        not_(rows.c.is_deletion),
    )
    return limited(found, _STATE, "event_id", dialect)


def _mentioned(rule: Filter | None, children: str, member: str, dialect: Dialect) -> Statement:
    rows = rows_of(events, rule, dialect)
    value, source = dialect.each_member(rows.c.state, children, member)
    found = select(value).distinct().select_from(rows.join(source, true()))
    return dialect.compile(
        found.where(_is_of_type(rows), rows.c.state.is_not(None), dialect.among(value, "values"))
    )


def _newest_first(rows: FromClause) -> list[Any]:
    """A revision's delete comes after its save."""
    return [rows.c.revision.desc(), rows.c.is_deletion.desc()]


@cache
def _last_position(dialect: Dialect) -> Statement:
    # The condition lets SQLite use an index of rows that have one.
    last = select(func.coalesce(func.max(events.c.position), 0)).where(events.c.position > 0)
    return dialect.compile(last)


@cache
def _pruned_position(dialect: Dialect) -> Statement:
    return dialect.compile(select(pruned_position()))


def _select(rows: FromClause, *, has_state: bool = True) -> Select[Any]:
    names = (*_NAMES, *_STATE, *_TIMES) if has_state else _NAMES
    return select(*(rows.c[name] for name in names))


def _is_of_type(rows: FromClause) -> ColumnElement[bool]:
    is_of_type: ColumnElement[bool] = rows.c.entity_type == _parameter(
        "entity_type", rows.c.entity_type
    )
    return is_of_type


def _parameter(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _state(revision: int, state: str, created_at: datetime, updated_at: datetime) -> JsonObject:
    return complete_state(state, revision, created_at, updated_at)


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
        *state,
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
        caller=Caller(CallerKind(caller_kind), caller_id, on_behalf_of, request_id, clients=None),
        occurred_at=occurred_at,
        changed_fields=tuple(json.loads(changed_fields)),
        state=_state(revision, *state) if state and not is_deletion else None,
    )
