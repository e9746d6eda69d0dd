"""Files that clients upload, and the uploads by which they came."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, NewType
from urllib.parse import quote

from domain import validation as check
from domain.entity import Entity
from domain.errors import UploadRejected, Violation

ByteCount = NewType("ByteCount", int)
"""A number of bytes: it may be more than 32 bits hold."""

MAX_BYTES: Final = 2**53 - 1
"""The largest number that every client of JSON reads exactly."""

MEDIA_TYPE_LENGTH: Final = 255
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
"""As types are registered (RFC 6838, section 4.2), in lower case."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UploadStatus(StrEnum):
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class UploadFailure(StrEnum):
    """Why an upload isn't completed."""

    NO_BYTES = "NO_BYTES"
    INCOMPLETE = "INCOMPLETE"
    WRONG_SIZE = "WRONG_SIZE"
    WRONG_SHA256 = "WRONG_SHA256"
    WRONG_MEDIA_TYPE = "WRONG_MEDIA_TYPE"
    EXPIRED = "EXPIRED"


_MESSAGES: Final[Mapping[UploadFailure, str]] = MappingProxyType(
    {
        UploadFailure.NO_BYTES: "no bytes were received yet",
        UploadFailure.INCOMPLETE: "not all bytes were received yet",
        UploadFailure.WRONG_SIZE: "more bytes were received than `size` says",
        UploadFailure.WRONG_SHA256: "what was received has another hash than `sha256` says",
        UploadFailure.WRONG_MEDIA_TYPE: "what was received isn't what `mediaType` says",
        UploadFailure.EXPIRED: "has expired: create another upload",
    }
)

ENDING: Final = frozenset(UploadFailure) - {UploadFailure.NO_BYTES, UploadFailure.INCOMPLETE}
"""The failures after which an upload can't be completed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Entity):
    """A file whose bytes are kept, and never change. Files with the same bytes share these."""

    entity_type: ClassVar[str] = "file"
    client_name: ClassVar[str | None] = "client_id"
    outcomes: ClassVar[tuple[str, ...]] = ("added",)
    key_name: ClassVar[str] = "file_id"

    file_id: str
    client_id: str | None
    """The client whom it belongs to; None: it's seen by those alone who see everything."""
    name: str
    media_type: str
    size: ByteCount
    sha256: str
    """The hash of its bytes, in lower-case hexadecimal digits."""
    created_by: str
    """The id of the caller who uploaded it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Entity):
    """What a client announced before it sends the bytes."""

    entity_type: ClassVar[str] = "upload"
    client_name: ClassVar[str | None] = "client_id"
    outcomes: ClassVar[tuple[str, ...]] = ("created", "completed", "failed", "expired")
    key_name: ClassVar[str] = "upload_id"

    upload_id: str
    client_id: str | None
    name: str
    media_type: str
    size: ByteCount
    sha256: str
    created_by: str
    status: UploadStatus
    failure: UploadFailure | None
    """Why it failed, or that it expired; None otherwise."""
    expires_at: datetime
    """Until then bytes are taken, and it can be completed."""
    file_id: str | None
    """The file that it became; None: it didn't."""

    @property
    def outcome(self) -> str:
        return _OUTCOMES[self.status]


_OUTCOMES: Final[Mapping[UploadStatus, str]] = MappingProxyType(
    {
        UploadStatus.PENDING: "created",
        UploadStatus.COMPLETED: "completed",
        UploadStatus.FAILED: "failed",
        UploadStatus.EXPIRED: "expired",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUpload:
    name: str
    media_type: str
    size: ByteCount
    sha256: str
    client_id: str | None = None

    def violations(self) -> check.Violations:
        yield from check.text("name", self.name, check.NAME_LENGTH)
        yield from _media_type("media_type", self.media_type)
        if not 0 <= self.size <= MAX_BYTES:
            yield Violation(("size",), f"must be from 0 to {MAX_BYTES:,}")
        if not _SHA256.fullmatch(self.sha256):
            yield Violation(("sha256",), "must be 64 hexadecimal digits in lower case")
        yield from check.optional_key("client_id", self.client_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteUpload:
    upload_id: str

    def violations(self) -> check.Violations:
        return check.key("upload_id", self.upload_id)


def _media_type(field: str, value: str) -> check.Violations:
    if found := check.text(field, value, MEDIA_TYPE_LENGTH):
        yield from found
    elif not _MEDIA_TYPE.fullmatch(value):
        yield Violation(
            (field,), "must be a media type in lower case without parameters, like application/pdf"
        )


def address_of(base: str, file_id: str) -> str:
    """Where callers with credentials find the file, on a server that they reach under `base`; ""
    gives a relative address."""
    path = f"files/{quote(file_id, safe='')}"
    return f"{base}/{path}" if base else path


def new_upload(
    command: CreateUpload, upload_id: str, created_by: str, now: datetime, open_for: timedelta
) -> Upload:
    """The upload as the command announces it."""
    return Upload(
        upload_id=upload_id,
        client_id=command.client_id,
        name=command.name,
        media_type=command.media_type,
        size=command.size,
        sha256=command.sha256,
        created_by=created_by,
        status=UploadStatus.PENDING,
        failure=None,
        expires_at=now + open_for,
        file_id=None,
        created_at=now,
        updated_at=now,
    )


def is_open(upload: Upload, now: datetime) -> bool:
    """Whether bytes are taken for it, and it can be completed."""
    return upload.status is UploadStatus.PENDING and now < upload.expires_at


def rejected(failure: UploadFailure) -> UploadRejected:
    """The error that tells a client why its upload isn't completed."""
    return UploadRejected("upload_id", failure, _MESSAGES[failure])


def failed(upload: Upload, failure: UploadFailure, now: datetime) -> Upload:
    """The upload, which can't be completed any more because of this."""
    is_expired = failure is UploadFailure.EXPIRED
    return replace(
        upload,
        status=UploadStatus.EXPIRED if is_expired else UploadStatus.FAILED,
        failure=failure,
        updated_at=now,
    )


def completed(upload: Upload, file_id: str, now: datetime) -> Upload:
    """The upload, which became the file."""
    return replace(upload, status=UploadStatus.COMPLETED, file_id=file_id, updated_at=now)


def file_of(upload: Upload, file_id: str, now: datetime) -> File:
    """The file that the upload becomes, whose bytes are kept."""
    return File(
        file_id=file_id,
        client_id=upload.client_id,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        sha256=upload.sha256,
        created_by=upload.created_by,
        created_at=now,
        updated_at=now,
    )
