"""What a job is carried out under: nothing is stored for it unless it still holds its lease."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

from domain.sources import Clock
from repositories.deadlines import set_deadline
from repositories.jobs import Job, Queue
from repositories.unit_of_work import SnapshotHandle, Storage, UnitOfWork

T = TypeVar("T")

_RENEWALS: Final = 4
"""How often a lease is renewed in the time that it lasts."""


class LeaseLost(Exception):
    """Somebody else has claimed the job since, or it has ended."""


class Interrupted(Exception):
    """The process ends; whoever claims the job next goes on with it."""


class Lease:
    """A job that this process has claimed.

    Each unit of work renews the lease, and is stored only where nobody else has it: a process that
    was stopped for longer, and goes on, changes nothing any more.
    """

    def __init__(
        self,
        storage: Storage,
        queue: Queue,
        job: Job,
        seconds: float,
        stopping: asyncio.Event,
        *,
        clock: Clock | None,
        storage_seconds: float,
    ) -> None:
        """`clock` takes the place of the database's. A unit of work takes at most
        `storage_seconds`."""
        self.job = job
        self.failures = job.failures
        """How often in succession a bug has ended the work: progress makes it 0."""
        self._queue = queue
        self._repositories = storage.as_(job.caller)
        self._time = timedelta(seconds=seconds)
        self._stopping = stopping
        self._clock = clock
        self._storage_seconds = storage_seconds

    def read(self) -> SnapshotHandle:
        """A snapshot for the caller of the job."""
        set_deadline(self._storage_seconds)
        return self._repositories.read()

    def require_time(self) -> None:
        """Raises Interrupted where the process ends: nothing new is to be begun."""
        if self._stopping.is_set():
            raise Interrupted

    async def write(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        is_progress: bool = True,
        is_dear: bool = False,
    ) -> T:
        """Run a unit of work for the caller of the job. Raises LeaseLost, Interrupted.

        What `is_dear` is stored also while the process ends.
        """
        if not is_dear:
            self.require_time()
        failures = 0 if is_progress else self.failures

        async def fenced(unit: UnitOfWork) -> T:
            now = None if self._clock is None else self._clock()
            if not await unit.queue(self._queue).renew(self.job, self._time, now, failures):
                raise LeaseLost
            return await work(unit)

        set_deadline(self._storage_seconds)
        written = await self._repositories.write(fenced)
        if is_progress:
            self.failures = 0
        return written

    async def keep(self, ended: asyncio.Event) -> None:
        """Renew the lease in time, again and again, until it has ended.

        Raises as `write` does.
        """

        async def nothing(_: UnitOfWork) -> None: ...

        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._time.total_seconds() / _RENEWALS):
                    await ended.wait()
            if not ended.is_set():
                await self.write(nothing, is_progress=False)

    async def release(self, after: float | None, failures: int | None = None) -> None:
        """Let the job be due in so many seconds; None: when it's woken.

        `failures` are the ones that it has from then on; None: those that it has.
        """
        count = self.failures if failures is None else failures

        async def work(unit: UnitOfWork) -> None:
            await self.release_in(unit, after, count)

        set_deadline(self._storage_seconds)
        await self._repositories.write(work)

    async def release_in(
        self, unit: UnitOfWork, after: float | None, failures: int | None = None
    ) -> None:
        """The same as a part of a unit of work, which is the last one under this lease."""
        due_at = None if after is None else await self._now(unit) + timedelta(seconds=after)
        count = self.failures if failures is None else failures
        await unit.queue(self._queue).release(self.job, due_at, count)

    async def end(self, unit: UnitOfWork) -> None:
        """Remove the job, as a part of a unit of work."""
        await unit.queue(self._queue).remove(self.job)

    async def _now(self, unit: UnitOfWork) -> datetime:
        return (
            await unit.queue(self._queue).time(unit.now) if self._clock is None else self._clock()
        )
