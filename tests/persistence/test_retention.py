"""Old events are removed step by step; what is younger stays complete, and revisions go on."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import EventsRemoved, Unavailable
from domain.history import Event
from domain.production import Draft
from repositories.factory import PersistenceMode, create_storage
from repositories.history.retention import APART_SECONDS, IDLE_SECONDS, keep_pruning
from repositories.memory import event_log
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.persistence.types_under_test import DRAFT, RESULT
from tests.support.history import as_of, events_of, is_unknown
from tests.support.sources import SettableClock
from tests.support.tasks import elsewhere

DAY = timedelta(days=1)
ALL = 1_000


async def save(storage: Storage, *keys: str) -> None:
    await DRAFT.save(storage.as_(build.caller()), *map(build.draft, keys))
    await storage.sequence_events()


async def prune(storage: Storage, keep: timedelta = DAY, limit: int = ALL) -> int:
    return await storage.prune_events(keep, limit)


async def left(storage: Storage) -> tuple[int, list[tuple[int | None, str, int]]]:
    """Up to where events may be gone, and those that are there."""
    async with storage.as_(build.caller()).read() as snapshot:
        items: list[Event] = [*(await snapshot.events.page(0, ALL)).items]
        pruned = await snapshot.events.pruned_position()
    return pruned, [(it.position, it.entity_key, it.revision_after) for it in items]


async def test_nothing_is_removed_before_its_time(storage: Storage, clock: SettableClock) -> None:
    await save(storage, "key", "key")

    assert await prune(storage) == 0
    assert await left(storage) == (0, [(1, "key", 1), (2, "key", 2)])


async def test_what_an_old_event_replaced_is_removed(
    storage: Storage, clock: SettableClock
) -> None:
    await save(storage, "key", "other", "key", "key")
    clock.move(days=2)
    await save(storage, "key", "third")

    assert await prune(storage) == 4
    assert await left(storage) == (
        4,
        [(2, "other", 1), (4, "key", 3), (5, "key", 4), (6, "third", 1)],
    )
    assert await prune(storage) == 0


async def test_a_step_looks_at_no_more_than_it_may(storage: Storage, clock: SettableClock) -> None:
    await save(storage, *["key"] * 5)
    clock.move(days=2)

    assert [await prune(storage, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await left(storage) == (5, [(5, "key", 5)])


async def test_what_was_kept_as_the_last_of_its_key_goes_later(
    storage: Storage, clock: SettableClock
) -> None:
    await save(storage, "key")
    clock.move(days=2)
    await prune(storage)
    await save(storage, "key")
    clock.move(days=2)

    await prune(storage)

    assert await left(storage) == (2, [(2, "key", 2)])


async def test_what_an_entity_was_within_the_time_can_be_told(
    storage: Storage, clock: SettableClock
) -> None:
    await save(storage, "key", "key")
    clock.move(days=10)
    await save(storage, "key")

    await prune(storage)

    async with storage.as_(build.caller()).read() as snapshot:
        found = await as_of(snapshot, Draft, "key", at=clock.now - DAY)
    assert found is not None
    assert found.revision == 2


async def test_what_was_removed_is_told_from_what_never_was(
    storage: Storage, clock: SettableClock
) -> None:
    """There were revision 1, 2, a delete, and 3; one key was saved once, and one after the rest."""
    repositories = storage.as_(build.caller())
    begin = clock.now
    clock.move(hours=1)
    await save(storage, "key", "key", "once")
    await DRAFT.delete(repositories, "key")
    await storage.sequence_events()
    clock.move(days=5)
    await save(storage, "key")
    clock.move(days=5)
    await save(storage, "new", "new")

    async def known(key: str, **when: Any) -> int | str | None:
        """The revision that it had, if it was there."""
        async with repositories.read() as snapshot:
            if await is_unknown(snapshot, Draft, key, **when):
                return "unknown"
            found = await as_of(snapshot, Draft, key, **when)
        return None if found is None else found.revision

    async def of_each(key: str) -> list[int | str | None]:
        hours = (0, 2, 6 * 24, 11 * 24)
        by_revision = [await known(key, revision=number) for number in range(1, 5)]
        return [*by_revision, *[await known(key, at=begin + timedelta(hours=it)) for it in hours]]

    assert await of_each("key") == [1, 2, 3, None, None, None, 3, 3]
    while await prune(storage, keep=3 * DAY):
        pass

    removed = "unknown"
    assert await of_each("key") == [removed, removed, 3, None, removed, removed, 3, 3]
    assert await of_each("once") == [1, None, None, None, None, 1, 1, 1]
    assert await of_each("new") == [1, 2, None, None, None, None, None, 2]
    assert await of_each("nowhere") == [None] * 8


async def test_what_was_deleted_before_it_was_removed_is_not_known(
    storage: Storage, clock: SettableClock
) -> None:
    await save(storage, "key")
    await DRAFT.delete(storage.as_(build.caller()), "key")
    await storage.sequence_events()
    clock.move(days=2)
    await prune(storage)

    async with storage.as_(build.caller()).read() as snapshot:
        assert await is_unknown(snapshot, Draft, "key", revision=1)
        assert not await is_unknown(snapshot, Draft, "key", revision=2)
        assert not await is_unknown(snapshot, Draft, "key", at=clock.now)


async def test_revisions_go_on_after_a_delete_whose_save_was_removed(
    storage: Storage, clock: SettableClock
) -> None:
    await save(storage, "key", "key")
    await DRAFT.delete(storage.as_(build.caller()), "key")
    await storage.sequence_events()
    clock.move(days=2)

    await prune(storage)
    await save(storage, "key")

    assert await left(storage) == (3, [(3, "key", 0), (4, "key", 3)])


async def test_the_verdicts_of_a_draft_go_on(storage: Storage, clock: SettableClock) -> None:
    repositories = storage.as_(build.caller())
    await RESULT.save(repositories, *[build.result("first", draft_id="judged")] * 3)
    await RESULT.delete(repositories, "first")
    await storage.sequence_events()
    clock.move(days=2)
    await prune(storage)

    await RESULT.save(repositories, build.result("second", draft_id="judged"))
    await storage.sequence_events()

    assert await left(storage) == (4, [(4, "first", 0), (5, "second", 4)])


async def test_events_without_a_position_are_left_alone(
    storage: Storage, clock: SettableClock
) -> None:
    await save(storage, "key")
    await DRAFT.save(storage.as_(build.caller()), build.draft("key"))
    clock.move(days=2)

    await prune(storage)
    await storage.sequence_events()

    async with storage.as_(build.caller()).read() as snapshot:
        found = await events_of(snapshot, "draft", "key", ALL)
    assert found[0].revision_after == 2


async def test_two_may_prune_at_once(storage: Storage, clock: SettableClock) -> None:
    await save(storage, *["key", "other"] * 10)
    clock.move(days=2)

    await asyncio.gather(*(prune(storage, limit=3) for _ in range(10)))
    while await prune(storage):
        pass

    assert await left(storage) == (20, [(19, "key", 10), (20, "other", 10)])


async def test_a_snapshot_sees_the_log_as_it_was(storage: Storage, clock: SettableClock) -> None:
    await save(storage, "key", "key")
    clock.move(days=2)

    async with storage.as_(build.caller()).read() as snapshot:
        before = await snapshot.events.pruned_position()
        await elsewhere(prune(storage))
        page = await snapshot.events.page(0, ALL)

    assert (before, len(page.items)) == (0, 2)
    assert await left(storage) == (2, [(2, "key", 2)])


async def test_in_memory_the_log_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole from some position on; before that it has the last event of each key."""
    monkeypatch.setattr(event_log, "MAX_EVENTS", 20)
    monkeypatch.setattr(event_log, "PRUNED_AT_ONCE", 5)
    storage = create_storage(PersistenceMode.INMEMORY)
    await save(storage, "once")
    sizes = set()
    for number in range(100):
        await save(storage, f"key {number % 3}")
        pruned, events = await left(storage)
        sizes.add(len(events))

    assert max(sizes) <= 20 + 5 + 4
    assert 101 - pruned in range(20, 25)
    assert events[0] == (1, "once", 1)
    assert [position for position, _, _ in events if (position or 0) > pruned] == [
        *range(pruned + 1, 102)
    ]
    with pytest.raises(EventsRemoved):
        await storage.feed.subscribe(build.caller(), after=1)
    await save(storage, "once")
    assert (await left(storage))[1][-1] == (102, "once", 2)


async def test_it_goes_on_until_nothing_is_old_and_after_a_failure() -> None:
    unavailable = Unavailable("The database can't be reached.")
    outcomes: list[int | Exception] = [500, unavailable, RuntimeError("no right"), 7, 0]
    pauses: list[float] = []

    class Steps:
        async def prune_events(self, keep: timedelta, limit: int = 0) -> int:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if not outcomes:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_pruning(Steps(), DAY, pause)

    assert pauses == [APART_SECONDS, IDLE_SECONDS, IDLE_SECONDS, APART_SECONDS, IDLE_SECONDS]
