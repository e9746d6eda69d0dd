"""Transfers: imports of files whose lines are entities, and exports of entities as such files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar

from domain import validation as check
from domain.actions import Action, Check, Situation
from domain.bulk import ErrorPolicy
from domain.entity import Entity
from domain.errors import InvalidTransition
from domain.files import ByteCount, File
from domain.json_object import JsonObject

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
"""The longest line of an import."""
RESULT_MEDIA_TYPE: Final = "application/jsonl"


class TransferStatus(StrEnum):
    PENDING = "PENDING"
    """It waits for a server that carries it out."""
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    """All lines were looked at."""
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


UNFINISHED: Final = (TransferStatus.PENDING, TransferStatus.RUNNING)


class TransferEntity(StrEnum):
    """The entities of the pipeline, in its order."""

    BRIEF = "BRIEF"
    STRATEGY_PLAN = "STRATEGY_PLAN"
    CAMPAIGN = "CAMPAIGN"
    DRAFT = "DRAFT"
    QC_RESULT = "QC_RESULT"
    DELIVERY_PACKAGE = "DELIVERY_PACKAGE"


_OUTCOMES: Final[Mapping[TransferStatus, str]] = MappingProxyType(
    {
        TransferStatus.PENDING: "started",
        TransferStatus.RUNNING: "progressed",
        TransferStatus.SUCCEEDED: "succeeded",
        TransferStatus.FAILED: "failed",
        TransferStatus.CANCELLED: "cancelled",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Entity):
    """An import of a file: each of its lines is saved as an entity.

    With REJECT_EVERYTHING the file is read twice: it's checked before anything is stored.
    """

    entity_type: ClassVar[str] = "import"
    client_name: ClassVar[str | None] = "client_id"
    outcomes: ClassVar[tuple[str, ...]] = tuple(_OUTCOMES.values())
    key_name: ClassVar[str] = "import_id"

    import_id: str
    client_id: str | None
    """The client of the file, and of the result file; None: neither belongs to one."""
    file_id: str
    entity: TransferEntity
    error_policy: ErrorPolicy
    created_by: str
    """The id of the caller who started it, in whose name lines are saved."""
    status: TransferStatus
    bytes_done: ByteCount
    bytes_total: ByteCount
    """How many bytes are read in all."""
    line_count: int
    """How many lines were looked at, since the beginning of the file."""
    saved_count: int
    rejected_count: int
    error: str | None
    """Why it failed; None: it didn't."""
    result_file_id: str | None
    finished_at: datetime | None

    @property
    def outcome(self) -> str:
        return _OUTCOMES[self.status]

    @property
    def is_checked_first(self) -> bool:
        return self.error_policy is ErrorPolicy.REJECT_EVERYTHING

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self.bytes_total // 2 if self.is_checked_first else self.bytes_total

    @property
    def is_checking(self) -> bool:
        """Whether lines are only checked at present."""
        return self.is_checked_first and self.bytes_done < self.size

    @property
    def offset(self) -> int:
        """Where in the file the next line begins."""
        is_second = self.is_checked_first and not self.is_checking
        return self.bytes_done - (self.size if is_second else 0)

    @property
    def has_lines_left(self) -> bool:
        return self.status is TransferStatus.RUNNING and self.bytes_done < self.bytes_total


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Entity):
    """An export of entities: each becomes a line of a file, as an import takes it."""

    entity_type: ClassVar[str] = "export"
    client_name: ClassVar[str | None] = "client_id"
    outcomes: ClassVar[tuple[str, ...]] = tuple(_OUTCOMES.values())
    key_name: ClassVar[str] = "export_id"

    export_id: str
    client_id: str | None
    """The client whose entities it has, and whom its file belongs to; None: those of all."""
    entity: TransferEntity
    filter: JsonObject
    """The conditions on entities, as clients give them."""
    created_by: str
    """The id of the caller who started it, and whose view of the entities it has."""
    status: TransferStatus
    row_count: int
    last_key: str | None
    """The key of the last entity that it has; it goes on after that."""
    error: str | None
    """Why it failed; None: it didn't."""
    result_file_id: str | None
    finished_at: datetime | None

    @property
    def outcome(self) -> str:
        return _OUTCOMES[self.status]


Transfer = TypeVar("Transfer", Import, Export)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartExport:
    entity: TransferEntity
    filter: Mapping[str, Any] | None = None
    client_id: str | None = None

    def violations(self) -> check.Violations:
        yield from check.json_object("filter", self.filter)
        yield from check.optional_key("client_id", self.client_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelExport:
    export_id: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("export_id", self.export_id)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartImport:
    file_id: str
    entity: TransferEntity
    error_policy: ErrorPolicy = ErrorPolicy.REJECT_EVERYTHING

    def violations(self) -> check.Violations:
        return check.key("file_id", self.file_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelImport:
    import_id: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("import_id", self.import_id)
        yield from check.expected_revision(self.expected_revision)


def new_import(
    command: StartImport, file: File, import_id: str, created_by: str, now: datetime
) -> Import:
    """The import that the command starts."""
    passes = 2 if command.error_policy is ErrorPolicy.REJECT_EVERYTHING else 1
    return Import(
        import_id=import_id,
        client_id=file.client_id,
        file_id=file.file_id,
        entity=command.entity,
        error_policy=command.error_policy,
        created_by=created_by,
        status=TransferStatus.PENDING,
        bytes_done=ByteCount(0),
        bytes_total=ByteCount(passes * file.size),
        line_count=0,
        saved_count=0,
        rejected_count=0,
        error=None,
        result_file_id=None,
        finished_at=None,
        created_at=now,
        updated_at=now,
    )


def new_export(command: StartExport, export_id: str, created_by: str, now: datetime) -> Export:
    """The export that the command starts."""
    return Export(
        export_id=export_id,
        client_id=command.client_id,
        entity=command.entity,
        filter=JsonObject.of(command.filter or {}),
        created_by=created_by,
        status=TransferStatus.PENDING,
        row_count=0,
        last_key=None,
        error=None,
        result_file_id=None,
        finished_at=None,
        created_at=now,
        updated_at=now,
    )


def begun(stored: Transfer, now: datetime) -> Transfer:
    return replace(stored, status=TransferStatus.RUNNING, updated_at=now)


def progressed(
    stored: Import, *, offset: int, saved: int, rejected: int, lines: int, now: datetime
) -> Import:
    """The import after more lines of the file, up to the offset.

    Where all of it was checked, saving begins, unless a line was refused.
    """
    found = replace(
        stored,
        bytes_done=ByteCount(stored.bytes_done - stored.offset + offset),
        line_count=stored.line_count + lines,
        saved_count=stored.saved_count + saved,
        rejected_count=stored.rejected_count + rejected,
        updated_at=now,
    )
    if not stored.is_checking or found.is_checking:
        return found
    if found.rejected_count:
        some = f"{found.rejected_count:,} of {found.line_count:,} lines were refused"
        return failed(found, f"{some}, so nothing was stored.", now)
    return replace(found, line_count=0)


def exported(stored: Export, rows: int, last_key: str, now: datetime) -> Export:
    """The export after more entities."""
    row_count = stored.row_count + rows
    return replace(stored, row_count=row_count, last_key=last_key, updated_at=now)


def failed(stored: Transfer, error: str, now: datetime) -> Transfer:
    return replace(
        stored, status=TransferStatus.FAILED, error=error, finished_at=now, updated_at=now
    )


def _require_unfinished(stored: Import | Export, _: Situation) -> None:
    if stored.status not in {*UNFINISHED, TransferStatus.CANCELLED}:
        raise InvalidTransition("transfer", stored.status, TransferStatus.CANCELLED)


_UNFINISHED_OR_CANCELLED: Final = (Check("status", _require_unfinished),)

CANCEL_IMPORT: Final = Action("cancelImport", _UNFINISHED_OR_CANCELLED)
CANCEL_EXPORT: Final = Action("cancelExport", _UNFINISHED_OR_CANCELLED)


def cancelled(stored: Transfer, now: datetime) -> Transfer:
    """The transfer, which goes no further."""
    return replace(stored, status=TransferStatus.CANCELLED, finished_at=now, updated_at=now)


def ended(stored: Transfer, result_file_id: str, now: datetime) -> Transfer:
    """The transfer with its result file; it has succeeded, unless it ended before."""
    is_running = stored.status is TransferStatus.RUNNING
    return replace(
        stored,
        status=TransferStatus.SUCCEEDED if is_running else stored.status,
        result_file_id=result_file_id,
        finished_at=now if is_running else stored.finished_at,
        updated_at=now,
    )


def result_file(
    transfer: Import | Export, file_id: str, *, size: int, sha256: str, now: datetime
) -> File:
    """The file of the lines that the transfer has made."""
    return File(
        file_id=file_id,
        client_id=transfer.client_id,
        name=f"{getattr(transfer, transfer.key_name)}.jsonl",
        media_type=RESULT_MEDIA_TYPE,
        size=ByteCount(size),
        sha256=sha256,
        created_by=transfer.created_by,
        created_at=now,
        updated_at=now,
    )
