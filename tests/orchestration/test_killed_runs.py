"""A server in memory may be stopped at any step of a run: the outcome is the one without that, and
nobody is asked again for what was stored.

A kill is a storage, and a store, that do nothing any more from one boundary of their operations on:
memory would be gone with its process. `test_killed_run_servers.py` kills processes on databases.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import pytest

from domain.callers import Caller
from domain.workflow import Run, RunStatus
from files.memory import MemoryStore
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, SnapshotHandle, Storage, UnitOfWork
from tests.orchestration.killed_runs import system_of
from tests.support.files import kept
from tests.support.packagers import PackagerWithoutTheLast
from tests.support.runs import Made, RunSystem
from tests.support.transfers import MovedClock

T = TypeVar("T")


class Killed(BaseException):
    """The process is no more."""


class Boundaries:
    """Counts the boundaries that a process comes to, and kills it at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last

    @property
    def is_killed(self) -> bool:
        return self._left <= 0

    def cross(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise Killed


class MortalStorage:
    """A storage that is used by a process until this is killed: before a unit of work, or after
    its commit."""

    def __init__(self, storage: Storage, boundaries: Boundaries) -> None:
        self._storage = storage
        self._boundaries = boundaries

    def as_(self, caller: Caller) -> Any:
        return _MortalRepositories(self._storage.as_(caller), self._boundaries)


class _MortalRepositories:
    def __init__(self, repositories: Repositories, boundaries: Boundaries) -> None:
        self._repositories = repositories
        self._boundaries = boundaries

    def read(self, **given: Any) -> SnapshotHandle:
        if self._boundaries.is_killed:
            raise Killed
        return self._repositories.read(**given)

    async def write(self, work: Callable[[UnitOfWork], Awaitable[T]], **given: Any) -> T:
        self._boundaries.cross()
        written = await self._repositories.write(work, **given)
        self._boundaries.cross()
        return written


class MortalStore:
    """A store that a process uses until it's killed."""

    def __init__(self, store: MemoryStore, boundaries: Boundaries) -> None:
        self._store = store
        self._boundaries = boundaries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put_if_absent(self, *given: Any) -> bool:
        stored = await self._store.put_if_absent(*given)
        self._boundaries.cross()
        return stored

    async def move(self, *given: Any) -> bool:
        moved = await self._store.move(*given)
        self._boundaries.cross()
        return moved


@pytest.fixture
def system() -> RunSystem:
    return system_of(create_storage(PersistenceMode.INMEMORY), MemoryStore(), MovedClock())


async def _is_killed(system: RunSystem, boundary: int, **producers: Any) -> bool:
    """Carry out what is due in a process; whether it was killed before that had ended."""
    boundaries = Boundaries(boundary)
    storage: Any = MortalStorage(system.storage, boundaries)
    store: Any = MortalStore(system.store, boundaries)  # type: ignore[arg-type]
    given = system.fakes.as_producers(**{"store": store, **producers})
    with suppress(Killed):
        await system.another(storage=storage, producers=given).settle()
    return boundaries.is_killed


def _told(run: Run) -> list[Any]:
    """The run, without keys, times and attempts."""
    return [(it.name, it.tactic, it.status, it.produced_revision) for it in run.journal]


async def _ended(system: RunSystem, run: Run, boundary: int, **producers: Any) -> bool:
    """Carry out the run in a process that is killed there, and in another one; whether the first
    one was killed."""
    was_killed = await _is_killed(system, boundary, **producers)
    system.clock.move(minutes=3)  # type: ignore[union-attr]
    await system.another(producers=system.fakes.as_producers(**producers)).settle()
    return was_killed


async def test_a_run_that_was_killed_anywhere_ends_as_without_it(system: RunSystem) -> None:
    await system.add_brief("brief-0")
    expected = await system.settled(await system.start("brief-0"))
    once = await system.made()
    asked = system.fakes.asked
    before, boundary, was_killed = once, 0, True
    while was_killed:
        boundary += 1
        await system.add_brief(f"brief-{boundary}")
        started = await system.start(f"brief-{boundary}")

        was_killed = await _ended(system, started, boundary)

        done, made = await system.run_of(started), await system.made()
        assert (done.status, _told(done)) == (RunStatus.SUCCEEDED, _told(expected)), boundary
        assert made - before == once, boundary
        assert not await system.has_job(started)
        before = made
    assert boundary > 2 * len(expected.journal)
    again = system.fakes.asked
    for what, count in asked.items():
        # What was under way is asked for once more, and nothing that was stored.
        assert again[what] <= count * (boundary + 1) + 2 * boundary // len(asked)
    assert await kept(system.store, "uploads/") == {}


async def test_a_cancelled_run_that_was_killed_anywhere_removes_all_the_same(
    system: RunSystem,
) -> None:
    packager = PackagerWithoutTheLast()
    expected: list[Any] | None = None
    boundary, was_killed = 0, True
    while was_killed:
        boundary += 1
        await system.add_brief(f"brief-{boundary}")
        started = await system.start(f"brief-{boundary}")
        await system.another(producers=system.fakes.as_producers(packager=packager)).settle()
        failed = await system.run_of(started)
        assert failed.error == "draft: is too long."
        await system.cancel(failed)

        was_killed = await _ended(system, started, boundary, packager=packager)

        done = await system.run_of(started)
        assert done.status is RunStatus.COMPENSATED
        expected = expected or _told(done)
        assert _told(done) == expected, boundary
        assert await system.made() == Made()
    assert boundary > len([it for it in done.journal if it.produced])
