"""The command line for files: `aicmo files verify | gc`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Final

import typer

from domain.errors import Unavailable
from files.store import FileStore, FileStoreError
from orchestration.garbage import Garbage, verify
from repositories.unit_of_work import Storage
from server.app import open_storage
from server.files import opened_files
from server.settings import SettingsError
from server.terminal import errors_in_one_line, settings_of_a_database

GRACE_HOURS: Final = 168.0
_MIN_HOURS: Final = 1.0

file_commands = typer.Typer(
    help="Files: whether their bytes are what they were, and those that nobody needs any more.",
    no_args_is_help=True,
)


@file_commands.command("verify")
def verify_files() -> None:
    """Read all that is kept, and compare it with its hash.

    Prints a line for each content, `ok` or `damaged`, and one for each file whose bytes are
    `missing`. Exits with 1 if there is anything but `ok`.
    """
    with errors_in_one_line():
        are_ok = asyncio.run(_verify())
    if not are_ok:
        raise typer.Exit(1)


@file_commands.command("gc")
def collect_garbage(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be deleted.")
    ] = False,
    grace: Annotated[
        float,
        typer.Option(help="Leave everything that is younger than so many hours.", min=_MIN_HOURS),
    ] = GRACE_HOURS,
) -> None:
    """Delete files that no version of any package has, and bytes that no file has.

    Prints a line for each. A server may run meanwhile, and so may others on the same files.
    """
    with errors_in_one_line():
        asyncio.run(_collect(timedelta(hours=grace), dry_run=dry_run))


async def _verify() -> bool:
    are_ok = True
    async with _opened() as (storage, store):
        async for found in verify(storage, store):
            typer.echo(" ".join(filter(None, (found.verdict, found.sha256, found.file_id))))
            are_ok = are_ok and found.is_ok
    return are_ok


async def _collect(grace: timedelta, *, dry_run: bool) -> None:
    files, content, size = 0, 0, 0
    async with _opened() as (storage, store):
        garbage = Garbage(storage, store, grace)
        async for file in garbage.unneeded_files() if dry_run else garbage.delete_files():
            typer.echo(f"file {file.file_id} {file.name}")
            files += 1
        async for kept in garbage.unneeded_content() if dry_run else garbage.delete_content():
            typer.echo(f"content {kept.key.rpartition('/')[2]} {kept.size}")
            content, size = content + 1, size + kept.size
    verb = "Would delete" if dry_run else "Deleted"
    typer.echo(f"{verb} {files} files, and {content} contents of {size:,} bytes.")


@asynccontextmanager
async def _opened() -> AsyncIterator[tuple[Storage, FileStore]]:
    settings = settings_of_a_database()
    try:
        async with opened_files(settings) as files, open_storage(settings) as storage:
            if files is None:
                raise SettingsError("AICMO_FILES_URL: isn't set, so no files are kept")
            yield storage, files.store
    except FileStoreError as error:
        raise Unavailable(str(error)) from error
