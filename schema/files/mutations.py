"""Uploading files."""

from __future__ import annotations

from typing import Any

import strawberry

from domain import files
from domain.files import CompleteUpload, CreateUpload
from domain.scopes import Scope
from orchestration.uploads import Completed
from schema.context import Context
from schema.errors import MutationError
from schema.files.inputs import CompleteUploadInput, CreateUploadInput
from schema.files.types import File, Upload
from schema.mutations import NULL, Payload, entity, mutation_apart


@strawberry.type(description="The outcome of `createUpload`.")
class CreateUploadPayload(Payload):
    upload: Upload | None = entity()


@strawberry.type(description="The outcome of `completeUpload`.")
class CompleteUploadPayload(Payload):
    upload: Upload | None = entity()
    file: File | None = strawberry.field(description=f"The file that it became; {NULL}.")


async def _create(context: Context, command: CreateUpload) -> files.Upload:
    return await context.uploads.create(context.caller, command)


async def _validate_creation(context: Context, command: CreateUpload) -> None:
    await context.uploads.create(context.caller, command, rolls_back=True)


async def _complete(context: Context, command: CompleteUpload) -> Completed:
    return await context.uploads.complete(context.caller, command)


async def _validate_completion(context: Context, command: CompleteUpload) -> None:
    await context.uploads.require_complete(context.caller, command)


def _completed(upload: Completed | None, errors: list[MutationError]) -> Payload:
    found: Any = upload or (None, None)
    return CompleteUploadPayload(upload=found[0], file=found[1], errors=errors)


@strawberry.type
class FilesMutation:
    create_upload: CreateUploadPayload | None = mutation_apart(
        "Announce a file. Its bytes are then sent by the `request` of the upload, and "
        "`completeUpload` makes it a file.",
        CreateUploadPayload,
        CreateUploadInput,
        _create,
        _validate_creation,
        scope=Scope.FILES_WRITE,
        outcome="upload",
    )
    complete_upload: CompleteUploadPayload | None = mutation_apart(
        "Make an upload a file: its bytes are all there, and size, hash and media type are those "
        "that were announced. It may be repeated. Where you see a file with the same hash, it "
        "needs no bytes. With `validateOnly` all bytes are read, too.",
        _completed,
        CompleteUploadInput,
        _complete,
        _validate_completion,
        scope=Scope.FILES_WRITE,
        outcome="upload",
    )
