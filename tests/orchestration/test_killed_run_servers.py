"""Servers are killed at each boundary of a run, and one of two among many runs: all end as without
a kill, nothing is made twice, and nothing is lost.

After each kill another server goes on. Its clock is ahead, so that leases have ended for it.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import pytest

from domain.workflow import Run, RunStatus
from files.folder import FolderStore
from files.opening import open_folder
from files.store import content_key
from repositories.criteria import PageRequest
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from tests.conftest import close_database
from tests.orchestration import killed_runs
from tests.orchestration.killed_runs import NEVER, system_of
from tests.support.files import kept
from tests.support.forked import Forks, forked, was_killed
from tests.support.packagers import PackagerWithoutTheLast
from tests.support.runs import OPERATOR, Made
from tests.support.transfers import MovedClock

C = TypeVar("C", bound=Counter[Any])

RUNS: Final = 50
IN_THE_MIDDLE: Final = 40
"""Two servers with fifty runs call the store 50 times each, or so: twice as many boundaries."""

ONCE: Final = Made(
    {
        ("strategy_plans", 1): 1,
        ("campaigns", 1): 1,
        ("drafts", 1): 1,
        ("drafts", 2): 1,
        ("qc_results", 1): 1,
        ("qc_results", 2): 1,
        ("delivery_packages", 1): 2,
    }
)
"""What a run makes."""


class Outcome(NamedTuple):
    """What has become of a run, without keys and times."""

    status: RunStatus
    steps: Sequence[Any]
    revision: int
    """Without those at which a step was begun once more."""


class Log(NamedTuple):
    """What has happened: so often something has come to a revision; 0: it was deleted."""

    runs: Counter[int]
    others: Counter[tuple[str, int]]


class System:
    """A database and a folder, which processes use and are killed in between."""

    def __init__(self, url: str, folder: Path, storage: Storage, store: FolderStore) -> None:
        self.url = url
        self.folder = str(folder)
        ahead = MovedClock()
        ahead.move(minutes=3)
        self.runs = system_of(storage, store, ahead)
        self.store = store
        self._position = 0

    async def start(self, number: int) -> Run:
        await self.runs.add_brief(f"brief-{number}")
        return await self.runs.start(f"brief-{number}")

    async def killed_everywhere(self, prepare: Callable[[int], Awaitable[Run]]) -> Sequence[Run]:
        """Prepare runs, and carry them out: the first one without a kill, then one with a kill at
        each boundary, and one with a kill that would come after its end. Fails where one ends in
        another way than the first one has."""
        first = await prepare(0)
        with closing(Forks(killed_runs.run, self.url, self.folder, NEVER)) as servers:
            done = [await self.runs.run_of(first)]
            expected, others = outcome_of(done[0]), (await self.log()).others
            is_killed = True
            while is_killed:
                boundary = len(done) - 1
                prepared = await prepare(len(done))
                is_killed = servers.is_killed(self.url, self.folder, boundary)
                await self.go_on(prepared)
                run = await self.runs.run_of(prepared)
                assert outcome_of(run) == expected, boundary
                assert begun_again(run) <= is_killed, boundary
                assert await self.log() == log_of([run], others), boundary
                done.append(run)
        return done

    async def go_on(self, *runs: Run) -> None:
        """Carry out what is left of the runs.

        It may take PostgreSQL a moment to see that a client was killed, and to give up what its
        transaction has locked. Whoever looks for jobs skips locked ones; who wakes them waits.
        """
        await self.runs.has_job(*runs)
        await self.runs.settle()

    async def log(self) -> Log:
        """What has happened since this was asked for last. No revision is there twice."""
        while await self.runs.storage.sequence_events():
            pass
        async with self.runs.storage.as_(OPERATOR).read() as snapshot:
            page = await snapshot.events.page(self._position, 100 * RUNS)
        assert not page.has_more
        self._position = page.position
        revisions = [(it.entity_type, it.entity_key, it.revision_after) for it in page.items]
        assert len(set(revisions)) == len(revisions)
        return Log(
            Counter(revision for type, _, revision in revisions if type == "run"),
            Counter((type, revision) for type, _, revision in revisions if type != "run"),
        )

    async def require(self, runs: Sequence[Run], *, made: Made, files: int) -> None:
        """After these runs so many entities and files are stored, with their content, and nothing
        else is."""
        assert await self.runs.made() == made
        assert not await self.runs.has_job(*runs)
        async with self.runs.storage.as_(OPERATOR).read() as snapshot:
            stored = (await snapshot.files.page(PageRequest(1000))).items
        assert len(stored) == files
        content = {content_key(it.sha256): it.size for it in stored}
        assert {key: len(it) for key, it in (await kept(self.store)).items()} == content


@pytest.fixture
async def system(database_url: str, folder_in_memory: Path) -> AsyncIterator[System]:
    async with opened(database_url, folder_in_memory) as system:
        yield system


@pytest.fixture
async def system_on_postgresql(
    postgresql_url: str, folder_in_memory: Path
) -> AsyncIterator[System]:
    async with opened(postgresql_url, folder_in_memory) as system:
        yield system


@pytest.fixture
def folder_in_memory(sqlite_folder: Path) -> Path:
    return sqlite_folder / "files"


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[System]:
    database, store = open_database(url), open_folder(folder)
    yield System(url, folder, create_storage(PersistenceMode.DB, database), store)
    await store.close()
    await close_database(database)


def begun_again(run: Run) -> int:
    """How often steps of it were begun once more."""
    return sum(max(it.attempts - 1, 0) for it in run.journal)


def outcome_of(run: Run) -> Outcome:
    steps = [
        (it.name, it.tactic, it.status, it.error, it.produced_type, it.produced_revision)
        for it in run.journal
    ]
    return Outcome(run.status, steps, run.revision - begun_again(run))


def log_of(runs: Sequence[Run], others: Counter[tuple[str, int]]) -> Log:
    """The log of these runs, each of which does this to other entities: all their revisions."""
    return Log(
        Counter(revision for run in runs for revision in range(1, run.revision + 1)),
        times(others, len(runs)),
    )


def times(counter: C, count: int) -> C:
    return type(counter)({key: count * number for key, number in counter.items()})


async def test_a_run_whose_server_was_killed_anywhere_ends_as_without_it(system: System) -> None:
    done = await system.killed_everywhere(system.start)

    assert done[0].status is RunStatus.SUCCEEDED
    # At a step: before and after its commit; at a package: a claim, and a call of the store.
    assert len(done) > 2 * (len(done[0].journal) + 2 * (1 + 1))
    await system.require(done, made=times(ONCE, len(done)), files=2 * len(done))


async def test_a_cancelled_run_whose_server_was_killed_anywhere_removes_all_the_same(
    system: System,
) -> None:
    producers = system.runs.fakes.as_producers(packager=PackagerWithoutTheLast())

    async def cancelled(number: int) -> Run:
        started = await system.start(number)
        await system.runs.settle(system.runs.another(producers=producers))
        return await system.runs.cancel(started)

    done = await system.killed_everywhere(cancelled)

    assert done[0].status is RunStatus.COMPENSATED
    made = [it for it in done[0].journal if it.produced]
    assert len(made) == 10
    assert len(done) > 2 * len(made)
    await system.require(done, made=Made(), files=len(done))


async def test_of_two_servers_with_fifty_runs_one_is_killed_and_each_run_is_done_once(
    system_on_postgresql: System,
) -> None:
    system = system_on_postgresql
    first = await system.runs.settled(await system.start(0))
    expected = outcome_of(first)
    others = (await system.log()).others
    started = [await system.start(number) for number in range(1, RUNS + 1)]

    one, another = (
        forked(killed_runs.run_until_it_stores, system.url, system.folder, boundary)
        for boundary in (IN_THE_MIDDLE, NEVER)
    )
    assert [was_killed(one), was_killed(another)] == [True, False]
    left = {it.run_id for it in started if not (await system.runs.run_of(it)).finished_at}
    await system.go_on(*started)

    done = [await system.runs.run_of(run) for run in started]
    assert {outcome_of(run) == expected for run in done} == {True}
    again = {run.run_id for run in done if begun_again(run)}
    assert again
    assert again <= left
    assert await system.log() == log_of(done, others)
    await system.require([first, *done], made=times(ONCE, RUNS + 1), files=2 * (RUNS + 1))
