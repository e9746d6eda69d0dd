"""Following files and uploads."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.files.types import File, Upload


@strawberry.type(description="A file was added or deleted.")
class FileChange(EntityChange):
    file_id: strawberry.ID = changed_key("The business key of the file.")
    file: File | None = changed_entity(Entities.files, File, "file")


@strawberry.type(description="An upload was created, has ended, or was removed after that.")
class UploadChange(EntityChange):
    upload_id: strawberry.ID = changed_key("The business key of the upload.")
    upload: Upload | None = changed_entity(Entities.uploads, Upload, "upload")


@strawberry.type
class FilesSubscription:
    file_changed: FileChange = changes(Entities.files, FileChange, "a file", "file")
    upload_changed: UploadChange = changes(Entities.uploads, UploadChange, "an upload", "upload")
