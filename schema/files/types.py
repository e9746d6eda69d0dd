"""Files and uploads as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import UNSET, Parent

from domain import files
from domain.files import ByteCount
from domain.scopes import Scope
from execution import SelectedField
from files.store import SignedRequest
from repositories.projections import Address, Part
from repositories.registry import Entities
from schema.addresses import ExpiresIn, download_terms
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.fields import reference
from schema.files.enums import UploadFailure, UploadStatus
from schema.history.fields import as_of, history
from schema.node import StoredEntity, created_at, revision, updated_at
from schema.rendering import ProjectionBuilder
from schema.scopes import field_of, for_scope

if TYPE_CHECKING:
    from schema.history.types import EventConnection

_ADDRESSED = ("file_id", "sha256", "name", "media_type", "size")
"""The attributes that an address is made of, in the order of `DownloadTerms.address`."""


def _client_id() -> Any:
    return strawberry.field(
        description=(
            "The client whom it belongs to; null: it's seen only by callers who see all clients."
        )
    )


def _url() -> Any:
    async def resolve_all(
        parents: Sequence[Any], info: Any, expires_in: int | None = UNSET
    ) -> Sequence[Any]:
        context: Context = info.context
        terms = download_terms(expires_in)
        return [
            terms.address(context.addresses, *(getattr(parent, name) for name in _ADDRESSED))
            for parent in parents
        ]

    async def resolve(parent: Parent[Any], info: Info, expires_in: ExpiresIn = UNSET) -> str:
        [url] = await resolve_all([parent], info, expires_in)
        found: str = url
        return found

    def part_of(selected: SelectedField, builder: ProjectionBuilder) -> Part:
        return Address(_ADDRESSED, builder.address(selected, download_terms))

    return strawberry.field(
        resolver=resolve,
        description=(
            "Where whoever has this address may download the bytes, for a short time: ask for it "
            "when it's needed, and don't keep it. Browsers show harmless types, and save others."
        ),
        metadata=FieldResolution(
            resolve_batch=resolve_all, part_of=part_of, attributes=_ADDRESSED
        ).metadata,
    )


@strawberry.type(
    description=(
        "A file that was uploaded. Its bytes never change. It's kept as long as any version of a "
        "delivery package has it, and is removed some time after none does."
    )
)
class File(StoredEntity):
    record_type = files.File

    file_id: strawberry.ID = strawberry.field(description="The business key of the file.")
    client_id: strawberry.ID | None = _client_id()
    name: str = strawberry.field(description="What it's called, without a path.")
    media_type: str = strawberry.field(description="What it is, such as `application/pdf`.")
    size: ByteCount = strawberry.field(description="How many bytes it has.")
    sha256: str = strawberry.field(
        description="The SHA-256 hash of its bytes, in lower-case hexadecimal digits."
    )
    created_by: str = strawberry.field(description="The id of the caller who uploaded it.")
    url: str = _url()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: File | None = as_of()


@strawberry.type(description="A header of an HTTP request.")
class UploadHeader:
    name: str = strawberry.field(description="The name of the header.")
    value: str = strawberry.field(description="Its value.")


def _headers(parent: Parent[SignedRequest]) -> list[UploadHeader]:
    return [UploadHeader(name=name, value=value) for name, value in parent.headers]


@strawberry.type(
    description=(
        "The HTTP request that sends the bytes, with just these headers. Whoever has it may make it"
        " until the upload expires."
    )
)
class UploadRequest:
    method: str = strawberry.field(description="The method: `PUT`.")
    url: str = strawberry.field(description="Where to send it.")
    headers: list[UploadHeader] = strawberry.field(
        resolver=_headers, description="All headers that it needs."
    )


async def _request(parent: Parent[files.Upload], info: Info) -> Any:
    context = info.context
    return await context.uploads.request_of(parent, context.base)


@strawberry.type(
    description=(
        "What was announced before its bytes are sent. `completeUpload` makes it a file when they "
        "are there, and are the right ones."
    )
)
class Upload(StoredEntity):
    record_type = files.Upload

    upload_id: strawberry.ID = strawberry.field(description="The business key of the upload.")
    client_id: strawberry.ID | None = _client_id()
    name: str = strawberry.field(description="What the file is to be called.")
    media_type: str = strawberry.field(description="What it's said to be.")
    size: ByteCount = strawberry.field(description="How many bytes it's said to have.")
    sha256: str = strawberry.field(description="The SHA-256 hash that the bytes are said to have.")
    created_by: str = strawberry.field(description="The id of the caller who created it.")
    status: UploadStatus = strawberry.field(description="What has become of it.")
    failure: UploadFailure | None = strawberry.field(
        description="Why it failed or expired; null where it did neither."
    )
    expires_at: datetime = strawberry.field(description="Until then it can be completed.")
    file_id: strawberry.ID | None = strawberry.field(
        description="The key of the file that it became; null before."
    )
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Upload | None = as_of()
    file: File | None = reference(
        "The file that it became; null before, and where it was removed since.",
        key="file_id",
        entity_type=Entities.files,
    )
    request: UploadRequest | None = field_of(
        for_scope(
            Scope.FILES_WRITE,
            "The HTTP request that sends the bytes; null where none are taken any more.",
        ),
        resolver=_request,
        graphql_type=UploadRequest | None,
    )
