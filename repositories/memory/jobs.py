"""The jobs of a queue in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from domain.callers import Caller
from domain.sources import utc_now
from repositories.jobs import Job
from repositories.memory.session import MemorySession


class _Kept(NamedTuple):
    job: Job
    due_at: datetime | None
    is_leased: bool


class MemoryJobQueue:
    """The work of one queue, as one session sees it."""

    table_name: ClassVar[str]

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def time(self, now: datetime) -> datetime:
        return now

    async def has_due(self, now: datetime | None) -> bool:
        return bool(self._due(now or utc_now()))

    async def add(self, key: str, caller: Caller, now: datetime) -> None:
        self._keep(Job(key=key, token=0, caller=caller, failures=0), now, is_leased=False)

    async def claim(self, limit: int, lease: timedelta, now: datetime) -> Sequence[Job]:
        claimed = [it._replace(token=it.token + 1) for it in self._due(now)[:limit]]
        for job in claimed:
            self._keep(job, now + lease, is_leased=True)
        return claimed

    async def renew(self, job: Job, lease: timedelta, now: datetime | None, failures: int) -> bool:
        if not self._is_held(job):
            return False
        until = (now or utc_now()) + lease
        self._keep(job._replace(failures=failures), until, is_leased=True)
        return True

    async def release(self, job: Job, due_at: datetime | None, failures: int) -> None:
        if self._is_held(job):
            self._keep(job._replace(failures=failures), due_at, is_leased=False)

    async def wake(self, keys: Collection[str], now: datetime) -> int:
        found = [self._jobs[key] for key in keys if key in self._jobs]
        for kept in found:
            if not kept.is_leased:
                self._keep(kept.job, now, is_leased=False)
        return len(found)

    async def remove(self, job: Job) -> bool:
        if not self._is_held(job):
            return False
        del self._session.mutable_table(self.table_name)[job.key]
        return True

    @property
    def _jobs(self) -> Mapping[str, _Kept]:
        return self._session.table(self.table_name)

    def _due(self, now: datetime) -> Sequence[Job]:
        due = [
            (it.due_at, it.job)
            for it in self._jobs.values()
            if it.due_at is not None and it.due_at <= now
        ]
        return [job for _, job in sorted(due, key=lambda it: it[0])]

    def _is_held(self, job: Job) -> bool:
        kept = self._jobs.get(job.key)
        return kept is not None and kept.job.token == job.token

    def _keep(self, job: Job, due_at: datetime | None, *, is_leased: bool) -> None:
        self._session.mutable_table(self.table_name)[job.key] = _Kept(job, due_at, is_leased)
