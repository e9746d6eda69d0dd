"""Transfers in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.callers import Caller
from domain.transfers import Export, Import
from repositories.memory.repository import MemoryRepository
from repositories.memory.session import MemorySession
from repositories.transfers.contract import Job, ResultLines

_JOBS = "transfer_jobs"
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


class _Kept(NamedTuple):
    job: Job
    due_at: datetime


class MemoryJobRepository:
    """The work on transfers, as one session sees it."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def time(self, now: datetime) -> datetime:
        return now

    async def has_any(self) -> bool:
        return bool(self._jobs)

    async def add(self, transfer_id: str, caller: Caller, now: datetime) -> None:
        job = Job(transfer_id=transfer_id, token=0, caller=caller, failures=0)
        self._session.mutable_table(_JOBS)[transfer_id] = _Kept(job, now)

    async def claim(self, limit: int, lease: timedelta, now: datetime) -> Sequence[Job]:
        due = [it for it in self._jobs.values() if it.due_at <= now]
        found = sorted(due, key=lambda it: it.due_at)[:limit]
        claimed = [it.job._replace(token=it.job.token + 1) for it in found]
        for job in claimed:
            self._keep(job, now + lease)
        return claimed

    async def renew(self, job: Job, until: datetime, failures: int) -> bool:
        if not self._is_held(job):
            return False
        self._keep(job._replace(failures=failures), until)
        return True

    async def release(self, job: Job, due_at: datetime, failures: int) -> None:
        await self.renew(job, due_at, failures)

    async def add_lines(self, job: Job, text: str) -> None:
        lines = self._session.mutable_table(_LINES)
        lines[job.transfer_id] = (*lines.get(job.transfer_id, ()), text)

    async def remove_lines(self, job: Job) -> None:
        self._session.mutable_table(_LINES).pop(job.transfer_id, None)

    async def remove(self, job: Job) -> None:
        if self._is_held(job):
            del self._session.mutable_table(_JOBS)[job.transfer_id]
            await self.remove_lines(job)

    async def lines(self, transfer_id: str, after: int, limit: int) -> Sequence[ResultLines]:
        stored: Sequence[str] = self._session.table(_LINES).get(transfer_id, ())
        found = stored[after : after + limit]
        return [ResultLines(position, text) for position, text in enumerate(found, after + 1)]

    @property
    def _jobs(self) -> Mapping[str, _Kept]:
        return self._session.table(_JOBS)

    def _is_held(self, job: Job) -> bool:
        kept = self._jobs.get(job.transfer_id)
        return kept is not None and kept.job.token == job.token

    def _keep(self, job: Job, due_at: datetime) -> None:
        self._session.mutable_table(_JOBS)[job.transfer_id] = _Kept(job, due_at)
