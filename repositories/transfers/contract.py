"""The protocols of the repositories of transfers."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from domain.transfers import Export, Import
from repositories.contract import EntityReads, EntityRepository
from repositories.jobs import Job, JobQueue, JobReads


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


class ResultLines(NamedTuple):
    """A chunk of a result file: the lines that one transaction has stored."""

    position: int
    """Those that were stored later have a higher one."""
    text: str


class TransferJobReads(JobReads, Protocol):
    """Reading what there is to do, and the lines of result files until these are made."""

    async def lines(self, transfer_id: str, after: int, limit: int) -> Sequence[ResultLines]:
        """The next `limit` chunks of lines after a position, in order; all are after 0."""
        ...


class TransferJobQueue(TransferJobReads, JobQueue, Protocol):
    """The work on transfers, inside a unit of work. A job that ends takes its lines with it."""

    async def add_lines(self, job: Job, text: str) -> None:
        """Store lines of the result file, after those that are there."""
        ...

    async def remove_lines(self, job: Job) -> None:
        """Remove all lines of the result file."""
        ...
