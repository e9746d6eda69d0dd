"""`aicmo import` and `aicmo export`: files of this machine become entities, and entities files."""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from domain.bulk import ErrorPolicy
from domain.callers import local_operator
from domain.errors import Unavailable
from domain.files import ByteCount, CompleteUpload, CreateUpload, File
from domain.transfers import RESULT_MEDIA_TYPE, UNFINISHED, TransferStatus
from files.store import FileStore, FileStoreError, content_key, upload_key
from orchestration.transfers import Transfers
from orchestration.uploads import Uploads
from repositories.unit_of_work import Storage
from schema.root import create_schema
from schema.transfer_rows import TransferRows
from server.app import open_storage
from server.files import opened_files
from server.interrupts import cancelled_by_interrupts, run_until_interrupted
from server.local_operations import Ask, asking, mutate, mutation
from server.requests import new_request_id
from server.settings import SettingsError
from server.terminal import CommandFailed, Json, errors_in_one_line, settings_of_a_database

_PART: Final = 256 * 1024
_LOOK_SECONDS: Final = 0.2
"""How often the progress is looked at."""
_UNFINISHED: Final = frozenset(status.value for status in UNFINISHED)
_FIELDS: Final = (
    "importId status bytesDone bytesTotal lineCount savedCount rejectedCount error resultFileId"
)
_START: Final = mutation("startImport", f"import {{ {_FIELDS} }}")
_LOOK: Final = f"query ($id: ID!) {{ import(importId: $id) {{ {_FIELDS} }} }}"
_EXPORT_FIELDS: Final = "exportId status rowCount error resultFileId"
_START_EXPORT: Final = mutation("startExport", f"export {{ {_EXPORT_FIELDS} }}")
_LOOK_AT_EXPORT: Final = f"query ($id: ID!) {{ export(exportId: $id) {{ {_EXPORT_FIELDS} }} }}"


class Entities(StrEnum):
    """What lines are, as one says it in a shell."""

    BRIEFS = "briefs"
    PLANS = "plans"
    CAMPAIGNS = "campaigns"
    DRAFTS = "drafts"
    RESULTS = "results"
    PACKAGES = "packages"


_NAMES: Final = {
    Entities.BRIEFS: "BRIEF",
    Entities.PLANS: "STRATEGY_PLAN",
    Entities.CAMPAIGNS: "CAMPAIGN",
    Entities.DRAFTS: "DRAFT",
    Entities.RESULTS: "QC_RESULT",
    Entities.PACKAGES: "DELIVERY_PACKAGE",
}


class _Place(NamedTuple):
    """A database, and the store of its files."""

    storage: Storage
    store: FileStore
    uploads: Uploads


def import_file(
    file: Annotated[
        Path | None,
        typer.Argument(help="A file of JSON Lines.", metavar="FILE", exists=True, dir_okay=False),
    ] = None,
    entity: Annotated[Entities | None, typer.Option(help="What its lines are saved as.")] = None,
    error_policy: Annotated[
        ErrorPolicy, typer.Option(help="What becomes of the rest when lines are refused.")
    ] = ErrorPolicy.REJECT_EVERYTHING,
    client: Annotated[
        str | None, typer.Option(help="The client whom the file belongs to.", metavar="KEY")
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(help="Where to put the lines that say what became of each.", metavar="FILE"),
    ] = None,
    follow: Annotated[
        str | None,
        typer.Option(help="Follow this import, and start none.", metavar="KEY"),
    ] = None,
) -> None:
    """Save each line of a file as an entity.

    A running server helps, and goes on when this command is interrupted. Exits with 1 where the
    import fails.
    """
    if follow is None and (file is None or entity is None):
        raise typer.BadParameter("name a FILE and its --entity, or an import to --follow")
    with errors_in_one_line():
        run_until_interrupted(_import(file, entity, error_policy, client, result, follow))


def export_entities(
    entity: Annotated[Entities, typer.Argument(help="What is exported.")],
    output: Annotated[Path, typer.Option(help="Where to put it.", metavar="FILE", dir_okay=False)],
    filter: Annotated[
        str | None,
        typer.Option(help="Only those that match: JSON of the filter that lists have in the API."),
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="Only those of this client.", metavar="KEY")
    ] = None,
) -> None:
    """Write a line of JSON for each entity, as `aicmo import` takes it."""
    with errors_in_one_line():
        try:
            conditions = None if filter is None else json.loads(filter)
        except ValueError as error:
            raise CommandFailed(f"--filter must be JSON: {error}") from None
        run_until_interrupted(_export(entity, output, conditions, client))


async def _export(entity: Entities, output: Path, filter: object, client: str | None) -> None:
    async with _opened() as place:
        ask = asking(place.storage)
        input = {"entity": _NAMES[entity], "filter": filter, "clientId": client}
        started = (await mutate(ask, _START_EXPORT, input))["export"]
        export_id: str = started["exportId"]
        found = started
        async with _helping(place, export_id):
            while not _has_ended(found):
                await asyncio.sleep(_LOOK_SECONDS)
                found = (await ask(_LOOK_AT_EXPORT, id=export_id))["export"]
        if found["status"] != TransferStatus.SUCCEEDED.value:
            raise CommandFailed(found["error"] or "The export was cancelled.")
        await _write(place, found["resultFileId"], output)
    typer.echo(f"{export_id}: {found['rowCount']:,} lines, in {output}")


async def _import(
    file: Path | None,
    entity: Entities | None,
    error_policy: ErrorPolicy,
    client: str | None,
    result: Path | None,
    follow: str | None,
) -> None:
    async with _opened() as place:
        ask = asking(place.storage)
        if follow is None:
            assert file is not None
            assert entity is not None
            uploaded = await _uploaded(place, file, client)
            input = {
                "fileId": uploaded.file_id,
                "entity": _NAMES[entity],
                "errorPolicy": error_policy.value,
            }
            follow = (await mutate(ask, _START, input))["import"]["importId"]
        found = await _followed(place, ask, follow)
        if result is not None:
            await _write(place, found["resultFileId"], result)
    typer.echo(
        f"{follow}: {found['lineCount']:,} lines, {found['savedCount']:,} saved, "
        f"{found['rejectedCount']:,} refused"
    )
    typer.echo(f"What became of each line: {result or 'the file ' + found['resultFileId']}")
    if found["status"] != TransferStatus.SUCCEEDED.value:
        raise CommandFailed(found["error"] or "The import was cancelled.")


@asynccontextmanager
async def _opened() -> AsyncIterator[_Place]:
    settings = settings_of_a_database()
    try:
        async with opened_files(settings) as files, open_storage(settings) as storage:
            if files is None:
                raise SettingsError("AICMO_FILES_URL: isn't set, so no files are kept")
            yield _Place(storage, files.store, Uploads(storage, files))
    except FileStoreError as error:
        raise Unavailable(str(error)) from error


async def _uploaded(place: _Place, path: Path, client: str | None) -> File:
    """The file as it's kept now, by an upload like any other."""
    hashed, size = hashlib.sha256(), 0
    async for part in _parts(path):
        hashed.update(part)
        size += len(part)
    caller = local_operator(new_request_id())
    command = CreateUpload(
        name=path.name,
        media_type=RESULT_MEDIA_TYPE,
        size=ByteCount(size),
        sha256=hashed.hexdigest(),
        client_id=client,
    )
    upload = await place.uploads.create(caller, command)
    await place.store.put_if_absent(upload_key(upload.upload_id), _parts(path))
    completed = await place.uploads.complete(caller, CompleteUpload(upload_id=upload.upload_id))
    return completed.file


async def _parts(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while part := await asyncio.to_thread(file.read, _PART):
            yield part


async def _followed(place: _Place, ask: Ask, import_id: str) -> Json:
    """The import when it has ended, and has its result file."""
    try:
        async with _helping(place, import_id):
            return await _watched(ask, import_id)
    except asyncio.CancelledError:
        typer.echo(f"Follow it: aicmo import --follow {import_id}", err=True)
        raise


@asynccontextmanager
async def _helping(place: _Place, transfer_id: str) -> AsyncIterator[None]:
    """Within it this process carries transfers out, as servers do."""
    rows = TransferRows(create_schema().definition)
    transfers = Transfers(place.storage, place.store, rows)
    carrying_out = asyncio.create_task(transfers.run())
    try:
        with cancelled_by_interrupts():
            yield
    except asyncio.CancelledError:
        typer.echo(f"\n{transfer_id} goes on where a server runs.", err=True)
        raise
    finally:
        transfers.stop()
        await carrying_out


def _has_ended(found: Json) -> bool:
    return found["status"] not in _UNFINISHED and found["resultFileId"] is not None


async def _watched(ask: Ask, import_id: str) -> Json:
    found: Json | None = (await ask(_LOOK, id=import_id))["import"]
    if found is None:
        raise CommandFailed(f"There is no import {import_id}.")
    done, total = 0, max(found["bytesTotal"], 1)
    with typer.progressbar(length=total, label=import_id, file=sys.stderr) as bar:
        while True:
            bar.update(found["bytesDone"] - done)
            done = found["bytesDone"]
            if _has_ended(found):
                return found
            await asyncio.sleep(_LOOK_SECONDS)
            found = (await ask(_LOOK, id=import_id))["import"]
            assert found is not None


async def _write(place: _Place, file_id: str, path: Path) -> None:
    async with place.storage.as_(local_operator(new_request_id())).read() as snapshot:
        file = await snapshot.files.get(file_id)
    if file is None:
        raise CommandFailed("The result file was removed since.")
    with path.open("wb") as opened:
        async for part in place.store.read(content_key(file.sha256)):
            await asyncio.to_thread(opened.write, part)
