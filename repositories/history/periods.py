"""When the events of the log occurred, by thousands of positions: so a time leads to positions.

Events come in about the order of their times, but not exactly: clocks differ, and some units of
work take longer than others. An index by time would find a page's events in another order than that
of the log, and would cost each save. Of a period that is over, once all of its positions are given,
nothing is added any more: servers note then, beside the saves, from when to when its events are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import bindparam, func, insert, null, select

from repositories.drivers.compiled import Statement
from repositories.history.background import keep_stepping
from repositories.history.rows import parameter
from repositories.history.tables import events, history_periods
from repositories.sql.dialects import Dialect
from repositories.sql.session import DatabaseSession

PERIOD_EVENTS: Final = 1_000
PERIODS_AT_ONCE: Final = 10
"""How many a step notes."""
APART_SECONDS: Final = 0.1
"""How long others have for themselves between two steps."""
IDLE_SECONDS: Final = 10.0


class Noted(Protocol):
    """What the storage is to the periods."""

    async def note_periods(self, limit: int = PERIODS_AT_ONCE) -> int: ...


async def keep_noting(
    storage: Noted, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Note the periods that are over, until it's cancelled. Every server may do so at once."""
    await keep_stepping(
        storage.note_periods,
        "the log's periods aren't noted",
        apart=APART_SECONDS,
        idle=IDLE_SECONDS,
        pause=pause,
    )


class Period(NamedTuple):
    """A thousand events, or those that are left of them, after `number` thousands of positions."""

    number: int
    first_at: datetime
    last_at: datetime


class Between(NamedTuple):
    """After a position, and perhaps before another one."""

    after: int
    before: int | None


class DatabasePeriods:
    """The periods as one session's transaction sees them."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def over(self, limit: int) -> list[Period]:
        """The next periods that are over and not noted, `limit` of them."""
        dialect = self._session.dialect
        [(noted, last)] = await self._session.rows(_state(dialect))
        found: list[Period] = []
        while len(found) < limit:
            # Old events may be gone, so there may be periods without any.
            [(position,)] = await self._session.rows(_next(dialect), {"after": _end(noted)})
            if position is None:
                break
            number = (position - 1) // PERIOD_EVENTS
            if last < _end(number):
                break
            between = {"after": _begin(number), "last": _end(number)}
            [(first_at, last_at)] = await self._session.rows(_times(dialect), between)
            found.append(Period(number, first_at, last_at))
            noted = number
        return found

    async def note(self, periods: list[Period]) -> None:
        """Those that somebody else has noted meanwhile are left as they are."""
        statement = _note(self._session.dialect)
        for period in periods:
            await self._session.rows(statement, period._asdict())

    async def between(
        self, positions: Between, since: datetime | None, until: datetime | None
    ) -> Between:
        """Those of the positions at which events may have occurred since, and until, the times."""
        statement = _bounds(since is not None, until is not None, self._session.dialect)
        values = {"since": since, "until": until, "size": PERIOD_EVENTS}
        [(noted, first, last, goes_on)] = await self._session.rows(statement, values)
        after, before = positions
        if since is not None:
            after = max(after, _end(noted) if first is None else _begin(first))
        if until is not None and not goes_on:
            end = 1 if last is None else _end(last) + 1
            before = end if before is None else min(before, end)
        return Between(after, before)


def _begin(number: int) -> int:
    """The position before a period."""
    return number * PERIOD_EVENTS


def _end(number: int) -> int:
    """The last position of a period."""
    return _begin(number + 1)


def _noted() -> Any:
    """The number of the last period that is noted; -1: none is."""
    return func.coalesce(select(func.max(history_periods.c.number)).scalar_subquery(), -1)


@cache
def _state(dialect: Dialect) -> Statement:
    last = select(func.max(events.c.position)).where(events.c.position > 0).scalar_subquery()
    return dialect.compile(select(_noted(), func.coalesce(last, 0)))


@cache
def _next(dialect: Dialect) -> Statement:
    position = events.c.position
    found = select(func.min(position)).where(position > parameter("after", position))
    return dialect.compile(found)


@cache
def _times(dialect: Dialect) -> Statement:
    position, occurred_at = events.c.position, events.c.occurred_at
    found = select(func.min(occurred_at), func.max(occurred_at)).where(
        position > parameter("after", position), position <= parameter("last", position)
    )
    return dialect.compile(found)


@cache
def _note(dialect: Dialect) -> Statement:
    them = history_periods.c
    number = parameter("number", them.number)
    values = [parameter(name, them[name]) for name in Period._fields]
    is_noted = select(them.number).where(them.number == number).exists()
    new = select(*values).where(~is_noted)
    return dialect.compile(insert(history_periods).from_select(Period._fields, new))


@cache
def _bounds(has_since: bool, has_until: bool, dialect: Dialect) -> Statement:
    """The last period that is noted; the first one with events since a time, the last one with
    events before another, and whether there are such after the last period."""
    them, occurred_at = history_periods.c, events.c.occurred_at
    first: Any = null()
    last: Any = null()
    goes_on: Any = null()
    if has_since:
        since = parameter("since", occurred_at)
        first = select(func.min(them.number)).where(them.last_at >= since).scalar_subquery()
    if has_until:
        until = parameter("until", occurred_at)
        last = select(func.max(them.number)).where(them.first_at < until).scalar_subquery()
        end = (_noted() + 1) * bindparam("size", type_=them.number.type)
        later = select(events.c.id).where(events.c.position > end, occurred_at < until)
        goes_on = later.order_by(events.c.position).limit(1).scalar_subquery()
    return dialect.compile(select(_noted(), first, last, goes_on))
