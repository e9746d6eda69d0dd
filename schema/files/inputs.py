"""Inputs for files: commands, filters and orders."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from domain import files
from domain.files import MAX_BYTES, MEDIA_TYPE_LENGTH, ByteCount
from repositories.criteria import Direction
from schema.commands import command_input, optional, required
from schema.descriptions import KEY, NAME, describe_enum
from schema.files.enums import UploadFailure, UploadStatus
from schema.filtering import (
    ALL_HOLD,
    ByteCountFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    NullableIDFilter,
    StringFilter,
    all_of,
    any_of,
    is_null,
    none_of,
    on,
    order_direction,
    order_field,
)


@command_input(files.CreateUpload, "What is going to be uploaded.")
class CreateUploadInput:
    name: str = required("What the file is called, without a path.", NAME)
    media_type: str = required(
        "What it is, such as `application/pdf`: in lower case, without parameters.",
        f"At most {MEDIA_TYPE_LENGTH} characters, not blank.",
    )
    size: ByteCount = required(
        f"How many bytes it has, from 0 to {MAX_BYTES:,}; servers have lower limits."
    )
    sha256: str = required("The SHA-256 hash of its bytes: 64 hexadecimal digits in lower case.")
    client_id: strawberry.ID | None = optional(
        "The client whom the file belongs to. Callers who are bound to clients have to name one of "
        "theirs. Left out, only callers who see all clients see the file.",
        KEY,
    )


@command_input(files.CompleteUpload, "Which upload is completed.")
class CompleteUploadInput:
    upload_id: strawberry.ID = required("The upload whose bytes were sent.", KEY)


@strawberry.input(description=f"Conditions on files; {ALL_HOLD}")
class FileFilter:
    file_id: IDFilter | None = on("fileId")
    client_id: NullableIDFilter | None = on("clientId")
    name: StringFilter | None = on("name")
    media_type: StringFilter | None = on("mediaType")
    size: ByteCountFilter | None = on("size")
    sha256: StringFilter | None = on("sha256")
    created_by: StringFilter | None = on("createdBy")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[FileFilter] | None = all_of()
    or_: list[FileFilter] | None = any_of()
    not_: FileFilter | None = none_of()


class FileOrderField(StrEnum):
    FILE_ID = "file_id"
    NAME = "name"
    MEDIA_TYPE = "media_type"
    SIZE = "size"
    SHA256 = "sha256"
    CREATED_BY = "created_by"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    FileOrderField,
    "What files can be ordered by.",
    FILE_ID="By `fileId`.",
    NAME="By `name`.",
    MEDIA_TYPE="By `mediaType`.",
    SIZE="By `size`.",
    SHA256="By `sha256`.",
    CREATED_BY="By `createdBy`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of files.")
class FileOrder:
    field: FileOrderField = order_field()
    direction: Direction = order_direction()


@strawberry.input(description=f"Conditions on the status of an upload; {ALL_HOLD}")
class UploadStatusFilter(EnumFilter[UploadStatus]):
    pass


@strawberry.input(description=f"Conditions on why an upload failed; {ALL_HOLD}")
class NullableUploadFailureFilter(EnumFilter[UploadFailure]):
    is_null: bool | None = is_null()


@strawberry.input(description=f"Conditions on uploads; {ALL_HOLD}")
class UploadFilter:
    upload_id: IDFilter | None = on("uploadId")
    client_id: NullableIDFilter | None = on("clientId")
    name: StringFilter | None = on("name")
    media_type: StringFilter | None = on("mediaType")
    size: ByteCountFilter | None = on("size")
    sha256: StringFilter | None = on("sha256")
    created_by: StringFilter | None = on("createdBy")
    status: UploadStatusFilter | None = on("status")
    failure: NullableUploadFailureFilter | None = on("failure")
    expires_at: DateTimeFilter | None = on("expiresAt")
    file_id: NullableIDFilter | None = on("fileId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[UploadFilter] | None = all_of()
    or_: list[UploadFilter] | None = any_of()
    not_: UploadFilter | None = none_of()


class UploadOrderField(StrEnum):
    UPLOAD_ID = "upload_id"
    NAME = "name"
    MEDIA_TYPE = "media_type"
    SIZE = "size"
    SHA256 = "sha256"
    CREATED_BY = "created_by"
    STATUS = "status"
    EXPIRES_AT = "expires_at"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    UploadOrderField,
    "What uploads can be ordered by.",
    UPLOAD_ID="By `uploadId`.",
    NAME="By `name`.",
    MEDIA_TYPE="By `mediaType`.",
    SIZE="By `size`.",
    SHA256="By `sha256`.",
    CREATED_BY="By `createdBy`.",
    STATUS="By the name of the `status`.",
    EXPIRES_AT="By `expiresAt`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of uploads.")
class UploadOrder:
    field: UploadOrderField = order_field()
    direction: Direction = order_direction()
