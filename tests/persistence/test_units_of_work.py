"""The writes of a unit of work are stored together or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from domain.callers import Caller
from domain.errors import NotFound, Unavailable
from repositories.errors import WriteConflict
from repositories.factory import MAX_ATTEMPTS
from repositories.unit_of_work import Repositories, Snapshot, Storage, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, PACKAGE, TYPES_UNDER_TEST, TypeUnderTest
from tests.support.sources import START, CountedKeys, SettableClock
from tests.support.tasks import elsewhere


class Broken(Exception):
    """Something that nobody expects."""


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repositories.factory.random.uniform", lambda low, high: 0)


# All or nothing


async def test_a_unit_of_work_gives_what_its_function_returns(repositories: Repositories) -> None:
    async def work(unit: UnitOfWork) -> str:
        return "done"

    assert await repositories.write(work) == "done"


async def test_what_is_written_to_all_types_is_stored_together(repositories: Repositories) -> None:
    async def work(unit: UnitOfWork) -> None:
        for entity_type in TYPES_UNDER_TEST:
            await entity_type.of(unit).save(entity_type.record("key"))

    await repositories.write(work)

    for entity_type in TYPES_UNDER_TEST:
        assert await entity_type.load(repositories, "key") == entity_type.record("key")


async def test_what_is_rolled_back_stores_nothing_among_others_that_are_stored(
    storage: Storage,
) -> None:
    """On SQLite, they are committed as a group; a single call commits itself elsewhere."""

    async def saved(number: int) -> Any:
        return await storage.as_(build.caller()).write(
            lambda unit: unit.delivery_packages.save(build.package(f"{number}")),
            single_statement=True,
            rolls_back=number % 2 == 1,
        )

    packages: list[Any] = await asyncio.gather(*(elsewhere(saved(number)) for number in range(10)))

    assert {package.revision for package in packages} == {1}
    async with storage.as_(build.caller()).read() as snapshot:
        stored = await snapshot.delivery_packages.get_many([str(each) for each in range(10)])
        assert sorted(stored) == ["0", "2", "4", "6", "8"]
        events = await snapshot.events.of_entities("delivery_package", ["1", "2"], 2)
    assert [key for key, them in events.items() if them] == ["2"]


async def test_a_conflict_repeats_what_is_rolled_back_too(
    repositories: Repositories, no_pauses: None
) -> None:
    attempts = []

    async def work(unit: UnitOfWork) -> None:
        attempts.append(unit)
        if len(attempts) == 1:
            getattr(unit.session, "write_conflict")()  # noqa: B009 - of sessions, not of the port

    await repositories.write(work, rolls_back=True)

    assert len(attempts) == 2


@pytest.mark.parametrize("error", [Broken, Unavailable, asyncio.CancelledError, SystemExit])
async def test_an_error_in_the_middle_leaves_nothing_of_it(
    repositories: Repositories, entity_type: TypeUnderTest, error: type[BaseException]
) -> None:
    replaced, removed, new = (
        entity_type.record("replaced"),
        entity_type.record("removed"),
        entity_type.record("new"),
    )
    await entity_type.save(repositories, replaced, removed)

    async def work(unit: UnitOfWork) -> None:
        await entity_type.of(unit).save(replace(replaced, **entity_type.changed))
        await entity_type.of(unit).delete("removed")
        await entity_type.of(unit).save(new)
        raise error

    with pytest.raises(error):
        await repositories.write(work)

    async with repositories.read() as snapshot:
        stored = await entity_type.load_many(snapshot, "replaced", "removed", "new")
    assert stored == {"replaced": replaced, "removed": removed}


async def test_other_writes_survive_an_error(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    async def work(unit: UnitOfWork) -> None:
        await entity_type.of(unit).save(entity_type.record("failed"))
        raise Broken

    await entity_type.save(repositories, entity_type.record("before"))
    with pytest.raises(Broken):
        await repositories.write(work)
    await entity_type.save(repositories, entity_type.record("after"))

    async with repositories.read() as snapshot:
        assert set(await entity_type.load_many(snapshot, "before", "failed", "after")) == {
            "before",
            "after",
        }


async def test_a_unit_of_work_sees_what_it_wrote(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("gone"), entity_type.record("kept"))

    async def work(unit: UnitOfWork) -> tuple[dict[str, Any], int]:
        await entity_type.of(unit).delete("gone")
        await entity_type.of(unit).save(replace(entity_type.record("kept"), **entity_type.changed))
        await entity_type.of(unit).save(entity_type.record("new"))
        return await entity_type.load_many(unit, "gone", "kept", "new"), await entity_type.of(
            unit
        ).count(None)

    assert await repositories.write(work) == (
        {
            "kept": replace(entity_type.record("kept"), **entity_type.changed, revision=2),
            "new": entity_type.record("new"),
        },
        2,
    )


async def test_nobody_else_sees_it_before_it_is_committed(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    async def work(unit: UnitOfWork) -> Any:
        await entity_type.of(unit).save(replace(entity_type.record("key"), **entity_type.changed))
        return await elsewhere(entity_type.load(repositories, "key"))

    assert await repositories.write(work) == entity_type.record("key")


async def test_what_is_read_for_update_is_what_is_stored(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    stored = await entity_type.save(repositories, entity_type.record("key"))

    async def work(unit: UnitOfWork) -> list[Any]:
        return [await entity_type.of(unit).get_for_update(key) for key in ("key", "absent")]

    found, absent = await repositories.write(work)

    assert entity_type.key_of(found) == "key"
    assert (found.revision, found.updated_at) == (stored.revision, stored.updated_at)
    assert absent is None


# Time and keys


async def test_a_unit_of_work_has_the_time_and_the_keys_it_was_given(
    repositories: Repositories, clock: SettableClock, new_key: CountedKeys
) -> None:
    async def work(unit: UnitOfWork) -> tuple[Any, ...]:
        before = unit.now
        clock.move(hours=1)
        return before, unit.now, unit.new_key("brief"), unit.new_key("plan")

    assert await repositories.write(work) == (START, START, "brief-new-1", "plan-new-2")


# Repetition


async def test_work_that_another_writer_came_between_is_repeated_whole(
    repositories: Repositories, no_pauses: None
) -> None:
    attempts = []

    async def work(unit: UnitOfWork) -> int:
        attempts.append(await unit.delivery_packages.get("key"))
        await unit.delivery_packages.save(build.package("key"))
        if len(attempts) < MAX_ATTEMPTS:
            raise WriteConflict
        return len(attempts)

    assert await repositories.write(work) == MAX_ATTEMPTS

    assert attempts == [None] * MAX_ATTEMPTS
    assert await PACKAGE.load(repositories, "key") == build.package("key")


async def test_work_that_is_always_interfered_with_ends_as_unavailable(
    repositories: Repositories, no_pauses: None
) -> None:
    attempts = []

    async def work(unit: UnitOfWork) -> None:
        attempts.append(1)
        await unit.delivery_packages.save(build.package("key"))
        raise WriteConflict

    with pytest.raises(Unavailable):
        await repositories.write(work)

    assert len(attempts) == MAX_ATTEMPTS
    assert await PACKAGE.load(repositories, "key") is None


async def test_work_that_fails_by_a_rule_is_not_repeated(repositories: Repositories) -> None:
    attempts = []

    async def work(unit: UnitOfWork) -> None:
        attempts.append(1)
        raise NotFound("brief", "brief_id", "key")

    with pytest.raises(NotFound):
        await repositories.write(work)

    assert attempts == [1]


# One at a time


async def _write(repositories: Repositories) -> None:
    await BRIEF.save(repositories, build.brief("inner"))


async def _read(repositories: Repositories) -> None:
    async with repositories.read():
        pass


@pytest.mark.parametrize("inner", [_read, _write])
async def test_a_unit_of_work_inside_a_write_is_refused_at_once(
    repositories: Repositories, inner: Callable[[Repositories], Awaitable[None]]
) -> None:
    async def work(unit: UnitOfWork) -> None:
        with pytest.raises(RuntimeError, match="already open"):
            await inner(repositories)
        await unit.briefs.save(build.brief("outer"))

    await repositories.write(work)

    assert await BRIEF.load(repositories, "outer") == build.brief("outer")
    assert await BRIEF.load(repositories, "inner") is None


@pytest.mark.parametrize("inner", [_read, _write])
async def test_a_unit_of_work_inside_a_read_is_refused_at_once(
    repositories: Repositories, inner: Callable[[Repositories], Awaitable[None]]
) -> None:
    async with repositories.read() as snapshot:
        with pytest.raises(RuntimeError, match="already open"):
            await inner(repositories)
        assert await snapshot.briefs.count(None) == 0

    assert await BRIEF.load(repositories, "inner") is None


@pytest.mark.parametrize("inner", [_read, _write])
async def test_neither_does_a_task_that_was_started_inside(
    repositories: Repositories, inner: Callable[[Repositories], Awaitable[None]]
) -> None:
    async with repositories.read():
        with pytest.raises(RuntimeError, match="already open"):
            await asyncio.create_task(_awaited(inner(repositories)))


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def test_units_of_work_follow_each_other_even_after_errors(
    repositories: Repositories,
) -> None:
    async def fail(unit: UnitOfWork) -> None:
        raise Broken

    with pytest.raises(Broken):
        await repositories.write(fail)
    with pytest.raises(Broken):
        async with repositories.read():
            raise Broken
    await _write(repositories)

    assert await BRIEF.load(repositories, "inner") is not None


# The end


def _every_read(reads: Snapshot, entity_type: TypeUnderTest) -> list[Awaitable[Any]]:
    repository = entity_type.reads_of(reads)
    return [repository.get("key"), repository.get_many(["key"]), repository.count(None)]


async def test_nothing_can_be_read_after_a_snapshot_has_ended(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    async with AsyncExitStack() as stack:
        snapshot = await stack.enter_async_context(repositories.read())

    for read in _every_read(snapshot, entity_type):
        with pytest.raises(RuntimeError, match="ended"):
            await read


@pytest.mark.parametrize("fails", [False, True])
async def test_nothing_can_be_read_or_written_after_a_unit_of_work_has_ended(
    repositories: Repositories, entity_type: TypeUnderTest, fails: bool
) -> None:
    kept: list[UnitOfWork] = []

    async def work(unit: UnitOfWork) -> None:
        kept.append(unit)
        if fails:
            raise Broken

    if fails:
        with pytest.raises(Broken):
            await repositories.write(work)
    else:
        await repositories.write(work)

    repository = entity_type.of(kept[0])
    for late in (
        *_every_read(kept[0], entity_type),
        repository.get_for_update("key"),
        repository.save(entity_type.record("key")),
        repository.delete("key"),
    ):
        with pytest.raises(RuntimeError, match="ended"):
            await late
    assert await entity_type.load(repositories, "key") is None


# Callers


async def test_sessions_know_whose_reads_and_writes_they_are(storage: Storage) -> None:
    reader, writer = build.caller(id="reader"), build.caller(id="writer")

    async def work(unit: UnitOfWork) -> Caller:
        return caller_of(unit.briefs)

    async with storage.as_(reader).read() as snapshot:
        assert caller_of(snapshot.briefs) == reader
    assert await storage.as_(writer).write(work) == writer


async def test_nobody_reads_or_writes_without_a_caller(storage: Storage) -> None:
    with pytest.raises(TypeError):
        storage.as_()  # type: ignore[call-arg]
    assert not hasattr(storage, "read")
    assert not hasattr(storage, "write")


def caller_of(repository: Any) -> Caller:
    caller: Caller = repository._session.caller
    return caller
