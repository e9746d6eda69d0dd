"""Events of a time are found by their periods, whether these are noted or not."""

import asyncio
from datetime import datetime, timedelta
from itertools import product
from typing import cast

import pytest

from domain.history import Event, EventFilter
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.history import periods
from repositories.history.periods import Between, DatabasePeriods
from repositories.sql.session import DatabaseSession
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.persistence.types_under_test import DRAFT
from tests.support.sources import START, SettableClock

ALL = 1_000
MINUTE = timedelta(minutes=1)
TIMES = [0, 5, 3, 4, 8, 9, 7, 12, 20, 2, 21, 22, 23]
"""The minutes of the events: clocks differ, and one of them was wrong once."""


@pytest.fixture(autouse=True)
def _short_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "PERIOD_EVENTS", 4)


async def save_at(storage: Storage, clock: SettableClock, *minutes: int) -> None:
    for minute in minutes:
        clock.now = START + minute * MINUTE
        await DRAFT.save(storage.as_(build.caller()), build.draft("key"))
    await storage.sequence_events()


@pytest.mark.parametrize("noted", [0, 1, 10])
async def test_the_events_of_a_time_are_those_that_occurred_in_it(
    storage: Storage, clock: SettableClock, noted: int
) -> None:
    await save_at(storage, clock, *TIMES)
    if noted:
        await storage.note_periods(noted)
    times: list[datetime | None] = [None, *(START + it * MINUTE for it in (0, 2, 4, 9, 20, 24))]

    async with storage.as_(build.caller()).read() as snapshot:
        log = (await snapshot.events.page(0, ALL)).items
        for since, until, after, before, backwards in product(
            times, times, (0, 6), (None, 11), (False, True)
        ):
            filter = EventFilter(since=since, until=until)
            page = await snapshot.events.page(after, 3, filter, before=before, backwards=backwards)
            assert [*page.items] == expected(log, filter, after, before, backwards=backwards)


def expected(
    log: object, filter: EventFilter, after: int, before: int | None, *, backwards: bool
) -> list[Event]:
    found = [
        event
        for event in cast(list[Event], log)
        if after < (event.position or 0) < (before or ALL) and filter.matches(event)
    ]
    return found[-3:] if backwards else found[:3]


# What is noted

_ALL = Between(0, None)


@pytest.fixture
def of_database(database: Database, clock: SettableClock) -> Storage:
    return create_storage(PersistenceMode.DB, database, clock=clock)


async def between(
    storage: Storage, since: int | None, until: int | None, positions: Between = _ALL
) -> Between:
    """The positions that are looked at for events of these minutes."""
    times = [None if minute is None else START + minute * MINUTE for minute in (since, until)]
    async with storage.as_(build.caller()).read() as snapshot:
        session = cast(DatabaseSession, snapshot.session)
        return await DatabasePeriods(session).between(positions, *times)


async def test_periods_are_noted_when_they_are_over(
    of_database: Storage, clock: SettableClock
) -> None:
    await save_at(of_database, clock, *range(3))
    assert await of_database.note_periods() == 0

    await save_at(of_database, clock, *range(3, 13))

    assert [await of_database.note_periods(2) for _ in range(3)] == [2, 1, 0]


async def test_only_periods_of_the_time_are_looked_at(
    of_database: Storage, clock: SettableClock
) -> None:
    """Positions 1 to 4 have the minutes 0 to 3, and so on; the last period isn't over."""
    await save_at(of_database, clock, *range(14))
    assert await between(of_database, 5, 6) == Between(0, None)
    await of_database.note_periods()

    assert await between(of_database, 5, 7) == Between(4, 9)
    assert await between(of_database, 3, 9) == Between(0, 13)
    assert await between(of_database, 12, None) == Between(12, None)
    assert await between(of_database, 90, None) == Between(12, None)
    assert await between(of_database, None, 13) == Between(0, None)
    assert await between(of_database, None, 0) == Between(0, 1)
    assert await between(of_database, 5, 7, Between(6, 8)) == Between(6, 8)


async def test_periods_without_events_are_passed_over(
    of_database: Storage, clock: SettableClock
) -> None:
    await save_at(of_database, clock, *range(9))
    clock.now = START + timedelta(days=2)
    await of_database.prune_events(timedelta(days=1))
    await save_at(of_database, clock, *range(3_000, 3_003))

    assert await of_database.note_periods() == 1

    assert await between(of_database, 3_000, None) == Between(8, None)
    assert await between(of_database, 4_000, None) == Between(12, None)


async def test_servers_may_note_periods_at_once(of_database: Storage, clock: SettableClock) -> None:
    await save_at(of_database, clock, *range(25))

    async def note_all() -> None:
        while await of_database.note_periods(2):
            pass

    await asyncio.gather(*(note_all() for _ in range(4)))

    assert await between(of_database, 10, 11) == Between(8, 13)
