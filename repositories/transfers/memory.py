"""Transfers in memory."""

from collections.abc import Collection, Sequence

from domain.transfers import Export, Import
from repositories.jobs import Job
from repositories.memory.jobs import MemoryJobQueue
from repositories.memory.repository import MemoryRepository
from repositories.transfers.contract import ResultLines

_LINES = "transfer_lines"


class MemoryImportRepository(MemoryRepository[Import]):
    record_type = Import
    table_name = "imports"

    async def files_in_use(self, file_ids: Collection[str]) -> frozenset[str]:
        await self._session.scan()
        return frozenset(
            it.file_id
            for it in self._records.values()
            if it.finished_at is None and it.file_id in file_ids
        )


class MemoryExportRepository(MemoryRepository[Export]):
    record_type = Export
    table_name = "exports"


class MemoryTransferJobs(MemoryJobQueue):
    table_name = "transfer_jobs"

    async def add_lines(self, job: Job, text: str) -> None:
        lines = self._session.mutable_table(_LINES)
        lines[job.key] = (*lines.get(job.key, ()), text)

    async def remove_lines(self, job: Job) -> None:
        self._session.mutable_table(_LINES).pop(job.key, None)

    async def remove(self, job: Job) -> bool:
        is_removed = await super().remove(job)
        if is_removed:
            await self.remove_lines(job)
        return is_removed

    async def lines(self, transfer_id: str, after: int, limit: int) -> Sequence[ResultLines]:
        stored: Sequence[str] = self._session.table(_LINES).get(transfer_id, ())
        found = stored[after : after + limit]
        return [ResultLines(position, text) for position, text in enumerate(found, after + 1)]
