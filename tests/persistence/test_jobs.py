"""What every queue promises, of whichever work and on whichever storage."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from domain.callers import CallerKind
from domain.scopes import Scope
from domain.sources import utc_now
from repositories.jobs import Job, JobQueue, Queue
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.support.sources import START

T = TypeVar("T")
LEASE = timedelta(seconds=30)
ADA = build.caller()._replace(
    kind=CallerKind.AGENT,
    id="ada",
    on_behalf_of="grace",
    clients=frozenset({"client-1"}),
    scopes=frozenset({Scope.QC_READ, Scope.FILES_WRITE}),
)


class Jobs:
    """A queue of a storage; each call is a unit of work."""

    def __init__(self, storage: Storage, queue: Queue) -> None:
        self._repositories = storage.as_(build.caller())
        self._queue = queue

    async def do(self, work: Callable[[JobQueue], Awaitable[T]]) -> T:
        async def within(unit: UnitOfWork) -> T:
            return await work(unit.queue(self._queue))

        return await self._repositories.write(within)

    async def add(self, *keys: str, after: float = 0) -> None:
        async def work(jobs: JobQueue) -> None:
            for key in keys:
                await jobs.add(key, ADA, START + timedelta(seconds=after))

        await self.do(work)

    async def claim(self, limit: int = 9, *, after: float = 0) -> list[Job]:
        at = START + timedelta(seconds=after)
        return [*await self.do(lambda jobs: jobs.claim(limit, LEASE, at))]

    async def has_due(self, after: float = 0) -> bool:
        async with self._repositories.read(single_statement=True) as snapshot:
            return await snapshot.queue(self._queue).has_due(START + timedelta(seconds=after))

    async def renew(self, job: Job, *, after: float = 0, failures: int = 0) -> bool:
        at = START + timedelta(seconds=after)
        return await self.do(lambda jobs: jobs.renew(job, LEASE, at, failures))

    async def release(self, job: Job, after: float | None = 0, failures: int = 0) -> None:
        at = None if after is None else START + timedelta(seconds=after)
        await self.do(lambda jobs: jobs.release(job, at, failures))

    async def wake(self, *keys: str, after: float = 0) -> int:
        at = START + timedelta(seconds=after)
        return await self.do(lambda jobs: jobs.wake(keys, at))


@pytest.fixture(params=Queue)
def queue(request: pytest.FixtureRequest) -> Queue:
    found: Queue = request.param
    return found


@pytest.fixture
def jobs(storage: Storage, queue: Queue) -> Jobs:
    return Jobs(storage, queue)


async def test_a_job_is_claimed_with_its_caller_by_one_alone(jobs: Jobs) -> None:
    await jobs.add("one")

    assert await jobs.has_due()
    assert await jobs.claim() == [Job(key="one", token=1, caller=ADA, failures=0)]
    assert not await jobs.has_due()
    assert await jobs.claim() == []


async def test_those_that_are_due_for_longest_come_first_and_no_more_than_asked_for(
    jobs: Jobs,
) -> None:
    await jobs.add("second", after=1)
    await jobs.add("first")
    await jobs.add("third", after=2)

    assert [job.key for job in await jobs.claim(2, after=2)] == ["first", "second"]
    assert [job.key for job in await jobs.claim(2, after=1)] == []
    assert [job.key for job in await jobs.claim(2, after=2)] == ["third"]


async def test_who_lost_a_job_can_do_nothing_with_it_any_more(jobs: Jobs) -> None:
    await jobs.add("one")
    [lost] = await jobs.claim()

    [held] = await jobs.claim(after=30)

    assert held.token == lost.token + 1
    assert not await jobs.renew(lost)
    await jobs.release(lost)
    assert not await jobs.do(lambda queue: queue.remove(lost))
    assert await jobs.claim(after=30) == []
    assert await jobs.renew(held, after=30)


async def test_a_lease_that_is_renewed_ends_later_and_keeps_the_failures(jobs: Jobs) -> None:
    await jobs.add("one")
    [job] = await jobs.claim()

    assert await jobs.renew(job, after=20, failures=2)

    assert await jobs.claim(after=49) == []
    assert [it.failures for it in await jobs.claim(after=50)] == [2]


async def test_a_lease_is_renewed_from_the_present_time_on(jobs: Jobs) -> None:
    await jobs.add("one")
    [job] = await jobs.claim()

    assert await jobs.do(lambda queue: queue.renew(job, timedelta(days=9), None, 0))

    present = (utc_now() - START).total_seconds()
    assert await jobs.claim(after=present + timedelta(days=8).total_seconds()) == []
    assert await jobs.claim(after=present + timedelta(days=10).total_seconds()) != []


async def test_a_job_that_is_released_is_due_when_it_says(jobs: Jobs) -> None:
    await jobs.add("one")
    [job] = await jobs.claim()

    await jobs.release(job, 5, failures=1)

    assert await jobs.claim(after=4) == []
    assert [it.failures for it in await jobs.claim(after=5)] == [1]


async def test_a_job_that_ends_is_gone(jobs: Jobs) -> None:
    await jobs.add("one")
    [job] = await jobs.claim()

    assert await jobs.do(lambda queue: queue.remove(job))

    assert not await jobs.renew(job)
    assert not await jobs.do(lambda queue: queue.remove(job))
    assert await jobs.claim(after=99) == []


async def test_jobs_are_woken_but_for_those_that_somebody_holds(jobs: Jobs) -> None:
    await jobs.add("waits", after=99)
    await jobs.add("held", after=-1)
    [held] = await jobs.claim(1)

    assert await jobs.wake("waits", "held", "unknown") == 2

    assert [job.key for job in await jobs.claim()] == ["waits"]
    assert await jobs.renew(held)


async def test_a_queue_has_only_its_own_jobs(storage: Storage) -> None:
    transfers, runs = Jobs(storage, Queue.TRANSFERS), Jobs(storage, Queue.RUNS)
    await transfers.add("one")

    assert not await runs.has_due()
    assert await runs.claim() == []
    assert [job.key for job in await transfers.claim()] == ["one"]


async def test_a_run_may_wait_until_it_is_woken(storage: Storage) -> None:
    runs = Jobs(storage, Queue.RUNS)
    await runs.add("one")
    [job] = await runs.claim()

    await runs.release(job, None)

    assert not await runs.has_due(after=10**6)
    assert await runs.claim(after=10**6) == []
    await runs.wake("one", after=7)
    assert [it.key for it in await runs.claim(after=7)] == ["one"]


async def test_nothing_is_woken_by_what_is_rolled_back(jobs: Jobs) -> None:
    await jobs.add("one", after=99)

    async def fails(queue: JobQueue) -> None:
        await queue.wake(["one"], START)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await jobs.do(fails)

    assert await jobs.claim() == []
