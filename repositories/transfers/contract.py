"""The protocols of the repositories of transfers."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from domain.callers import Caller
from domain.transfers import Export, Import
from repositories.contract import EntityReads, EntityRepository


class ImportReads(EntityReads[Import], Protocol):
    """Reads imports, by `import_id`."""

    async def files_in_use(self, file_ids: Collection[str]) -> frozenset[str]:
        """Those of the files that imports which haven't ended are to read."""
        ...


class ImportRepository(ImportReads, EntityRepository[Import], Protocol):
    """Reads, saves and deletes imports."""


class ExportReads(EntityReads[Export], Protocol):
    """Reads exports, by `export_id`."""


class ExportRepository(ExportReads, EntityRepository[Export], Protocol):
    """Reads, saves and deletes exports."""


class Job(NamedTuple):
    """A transfer that one server may carry out, until its lease ends.

    Only who has the newest `token` may store what came of it.
    """

    transfer_id: str
    token: int
    caller: Caller
    """In whose name it's carried out."""
    failures: int
    """How often in succession a bug has ended it."""


class ResultLines(NamedTuple):
    """A chunk of a result file: the lines that one transaction has stored."""

    position: int
    """Those that were stored later have a higher one."""
    text: str


class JobReads(Protocol):
    """Reading what there is to do, and the lines of result files until these are made."""

    async def has_any(self) -> bool:
        """Whether there are jobs, due or not."""
        ...

    async def lines(self, transfer_id: str, after: int, limit: int) -> Sequence[ResultLines]:
        """The next `limit` chunks of lines after a position, in order; all are after 0."""
        ...


class JobRepository(JobReads, Protocol):
    """The work on transfers, inside a unit of work.

    Methods that take `now` take the time that `time` gave in the same unit of work.
    """

    async def time(self, now: datetime) -> datetime:
        """The present time: PostgreSQL's, since several servers may share it, or else `now`."""
        ...

    async def add(self, transfer_id: str, caller: Caller, now: datetime) -> None:
        """Have the transfer carried out in the name of the caller, from now on."""
        ...

    async def claim(self, limit: int, lease: timedelta, now: datetime) -> Sequence[Job]:
        """Up to `limit` jobs that are due, those that are so for longest first.

        They are due again when the lease ends, unless it's renewed before. Those that others claim
        at this time aren't among them.
        """
        ...

    async def renew(self, job: Job, until: datetime, failures: int) -> bool:
        """Hold the job until then; False where somebody has claimed it since, or it has ended.

        Nobody claims it before this unit of work ends.
        """
        ...

    async def release(self, job: Job, due_at: datetime, failures: int) -> None:
        """Let it be due at this time, unless somebody has claimed it since."""
        ...

    async def add_lines(self, job: Job, text: str) -> None:
        """Store lines of the result file, after those that are there."""
        ...

    async def remove_lines(self, job: Job) -> None:
        """Remove all lines of the result file."""
        ...

    async def remove(self, job: Job) -> None:
        """End the job, and remove its lines."""
        ...
