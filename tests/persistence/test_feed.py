"""The feed of the log: what was missed, then what happens, each event once and in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text

from domain.callers import Caller
from domain.errors import EventsRemoved, Unavailable
from domain.history import Event, EventFilter
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.history import feed as feeds
from repositories.history.feed import EventFeed, EventSubscription, SubscriptionIndex
from repositories.unit_of_work import Repositories, Storage
from tests import builders as build
from tests.conftest import close_database
from tests.persistence.types_under_test import BRIEF, DRAFT
from tests.support.patience import SECONDS
from tests.support.serving import until
from tests.support.tasks import together


@asynccontextmanager
async def subscribed(
    storage: Storage, *, after: int | None = None, **filter: Any
) -> AsyncIterator[EventSubscription]:
    """A subscription, until the end of the context; the feed has stopped then."""
    feed = storage.feed
    subscription = await feed.subscribe(build.caller(), EventFilter(**filter), after=after)
    try:
        yield subscription
    finally:
        subscription.close()
        if not feed.subscribers:
            await feed.close()


async def save(storage: Storage, *keys: str, **changes: Any) -> None:
    """Save drafts with these keys, one after another."""
    for key in keys:
        await DRAFT.save(storage.as_(build.caller()), build.draft(key, **changes))
    await storage.sequence_events()


async def taken(subscription: EventSubscription, number: int) -> list[Event]:
    """The next events."""
    async with asyncio.timeout(SECONDS):
        return [await anext(subscription) for _ in range(number)]


async def keys(subscription: EventSubscription, number: int) -> list[str]:
    return [event.entity_key for event in await taken(subscription, number)]


def is_behind(subscription: EventSubscription) -> bool:
    return subscription.is_behind


async def pushed(storage: Storage, position: int) -> None:
    """Returns when the feed has come to this position."""
    await until(lambda: storage.feed.position >= position)


# From where on


async def test_what_was_missed_comes_before_what_happens(storage: Storage) -> None:
    await save(storage, "a", "b", "c")
    async with subscribed(storage, after=1) as subscription:
        await save(storage, "d")

        assert await keys(subscription, 3) == ["b", "c", "d"]

        await save(storage, "e")
        assert await keys(subscription, 1) == ["e"]


async def test_without_a_position_it_begins_now(storage: Storage) -> None:
    await save(storage, "before")
    async with subscribed(storage) as first:
        await save(storage, "between")
        async with subscribed(storage) as second:
            await save(storage, "after")

            assert await keys(second, 1) == ["after"]
            assert await keys(first, 2) == ["between", "after"]


async def test_it_goes_on_after_the_last_event_that_was_taken(storage: Storage) -> None:
    async with subscribed(storage) as subscription:
        await save(storage, "a", "b", "c")
        [_, last] = await taken(subscription, 2)
    await save(storage, "d")

    async with subscribed(storage, after=last.position) as subscription:
        assert await keys(subscription, 2) == ["c", "d"]


async def test_many_that_were_missed_come_page_by_page(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "PAGE_EVENTS", 3)
    names = [str(number) for number in range(10)]
    await save(storage, *names)

    async with subscribed(storage, after=0) as subscription:
        assert await keys(subscription, 10) == names
        assert not is_behind(subscription)


async def test_there_is_no_gap_between_what_was_missed_and_what_happens(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many write meanwhile, and however far behind subscribers fall."""
    monkeypatch.setattr(feeds, "PAGE_EVENTS", 4)
    monkeypatch.setattr(feeds, "QUEUE_EVENTS", 4)
    writers, saves = 4, 12

    async def write(writer: int) -> None:
        await save(storage, *(f"{writer}-{number}" for number in range(saves)))

    async def follow(after: int) -> list[int | None]:
        await reached(storage, after)
        async with subscribed(storage, after=after) as subscription:
            events = await taken(subscription, writers * saves - after)
        return [event.position for event in events]

    following = [asyncio.create_task(follow(after)) for after in (0, 5, 20)]
    await together(*map(write, range(writers)))
    await storage.sequence_events()

    last = writers * saves
    found = await asyncio.gather(*following)
    assert found == [list(range(after + 1, last + 1)) for after in (0, 5, 20)]


async def reached(storage: Storage, position: int) -> None:
    """Returns when the log has come to the position."""
    async with asyncio.timeout(SECONDS):
        while True:
            await storage.sequence_events()
            async with storage.as_(build.caller()).read() as snapshot:
                if await snapshot.events.last_position() >= position:
                    return
            await asyncio.sleep(0)


@pytest.mark.parametrize("after", [1, 2])
async def test_a_position_that_the_log_has_not_come_to_is_refused(
    storage: Storage, after: int
) -> None:
    """It's one of another log: the memory of a process before, or a database that was restored."""
    if after == 2:
        await save(storage, "a")
    with pytest.raises(EventsRemoved):
        await storage.feed.subscribe(build.caller(), after=after)
    assert storage.feed.subscribers == 0


async def test_a_position_before_events_that_were_removed_is_refused(storage: Storage) -> None:
    await save(storage, "a", "b", "a", "c")
    await storage.prune_events(timedelta(days=-1))
    async with storage.as_(build.caller()).read() as snapshot:
        pruned = await snapshot.events.pruned_position()

    with pytest.raises(EventsRemoved):
        await storage.feed.subscribe(build.caller(), after=pruned - 1)
    async with subscribed(storage, after=pruned) as subscription:
        await save(storage, "d")
        assert (await taken(subscription, 5 - pruned))[-1].entity_key == "d"


async def test_a_subscriber_is_told_when_what_it_has_yet_to_read_is_removed(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "PAGE_EVENTS", 2)
    await save(storage, "a", "b", "c", "a", "b", "c", "d")

    async with subscribed(storage, after=0) as subscription:
        assert await keys(subscription, 2) == ["a", "b"]
        await storage.prune_events(timedelta(days=-1))
        with pytest.raises(EventsRemoved):
            await taken(subscription, 1)


async def test_a_slow_subscriber_misses_nothing_for_what_was_removed_before_its_queue(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "QUEUE_EVENTS", 2)
    async with subscribed(storage, entity_keys=("b",)) as subscription:
        await save(storage, "a", "a", "a")
        await pushed(storage, 3)
        await storage.prune_events(timedelta(days=-1))

        await save(storage, "b", "b", "b", "b")
        await pushed(storage, 7)

        assert await keys(subscription, 4) == ["b", "b", "b", "b"]


# Which events


async def test_only_what_matches_comes(storage: Storage) -> None:
    repositories = storage.as_(build.caller())
    async with (
        subscribed(storage, entity_keys=("b",)) as of_key,
        subscribed(storage, entity_types=("brief",)) as of_type,
        subscribed(storage, client_ids=("client-1",), types=("brief.deleted",)) as of_client,
        subscribed(storage, types=()) as of_nothing,
    ):
        await save(storage, "a", "b")
        await BRIEF.save(repositories, build.brief("b"))
        await BRIEF.delete(repositories, "b")
        await storage.sequence_events()

        assert [it.type for it in await taken(of_key, 3)] == [
            "draft.saved",
            "brief.normalized",
            "brief.deleted",
        ]
        assert [it.type for it in await taken(of_type, 2)] == ["brief.normalized", "brief.deleted"]
        assert [it.type for it in await taken(of_client, 1)] == ["brief.deleted"]
        await pushed(storage, 4)
        assert of_nothing.waiting == 0


_NAMES = some.sampled_from(["a", "b", "c"])
_VALUES = some.none() | some.lists(_NAMES, max_size=3).map(tuple)
FILTERS = some.builds(
    EventFilter, types=_VALUES, entity_types=_VALUES, entity_keys=_VALUES, client_ids=_VALUES
)
EVENTS = some.fixed_dictionaries(
    {"type": _NAMES, "entity_type": _NAMES, "entity_key": _NAMES, "client_id": _NAMES | some.none()}
)


@given(some.lists(FILTERS, max_size=8), EVENTS, some.data())
def test_an_event_finds_those_whose_filters_match(
    filters: list[EventFilter], named: Mapping[str, Any], data: some.DataObject
) -> None:
    feed = EventFeed(unreadable)
    subscriptions = [EventSubscription(feed, build.caller(), it, 0) for it in filters]
    index = SubscriptionIndex()
    for subscription in subscriptions:
        index.add(subscription)
    left = data.draw(some.sets(some.sampled_from(subscriptions))) if subscriptions else set()
    for subscription in left:
        index.discard(subscription)

    event = build.event(**named)

    assert {*index.interested_in(event)} == {
        it for it in subscriptions if it not in left and it.wanted.has(event)
    }
    assert len(index.interested_in(event)) == len({*index.interested_in(event)})


def unreadable(_: Caller) -> Repositories:
    raise AssertionError("nothing is read")


# Slow subscribers


async def test_a_slow_subscriber_is_behind_and_catches_up(storage: Storage) -> None:
    names = [str(number) for number in range(feeds.QUEUE_EVENTS + 10)]
    async with subscribed(storage) as slow, subscribed(storage) as quick:
        await save(storage, *names[:5])
        assert await keys(slow, 2) == names[:2]
        for name in names[5:]:
            await save(storage, name)
            await pushed(storage, int(name) + 1)
            if int(name) % 20 == 0:
                await keys(quick, 20 if int(name) > 20 else 21)
        assert is_behind(slow)
        assert not is_behind(quick)

        assert await keys(slow, len(names) - 2) == names[2:]
        assert not is_behind(slow)
        await save(storage, "last")
        assert await keys(slow, 1) == ["last"]


async def test_what_waits_for_a_slow_subscriber_is_bounded_in_size(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_CHARACTERS", 2_000)
    async with subscribed(storage) as subscription:
        await save(storage, "a", body="x" * 5_000)
        await pushed(storage, 1)
        assert not is_behind(subscription), "a single event may be larger"

        await save(storage, "b", body="x" * 5_000)
        await pushed(storage, 2)
        assert is_behind(subscription)

        assert await keys(subscription, 2) == ["a", "b"]


# The feed


async def test_all_subscribers_are_served_by_one_task(storage: Storage) -> None:
    async with subscribed(storage, entity_keys=("a",)) as subscription:
        before = len(asyncio.all_tasks())
        others = [await storage.feed.subscribe(build.caller()) for _ in range(50)]
        assert len(asyncio.all_tasks()) == before

        await save(storage, "a")
        assert await keys(subscription, 1) == ["a"]
        assert [await keys(other, 1) for other in others] == [["a"]] * 50
        for other in others:
            other.close()


async def test_after_events_it_waits_for_others_to_read_them_together(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "APART_SECONDS", SECONDS * 10)
    async with subscribed(storage) as subscription:
        await save(storage, "a")
        assert await keys(subscription, 1) == ["a"]
        await save(storage, "b")
        for _ in range(100):
            await asyncio.sleep(0)
        assert storage.feed.position == 1

        monkeypatch.undo()
    async with subscribed(storage, after=1) as subscription:
        await save(storage, "c")
        assert await keys(subscription, 2) == ["b", "c"]


async def test_nothing_runs_without_subscribers(storage: Storage) -> None:
    before = asyncio.all_tasks()
    for _ in range(2):
        async with subscribed(storage) as subscription:
            await save(storage, "a")
            assert await keys(subscription, 1) == ["a"]
        assert asyncio.all_tasks() == before


async def test_closing_ends_subscriptions_with_an_error(storage: Storage) -> None:
    subscription = await storage.feed.subscribe(build.caller())
    waiting = asyncio.create_task(taken(subscription, 1))
    await asyncio.sleep(0)

    await storage.feed.close()

    with pytest.raises(Unavailable):
        await waiting


async def test_the_feed_goes_on_after_an_outage(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feeds, "RETRY_SECONDS", 0)
    async with subscribed(storage) as subscription:
        read = storage.feed.read
        failures = 3

        async def fail(*arguments: Any) -> Any:
            nonlocal failures
            if not failures:
                return await read(*arguments)
            failures -= 1
            raise Unavailable("The database can't be reached.")

        monkeypatch.setattr(storage.feed, "read", fail)
        await save(storage, "a")

        assert await keys(subscription, 1) == ["a"]
    assert [it.getMessage() for it in caplog.records] == [
        "the feed can't read the log: The database can't be reached."
    ] * 3


async def test_a_bug_in_the_feed_ends_subscriptions_rather_than_to_stop_silently(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribed(storage) as subscription:

        async def fail(*_: Any) -> Any:
            raise KeyError("a bug")

        monkeypatch.setattr(storage.feed, "read", fail)
        await save(storage, "a")

        with pytest.raises(KeyError):
            await taken(subscription, 1)
    monkeypatch.undo()
    async with subscribed(storage) as subscription:
        await save(storage, "b")
        assert await keys(subscription, 1) == ["b"]


async def test_pages_that_are_too_large_are_read_in_parts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_CHARACTERS", 20_000)
    storage = create_storage(PersistenceMode.DB, database)
    names = [str(number) for number in range(8)]
    for name in names:
        await save(storage, name, body="x" * (30_000 if name == "3" else 9_000))

    async with subscribed(storage, after=0) as subscription:
        assert await keys(subscription, 8) == names


# Several processes on one PostgreSQL


@pytest.fixture
async def other(postgresql_url: str) -> AsyncIterator[Storage]:
    """Another storage of the same database, as another process has it."""
    database = open_database(postgresql_url)
    yield create_storage(PersistenceMode.DB, database)
    await close_database(database)


@pytest.fixture
async def listening(postgresql_url: str) -> AsyncIterator[Storage]:
    """A storage that reads only when it's notified."""
    database = open_database(postgresql_url)
    storage = create_storage(PersistenceMode.DB, database)
    storage.feed.poll_seconds = SECONDS * 10
    yield storage
    await close_database(database)


async def test_a_change_by_another_process_is_notified(listening: Storage, other: Storage) -> None:
    async with subscribed(listening) as subscription:
        await save(other, "a")
        assert await keys(subscription, 1) == ["a"]
        await save(other, "b")
        assert await keys(subscription, 1) == ["b"]


async def test_a_connection_that_was_cut_is_opened_again(
    listening: Storage, other: Storage, postgresql_url: str
) -> None:
    database = open_database(postgresql_url)
    async with subscribed(listening) as subscription:
        await save(other, "a")
        assert await keys(subscription, 1) == ["a"]
        for name in ("b", "c"):
            async with asyncio.timeout(SECONDS):
                while not await cut_listeners(database):  # noqa: ASYNC110
                    await asyncio.sleep(0)
            await save(other, name)

            assert await keys(subscription, 1) == [name]
    await close_database(database)


async def test_polling_finds_what_nobody_notifies_of(
    postgresql_url: str, other: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(postgresql_url)
    storage = create_storage(PersistenceMode.DB, database)
    storage.feed.notifications = None
    storage.feed.poll_seconds = 0.01
    async with subscribed(storage) as subscription:
        await save(other, "a")
        assert await keys(subscription, 1) == ["a"]
    await close_database(database)


async def cut_listeners(database: Database) -> int:
    """End the connections to this database that listen; how many there were."""
    cut = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
    )
    async with database.writers.begin() as connection:
        found: int = (await connection.execute(cut)).scalar_one()
        return found
