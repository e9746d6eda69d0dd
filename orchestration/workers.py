"""Workers: what waits in a queue is carried out by whichever process claims it.

What waits is a row that is due. A process claims it with a lease and a token; what a killed process
had claimed is due again when the lease ends, and goes on from what was stored last.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from domain.callers import Caller, system
from domain.errors import DomainError
from domain.sources import Clock
from files.store import FileStoreError
from orchestration.leases import Interrupted, Lease, LeaseLost
from repositories.deadlines import set_deadline
from repositories.jobs import Job, Queue
from repositories.unit_of_work import Storage, UnitOfWork

MAX_FAILURES: Final = 3
"""How often in succession a bug may end the work on a job until it's given up."""
GIVEN_UP: Final = "The server failed to go on with it. Its operators find the reason in the log."
STORAGE_SECONDS: Final = 60.0
"""How long storage may take for one part of the work."""
PAUSE: Final = 5.0
"""How long to wait, in seconds, after storage or the store wasn't to be had."""
_MAX_DOUBLINGS: Final = 6
"""How often the pause is doubled after bugs."""
_GRACE: Final = 3.0
"""How long a transaction may take, in seconds, when the process ends."""


class Work(Protocol):
    """A kind of work, whose jobs are in one queue."""

    queue: Queue
    name: str
    """What messages call one piece of it."""

    async def carry_out(self, lease: Lease) -> None:
        """Go on with what the lease is for, to its end, or until it waits.

        What is stored is stored by the lease, and the last of it ends the job or releases it.
        Raises LeaseLost, Interrupted; DomainError and FileStoreError where it has to wait
        a little; whatever else is a bug. A job with MAX_FAILURES failures is to be given up.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is done at once, and how long things are waited for, in seconds."""

    concurrency: int = 2
    """How many jobs are carried out at once."""
    poll: float = 1.0
    """How long nothing is looked for after nothing was found."""
    lease: float = 120.0
    """How long nobody else goes on with a job, unless the lease is renewed."""


class Worker:
    """Carries out one kind of work. Any number of processes may do so on the same storage."""

    def __init__(
        self, storage: Storage, work: Work, pace: Pace | None = None, *, clock: Clock | None = None
    ) -> None:
        """`clock` takes the place of the database's."""
        self._storage = storage
        self._work = work
        self._pace = pace or Pace()
        self._clock = clock
        self._caller: Caller = system(work.queue, work.queue)
        self._log = logging.getLogger(f"aicmo.{work.queue}")
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_failed = False

    async def run(self) -> None:
        """Go on until told to stop. What is under way is stored, or given back."""
        try:
            while not self._stopping.is_set():
                await self._wait(await self._try_to_claim())
        finally:
            await self._end()

    def stop(self) -> None:
        """Let `run` end. Cancelling it would be forgotten where it meets a commit."""
        self._stopping.set()
        self._has_room.set()

    async def step(self) -> bool:
        """Claim what is due, and begin with it; whether there was anything."""
        room = self._pace.concurrency - len(self._running)
        if room <= 0:
            return False
        set_deadline(STORAGE_SECONDS)
        repositories = self._storage.as_(self._caller)
        # A server with nothing to do takes no turn of those who write.
        async with repositories.read(single_statement=True) as snapshot:
            now = None if self._clock is None else self._clock()
            if not await snapshot.queue(self._work.queue).has_due(now):
                return False
        lease = timedelta(seconds=self._pace.lease)

        async def work(unit: UnitOfWork) -> Sequence[Job]:
            jobs = unit.queue(self._work.queue)
            now = await jobs.time(unit.now) if self._clock is None else self._clock()
            return await jobs.claim(room, lease, now)

        jobs = await repositories.write(work)
        for job in jobs:
            task = asyncio.create_task(self._carry_out(job))
            self._running.add(task)
            task.add_done_callback(self._discard)
        return bool(jobs)

    async def settle(self) -> None:
        """Do all that can be done at this time. For tests, and for commands that end."""
        while await self.step() or self._running:
            if self._running:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def _discard(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._has_room.set()

    async def _try_to_claim(self) -> bool:
        try:
            found = await self.step()
            self._has_failed = False
        except DomainError as error:
            if not self._has_failed:
                self._log.warning("%s have to wait: %s", self._work.queue, error)
            self._has_failed = True
            return False
        except Exception:  # noqa: BLE001 - it's logged, and tried again
            self._log.exception("unexpected error of %s", self._work.queue)
            return False
        return found

    async def _wait(self, is_busy: bool) -> None:
        """Until there may be more to do, or it's told to stop."""
        if is_busy and len(self._running) < self._pace.concurrency:
            await asyncio.sleep(0)
            return
        self._has_room.clear()
        if self._stopping.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.poll):
                await self._has_room.wait()

    async def _carry_out(self, job: Job) -> None:
        lease = Lease(
            self._storage,
            self._work.queue,
            job,
            self._pace.lease,
            self._stopping,
            clock=self._clock,
            storage_seconds=STORAGE_SECONDS,
        )
        name = f"{self._work.name} {job.key}"
        try:
            await self._while_held(lease)
        except LeaseLost:
            self._log.warning("another process has taken over the %s", name)
        except (Interrupted, asyncio.CancelledError):
            await self._release(lease, 0.0)
        except (DomainError, FileStoreError) as error:
            if await self._release(lease, PAUSE):
                self._log.warning("the %s has to wait: %s", name, error)
        except Exception:  # noqa: BLE001 - it's logged, and tried again
            self._log.exception("unexpected error of the %s", name)
            pause = PAUSE * 2 ** min(lease.failures, _MAX_DOUBLINGS)
            await self._release(lease, pause, lease.failures + 1)

    async def _while_held(self, lease: Lease) -> None:
        """Carry it out, and renew the lease meanwhile."""
        ended = asyncio.Event()
        work = asyncio.create_task(self._work.carry_out(lease))
        keeping = asyncio.create_task(lease.keep(ended))
        try:
            await asyncio.wait({work, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.set()
            work.cancel()
            await asyncio.wait({work, keeping})
        kept = keeping.exception()
        if not work.cancelled():
            work.result()
        elif kept is not None:
            raise kept

    async def _release(self, lease: Lease, after: float, failures: int | None = None) -> bool:
        """Whether the job is given back; otherwise it's due again when its lease ends."""
        try:
            await lease.release(after, failures)
        except DomainError as error:
            self._log.warning(
                "the %s %s has to wait until its lease ends: %s",
                self._work.name,
                lease.job.key,
                error,
            )
            return False
        return True

    async def _end(self) -> None:
        """Let what is under way come to its next transaction, and then cancel it."""
        self._stopping.set()
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=_GRACE)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
