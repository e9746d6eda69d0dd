"""Inputs for transfers: commands, filters and orders."""

from __future__ import annotations

from enum import StrEnum

import strawberry
from strawberry.scalars import JSON

from domain import transfers
from domain.bulk import ErrorPolicy
from repositories.criteria import Direction
from schema.commands import command_input, expected_revision, optional, required
from schema.descriptions import JSON_OBJECT, KEY, describe_enum
from schema.filtering import (
    ALL_HOLD,
    ByteCountFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    NullableDateTimeFilter,
    NullableIDFilter,
    NullableStringFilter,
    StringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.transfers.enums import TransferEntity, TransferStatus


@command_input(transfers.StartImport, "Which file is imported, and how.")
class StartImportInput:
    file_id: strawberry.ID = required(
        "The file: JSON Lines in UTF-8, each of them a JSON object with the fields of the input of "
        "the mutation that saves a single entity.",
        KEY,
    )
    entity: TransferEntity = required("What its lines are saved as.")
    error_policy: ErrorPolicy | None = optional(
        "What becomes of the rest when lines are refused. Left out, REJECT_EVERYTHING: all lines "
        "are checked before any is saved. What only shows when a line is saved, such as an "
        "`expectedRevision`, then ends the import; what was saved before that stays."
    )


@command_input(transfers.CancelImport, "Which import to cancel.")
class CancelImportInput:
    import_id: strawberry.ID = required("The import that is cancelled.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(transfers.StartExport, "What is exported.")
class StartExportInput:
    entity: TransferEntity = required("What is exported.")
    filter: JSON | None = optional(
        "Only those that match: an object with the fields of the filter of a list of such "
        "entities, such as `DraftFilter`. Left out, all.",
        JSON_OBJECT,
    )
    client_id: strawberry.ID | None = optional(
        "The client whose entities are exported, and whom the file belongs to. Callers who are "
        "bound to clients have to name one of theirs. Left out, those of all clients, in a file "
        "that only callers see who see all clients.",
        KEY,
    )


@command_input(transfers.CancelExport, "Which export to cancel.")
class CancelExportInput:
    export_id: strawberry.ID = required("The export that is cancelled.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on the status of a transfer; {ALL_HOLD}")
class TransferStatusFilter(EnumFilter[TransferStatus]):
    pass


@strawberry.input(description=f"Conditions on what lines are; {ALL_HOLD}")
class TransferEntityFilter(EnumFilter[TransferEntity]):
    pass


@strawberry.input(description=f"Conditions on an error policy; {ALL_HOLD}")
class ErrorPolicyFilter(EnumFilter[ErrorPolicy]):
    pass


@strawberry.input(description=f"Conditions on imports; {ALL_HOLD}")
class ImportFilter:
    import_id: IDFilter | None = on("importId")
    client_id: NullableIDFilter | None = on("clientId")
    file_id: IDFilter | None = on("fileId")
    entity: TransferEntityFilter | None = on("entity")
    error_policy: ErrorPolicyFilter | None = on("errorPolicy")
    created_by: StringFilter | None = on("createdBy")
    status: TransferStatusFilter | None = on("status")
    bytes_done: ByteCountFilter | None = on("bytesDone")
    bytes_total: ByteCountFilter | None = on("bytesTotal")
    line_count: IntFilter | None = on("lineCount")
    saved_count: IntFilter | None = on("savedCount")
    rejected_count: IntFilter | None = on("rejectedCount")
    error: NullableStringFilter | None = on("error")
    result_file_id: NullableIDFilter | None = on("resultFileId")
    finished_at: NullableDateTimeFilter | None = on("finishedAt")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[ImportFilter] | None = all_of()
    or_: list[ImportFilter] | None = any_of()
    not_: ImportFilter | None = none_of()


class ImportOrderField(StrEnum):
    IMPORT_ID = "import_id"
    FILE_ID = "file_id"
    ENTITY = "entity"
    ERROR_POLICY = "error_policy"
    CREATED_BY = "created_by"
    STATUS = "status"
    BYTES_DONE = "bytes_done"
    BYTES_TOTAL = "bytes_total"
    LINE_COUNT = "line_count"
    SAVED_COUNT = "saved_count"
    REJECTED_COUNT = "rejected_count"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    ImportOrderField,
    "What imports can be ordered by.",
    IMPORT_ID="By `importId`.",
    FILE_ID="By `fileId`.",
    ENTITY="By the name of the `entity`.",
    ERROR_POLICY="By the name of the `errorPolicy`.",
    CREATED_BY="By `createdBy`.",
    STATUS="By the name of the `status`.",
    BYTES_DONE="By `bytesDone`.",
    BYTES_TOTAL="By `bytesTotal`.",
    LINE_COUNT="By `lineCount`.",
    SAVED_COUNT="By `savedCount`.",
    REJECTED_COUNT="By `rejectedCount`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of imports.")
class ImportOrder:
    field: ImportOrderField = order_field()
    direction: Direction = order_direction()


@strawberry.input(description=f"Conditions on exports; {ALL_HOLD}")
class ExportFilter:
    export_id: IDFilter | None = on("exportId")
    client_id: NullableIDFilter | None = on("clientId")
    entity: TransferEntityFilter | None = on("entity")
    created_by: StringFilter | None = on("createdBy")
    status: TransferStatusFilter | None = on("status")
    row_count: IntFilter | None = on("rowCount")
    last_key: NullableStringFilter | None = on("lastKey")
    error: NullableStringFilter | None = on("error")
    result_file_id: NullableIDFilter | None = on("resultFileId")
    finished_at: NullableDateTimeFilter | None = on("finishedAt")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[ExportFilter] | None = all_of()
    or_: list[ExportFilter] | None = any_of()
    not_: ExportFilter | None = none_of()


class ExportOrderField(StrEnum):
    EXPORT_ID = "export_id"
    ENTITY = "entity"
    CREATED_BY = "created_by"
    STATUS = "status"
    ROW_COUNT = "row_count"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    ExportOrderField,
    "What exports can be ordered by.",
    EXPORT_ID="By `exportId`.",
    ENTITY="By the name of the `entity`.",
    CREATED_BY="By `createdBy`.",
    STATUS="By the name of the `status`.",
    ROW_COUNT="By `rowCount`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of exports.")
class ExportOrder:
    field: ExportOrderField = order_field()
    direction: Direction = order_direction()
