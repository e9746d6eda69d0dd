"""Transfers: what was started is carried out by whichever process claims it."""

from domain import transfers
from domain.sources import Clock
from domain.transfers import Export, Import, TransferStatus
from files.store import FileStore
from orchestration.exports import Exporter
from orchestration.formats import TransferFormat
from orchestration.imports import Importer
from orchestration.leases import Lease
from orchestration.result_files import end
from orchestration.workers import GIVEN_UP, MAX_FAILURES, Pace, Worker
from repositories.jobs import Queue
from repositories.unit_of_work import Storage, UnitOfWork


class Transfers(Worker):
    """Carries out transfers. Any number of processes may do so on the same storage and store."""

    def __init__(
        self,
        storage: Storage,
        store: FileStore,
        format: TransferFormat,
        pace: Pace | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """`clock` takes the place of the database's."""
        super().__init__(storage, _TransferWork(store, format), pace, clock=clock)


class _TransferWork:
    queue = Queue.TRANSFERS
    name = "transfer"

    def __init__(self, store: FileStore, format: TransferFormat) -> None:
        self._store = store
        self._importer = Importer(store, format)
        self._exporter = Exporter(format)

    async def carry_out(self, lease: Lease) -> None:
        is_given_up = lease.failures >= MAX_FAILURES
        stored = await lease.write(lambda unit: self._begun(unit, lease), is_progress=False)
        if isinstance(stored, Import):
            if is_given_up:
                stored = await self._importer.fail(lease, stored, GIVEN_UP)
            await end(lease, self._store, await self._importer.run(lease, stored))
        elif stored is not None:
            if is_given_up:
                stored = await self._exporter.fail(lease, stored, GIVEN_UP)
            await end(lease, self._store, await self._exporter.run(lease, stored))

    async def _begun(self, unit: UnitOfWork, lease: Lease) -> Import | Export | None:
        """The transfer, which runs from now on; None: it's gone, and so is the job."""
        key = lease.job.key
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
