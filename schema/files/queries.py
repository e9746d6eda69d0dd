"""Reading files and uploads."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.files.types import File, Upload
from schema.lookups import Found, lookup


def _file(
    loaders: Loaders,
    file_id: Annotated[strawberry.ID, strawberry.argument(description="The file's key.")],
) -> Found:
    return loaders.files.by_key, file_id


def _upload(
    loaders: Loaders,
    upload_id: Annotated[strawberry.ID, strawberry.argument(description="The upload's key.")],
) -> Found:
    return loaders.uploads.by_key, upload_id


@strawberry.type
class FilesQuery:
    file: File | None = lookup(
        _file, "The file with this key; null when there is none.", Scope.FILES_READ
    )
    files: Connection[File] = connection(Entities.files, "All files, page by page.")
    upload: Upload | None = lookup(
        _upload, "The upload with this key; null when there is none.", Scope.FILES_READ
    )
    uploads: Connection[Upload] = connection(
        Entities.uploads, "All uploads, page by page, also those that failed or expired."
    )
