"""The log in the database, read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    TableValuedAlias,
    and_,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.selectable import NamedFromClause

from domain.entity import Entity
from domain.history import Event, EventFilter, adopted
from domain.json_object import JsonObject
from repositories.criteria import Filter
from repositories.drivers.compiled import Statement
from repositories.history.contract import AsOf, EventPage, is_of, require_one
from repositories.history.pages import conditions_of, page_statement, values_to_find
from repositories.history.periods import Between, DatabasePeriods
from repositories.history.retention import pruned_position
from repositories.history.rows import STATE, event_of, parameter, select_events
from repositories.history.states import record_of
from repositories.history.tables import events
from repositories.sql.criteria import LIMIT, storable
from repositories.sql.dialects import Dialect
from repositories.sql.rows import rows_as, rows_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statements import limited

R = TypeVar("R", bound=Entity)

_OF_STATES: Final = frozenset({"state", "changes"})
"""The attributes of events that need the states."""


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
        filter = filter or EventFilter()
        given = conditions_of(filter)
        # Read before the page, so that the page's statement looked at all events up to there.
        is_partial = given or self._rule is not None
        last = await self.last_position() if is_partial and before is None else 0
        bounds = Between(after, before)
        if filter.since is not None or filter.until is not None:
            periods = DatabasePeriods(self._session)
            bounds = await periods.between(bounds, filter.since, filter.until)
        statement = await self._session.compiled(
            page_statement,
            self._rule,
            tuple(sorted(given)),
            bounds.before is not None,
            backwards,
            self._has_state,
            self._session.dialect,
        )
        values = {**given, **values_to_find(given), **bounds._asdict(), "limit": limit + 1}
        found = list(map(event_of, await self._session.rows(statement, values)))
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
        self,
        entity_type: str,
        keys: Sequence[str],
        limit: int,
        *,
        before: str | None = None,
        with_deletions: bool = True,
    ) -> Mapping[str, Sequence[Event]]:
        statement = await self._session.compiled(
            _of_entities,
            self._rule,
            before is not None,
            self._has_state,
            self._session.dialect,
            with_deletions,
        )
        values = {
            "values": storable(list(dict.fromkeys(keys))),
            "entity_type": entity_type,
            "before": before,
            "limit": limit,
        }
        events = map(event_of, await self._session.rows(statement, values))
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
        events = map(event_of, await self._session.rows(statement, values))
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
    ) -> AsOf[R]:
        require_one(revision, at)
        statement = await self._session.compiled(
            _as_of, self._rule, at is not None, self._session.dialect
        )
        values = {
            "values": storable(list(dict.fromkeys(keys))),
            "entity_type": record_type.entity_type,
            "adopted": adopted(record_type.entity_type),
            "revision": revision,
            "at": at,
        }
        entities, unknown = dict[str, R](), list[str]()
        for event in map(event_of, await self._session.rows(statement, values)):
            if not is_of(event, revision, at):
                unknown.append(event.entity_key)
            elif event.state is not None:
                entities[event.entity_key] = record_of(record_type, event.state, event.client_id)
        return AsOf(entities, unknown)

    @property
    def _has_state(self) -> bool:
        """Whether pages have the states of entities, which may be large."""
        selected = self._session.selected
        wanted = None if selected is None else selected.get(Event.__name__)
        return wanted is None or not _OF_STATES.isdisjoint(wanted)

    @property
    def _rule(self) -> Filter | None:
        """For which events the caller may see."""
        return self._session.rules.get(Event.__name__)


def _of_entities(
    rule: Filter | None,
    is_before: bool,
    has_state: bool,
    dialect: Dialect,
    with_deletions: bool = True,
) -> Statement:
    """Each entity's events are found by themselves, as an index has them."""
    newest = rows_as("newest", events, rule, dialect)
    keys = dialect.each_value(events.c.entity_key.type, "entity")
    has_key = newest.c.entity_key == keys.c.value
    found = select(newest.c.id).where(_is_of_type(newest), has_key)
    if not with_deletions:
        found = found.where(not_(newest.c.is_deletion))
    if is_before:
        given = rows_as("given", events, rule, dialect)
        place = select(given.c.revision, given.c.is_deletion).where(
            _is_of_type(given),
            given.c.entity_key == keys.c.value,
            given.c.event_id == parameter("before", given.c.event_id),
        )
        is_earlier = (
            tuple_(newest.c.revision, newest.c.is_deletion)
            < place.correlate(keys).scalar_subquery()
        )
        found = found.where(is_earlier)
    found = found.order_by(*_newest_first(newest)).limit(LIMIT)
    return _of_keys(rule, keys, found, dialect, has_state=has_state)


def _as_of(rule: Filter | None, is_at: bool, dialect: Dialect) -> Statement:
    """Of each entity the event that is asked for, or else one that hides it, if there is any."""
    keys = dialect.each_value(events.c.entity_key.type, "entity")

    def found_in(name: str) -> tuple[NamedFromClause, Select[Any]]:
        them = rows_as(name, events, rule, dialect)
        found = select(them.c.id).where(_is_of_type(them), them.c.entity_key == keys.c.value)
        return them, found.order_by(*_newest_first(them)).limit(1).correlate(keys)

    newest, asked = found_in("newest")
    first, hiding = found_in("first")
    was_removed = and_(
        first.c.position <= pruned_position(), or_(first.c.revision > 1, first.c.is_deletion)
    )
    is_adopted = first.c.type == parameter("adopted", first.c.type)
    if is_at:
        at = parameter("at", newest.c.occurred_at)
        asked = asked.where(newest.c.occurred_at <= at)
        hiding = hiding.where(or_(was_removed, and_(is_adopted, first.c.created_at <= at)))
    else:
        revision = parameter("revision", newest.c.revision)
        asked = asked.where(newest.c.revision == revision, not_(newest.c.is_deletion))
        hiding = hiding.where(or_(was_removed, is_adopted), first.c.revision >= revision)
    ids = select(func.coalesce(asked.scalar_subquery(), hiding.scalar_subquery()).label("id"))
    return _of_keys(rule, keys, ids, dialect)


def _of_keys(
    rule: Filter | None,
    keys: TableValuedAlias,
    ids: Select[Any],
    dialect: Dialect,
    *,
    has_state: bool = True,
) -> Statement:
    """The events that are found for each of the keys, key by key, the newest first."""
    rows = rows_of(events, rule, dialect)

    def in_order(them: FromClause) -> list[Any]:
        return [them.c.entity_key, *_newest_first(them)]

    found = (
        select_events(rows, has_state=has_state)
        .select_from(dialect.with_found(keys, rows, ids))
        .order_by(*in_order(rows))
    )
    return limited(found, STATE if has_state else (), "event_id", dialect, in_order)


def _states(rule: Filter | None, dialect: Dialect) -> Statement:
    rows = rows_of(events, rule, dialect)
    found = select_events(rows).where(
        _is_of_type(rows),
        dialect.among(rows.c.entity_key, "values"),
        dialect.among(rows.c.revision, "revisions"),
        not_(rows.c.is_deletion),
    )
    return limited(found, STATE, "event_id", dialect)


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


def _is_of_type(rows: FromClause) -> ColumnElement[bool]:
    is_of_type: ColumnElement[bool] = rows.c.entity_type == parameter(
        "entity_type", rows.c.entity_type
    )
    return is_of_type
