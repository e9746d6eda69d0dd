"""Transfers: what was started is carried out by whichever process claims it.

What waits is a row that is due. A process claims it with a lease and a token; what a killed process
had claimed is due again when the lease ends, and goes on from what was stored last.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain import transfers
from domain.callers import system
from domain.errors import DomainError
from domain.sources import Clock
from domain.transfers import Export, Import, TransferStatus
from files.store import FileStore, FileStoreError
from orchestration.exports import Exporter
from orchestration.formats import TransferFormat
from orchestration.imports import Importer
from orchestration.leases import Interrupted, Lease, LeaseLost
from orchestration.result_files import end
from repositories.deadlines import set_deadline
from repositories.transfers.contract import Job
from repositories.unit_of_work import Storage, UnitOfWork

_CALLER: Final = system("transfers", "transfers")
_STORAGE_SECONDS: Final = 60.0
"""How long storage may take for one part of the work."""
_PAUSE: Final = 5.0
"""How long to wait, in seconds, after storage or the store wasn't to be had."""
_MAX_DOUBLINGS: Final = 6
"""How often the pause is doubled after bugs."""
_MAX_FAILURES: Final = 3
"""How often in succession a bug may end the work on a transfer until it's given up."""
_GIVEN_UP: Final = "The server failed to go on with it. Its operators find the reason in the log."
_GRACE: Final = 3.0
"""How long a transaction may take, in seconds, when the process ends."""

log = logging.getLogger("aicmo.transfers")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPace:
    """How much is done at once, and how long things are waited for, in seconds."""

    concurrency: int = 2
    """How many transfers are carried out at once."""
    poll: float = 1.0
    """How long nothing is looked for after nothing was found."""
    lease: float = 120.0
    """How long nobody else goes on with a transfer, unless the lease is renewed."""


class Transfers:
    """Carries out transfers. Any number of processes may do so on the same storage and store."""

    def __init__(
        self,
        storage: Storage,
        store: FileStore,
        format: TransferFormat,
        pace: TransferPace | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """`clock` takes the place of the database's."""
        self._storage = storage
        self._store = store
        self._importer = Importer(store, format)
        self._exporter = Exporter(format)
        self._pace = pace or TransferPace()
        self._clock = clock
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
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

    async def step(self) -> bool:
        """Claim what is due, and begin with it; whether there was anything."""
        room = self._pace.concurrency - len(self._running)
        if room <= 0:
            return False
        set_deadline(_STORAGE_SECONDS)
        repositories = self._storage.as_(_CALLER)
        # A server with nothing to do takes no turn of those who write.
        async with repositories.read(single_statement=True) as snapshot:
            if not await snapshot.jobs.has_any():
                return False
        lease = timedelta(seconds=self._pace.lease)

        async def work(unit: UnitOfWork) -> Sequence[Job]:
            now = await unit.jobs.time(unit.now) if self._clock is None else self._clock()
            return await unit.jobs.claim(room, lease, now)

        jobs = await repositories.write(work)
        for job in jobs:
            task = asyncio.create_task(self._carry_out(job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return bool(jobs)

    async def settle(self) -> None:
        """Do all that can be done at this time. For tests, and for commands that end."""
        while await self.step() or self._running:
            if self._running:
                await asyncio.wait(self._running)

    async def _try_to_claim(self) -> bool:
        try:
            found = await self.step()
            self._has_failed = False
        except DomainError as error:
            if not self._has_failed:
                log.warning("transfers have to wait: %s", error)
            self._has_failed = True
            return False
        except Exception:
            log.exception("unexpected error of transfers")
            return False
        return found

    async def _wait(self, is_busy: bool) -> None:
        """Until there may be more to do, or it's told to stop."""
        if is_busy and len(self._running) < self._pace.concurrency:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.poll):
                await self._stopping.wait()

    async def _carry_out(self, job: Job) -> None:
        lease = Lease(
            self._storage,
            job,
            self._pace.lease,
            self._stopping,
            clock=self._clock,
            storage_seconds=_STORAGE_SECONDS,
        )
        try:
            await self._while_held(lease)
        except LeaseLost:
            log.warning("another process has taken over the transfer %s", job.transfer_id)
        except (Interrupted, asyncio.CancelledError):
            await self._release(lease, 0.0, job.failures)
        except (DomainError, FileStoreError) as error:
            log.warning("the transfer %s has to wait: %s", job.transfer_id, error)
            await self._release(lease, _PAUSE, job.failures)
        except Exception:
            log.exception("unexpected error of the transfer %s", job.transfer_id)
            pause = _PAUSE * 2 ** min(job.failures, _MAX_DOUBLINGS)
            await self._release(lease, pause, job.failures + 1)

    async def _while_held(self, lease: Lease) -> None:
        """Carry it out, and renew the lease meanwhile."""
        ended = asyncio.Event()
        work = asyncio.create_task(self._go_on(lease))
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

    async def _go_on(self, lease: Lease) -> None:
        stored = await lease.write(lambda unit: self._begun(unit, lease), lease.job.failures)
        is_given_up = lease.job.failures >= _MAX_FAILURES
        if isinstance(stored, Import):
            if is_given_up:
                stored = await self._importer.fail(lease, stored, _GIVEN_UP)
            await end(lease, self._store, await self._importer.run(lease, stored))
        elif stored is not None:
            if is_given_up:
                stored = await self._exporter.fail(lease, stored, _GIVEN_UP)
            await end(lease, self._store, await self._exporter.run(lease, stored))

    async def _begun(self, unit: UnitOfWork, lease: Lease) -> Import | Export | None:
        """The transfer, which runs from now on; None: it's gone, and so is the job."""
        key = lease.job.transfer_id
        if (started := await unit.imports.get_for_update(key)) is not None:
            is_pending = started.status is TransferStatus.PENDING
            new = transfers.begun(started, unit.now)
            return await unit.imports.save(new) if is_pending else started
        if (exported := await unit.exports.get_for_update(key)) is not None:
            is_pending = exported.status is TransferStatus.PENDING
            new_export = transfers.begun(exported, unit.now)
            return await unit.exports.save(new_export) if is_pending else exported
        await unit.jobs.remove(lease.job)
        return None

    async def _release(self, lease: Lease, after: float, failures: int) -> None:
        try:
            await lease.release(after, failures)
        except DomainError as error:  # it's due again when the lease ends
            log.warning("the transfer %s isn't given back: %s", lease.job.transfer_id, error)

    async def _end(self) -> None:
        """Let what is under way come to its next transaction, and then cancel it."""
        self._stopping.set()
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=_GRACE)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
