"""Transfers as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from domain import transfers
from domain.bulk import ErrorPolicy
from domain.files import ByteCount
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.fields import reference
from schema.history.fields import as_of, history
from schema.node import StoredEntity, created_at, revision, updated_at
from schema.transfers.enums import TransferEntity, TransferStatus

if TYPE_CHECKING:
    from schema.files.types import File
    from schema.history.types import EventConnection


def _error() -> Any:
    return strawberry.field(description="Why it failed; null where it didn't.")


def _finished_at() -> Any:
    return strawberry.field(description="When it ended; null before. Its file is there soon after.")


@strawberry.type(
    description=(
        "An import of a file of JSON Lines: each line is saved as an entity, in the order of the "
        "lines, in the name of the caller who started it."
    )
)
class Import(StoredEntity):
    record_type = transfers.Import

    import_id: strawberry.ID = strawberry.field(description="The business key of the import.")
    client_id: strawberry.ID | None = strawberry.field(
        description="The client of the file, whom the result file belongs to as well."
    )
    file_id: strawberry.ID = strawberry.field(description="The key of the file that is read.")
    entity: TransferEntity = strawberry.field(description="What its lines are saved as.")
    error_policy: ErrorPolicy = strawberry.field(
        description="What becomes of the other lines when some are refused."
    )
    created_by: str = strawberry.field(description="The id of the caller who started it.")
    status: TransferStatus = strawberry.field(description="What has become of it.")
    bytes_done: ByteCount = strawberry.field(description="How many bytes were read so far.")
    bytes_total: ByteCount = strawberry.field(
        description=(
            "How many bytes are to be read: with REJECT_EVERYTHING twice those of the file, which "
            "is checked before anything is saved."
        )
    )
    line_count: int = strawberry.field(
        description=(
            "How many lines were looked at. It begins anew when saving begins after the check."
        )
    )
    saved_count: int = strawberry.field(description="How many lines were saved.")
    rejected_count: int = strawberry.field(description="How many lines were refused.")
    error: str | None = _error()
    result_file_id: strawberry.ID | None = strawberry.field(
        description="The key of the result file; null before it's there."
    )
    finished_at: datetime | None = _finished_at()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions([transfers.CANCEL_IMPORT])
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Import | None = as_of()
    file: Annotated[File, strawberry.lazy("schema.files.types")] | None = reference(
        "The file that is read; null where it was removed since.",
        key="file_id",
        entity_type=Entities.files,
    )
    result_file: Annotated[File, strawberry.lazy("schema.files.types")] | None = reference(
        "The file of JSON Lines that says what became of each line; null before it's there, and "
        "where it was removed since.",
        key="result_file_id",
        entity_type=Entities.files,
    )


@strawberry.type(
    description=(
        "An export of entities to a file of JSON Lines, which an import takes: a line for each "
        "that the caller sees who started it, in the order of their keys."
    )
)
class Export(StoredEntity):
    record_type = transfers.Export

    export_id: strawberry.ID = strawberry.field(description="The business key of the export.")
    client_id: strawberry.ID | None = strawberry.field(
        description="The client whose entities it has, and whom its file belongs to; null: any."
    )
    entity: TransferEntity = strawberry.field(description="What is exported.")
    filter: JSON = strawberry.field(
        description="The conditions on what is exported; `{}` where there are none."
    )
    created_by: str = strawberry.field(description="The id of the caller who started it.")
    status: TransferStatus = strawberry.field(description="What has become of it.")
    row_count: int = strawberry.field(description="How many entities it has so far.")
    last_key: str | None = strawberry.field(
        description="The key of the last entity that it has; null before the first."
    )
    error: str | None = _error()
    result_file_id: strawberry.ID | None = strawberry.field(
        description="The key of the file; null before it's there."
    )
    finished_at: datetime | None = _finished_at()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions([transfers.CANCEL_EXPORT])
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Export | None = as_of()
    result_file: Annotated[File, strawberry.lazy("schema.files.types")] | None = reference(
        "The file; null before it's there, and where it was removed since.",
        key="result_file_id",
        entity_type=Entities.files,
    )
