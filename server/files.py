"""Opening the files of a server, by its settings."""

import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from domain.sources import random_bytes
from files.memory import MemoryStore
from files.opening import FilesUrlError, folder_of, key_of_folder, open_folder
from files.service import Files
from files.signing import AddressSigner, keys_of
from files.store import FileStore
from orchestration.archives import Archives
from orchestration.upkeep import keep_cleaning, keep_collecting, keep_forgetting
from orchestration.uploads import Uploads
from repositories.drivers.engine import sqlite_file
from repositories.factory import PersistenceMode
from repositories.history.background import running
from repositories.unit_of_work import Storage
from server.settings import Settings, SettingsError

_KEY_BYTES: Final = 32


@asynccontextmanager
async def opened_files(settings: Settings) -> AsyncIterator[Files | None]:
    """The files of a server; None: they are switched off. Raises SettingsError."""
    try:
        opened = await _opened(settings)
    except FilesUrlError as error:
        raise SettingsError(f"AICMO_FILES_URL: {error}") from None
    if opened is None:
        yield None
        return
    store, keys = opened
    try:
        yield Files(store, AddressSigner(keys), settings.files)
    finally:
        await store.close()


@asynccontextmanager
async def opened_uploads(
    settings: Settings, storage: Storage, files: Files | None
) -> AsyncIterator[Uploads | None]:
    """The uploads of a server. As long as it runs, those that are over are cleaned up, and so are
    files that nobody needs, if the settings say so."""
    if files is None:
        yield None
        return
    uploads = Uploads(storage, files)
    files.is_open, files.find = uploads.is_open, uploads.find
    async with AsyncExitStack() as stack:
        for work in _upkeep(settings, storage, files, uploads):
            await stack.enter_async_context(running(work))
        try:
            yield uploads
        finally:
            await uploads.close()


@asynccontextmanager
async def opened_archives(storage: Storage, files: Files | None) -> AsyncIterator[Archives | None]:
    """Those of a server; None where it keeps no files."""
    if files is None:
        yield None
        return
    archives = Archives(storage, files.store)
    try:
        yield archives
    finally:
        await archives.close()


def _upkeep(
    settings: Settings, storage: Storage, files: Files, uploads: Uploads
) -> Iterator[Coroutine[None, None, None]]:
    yield keep_cleaning(uploads)
    yield keep_forgetting(storage, files.clock, timedelta(days=files.limits.ended_upload_days))
    if hours := settings.files_gc_grace_hours:
        yield keep_collecting(storage, files.store, files.clock, timedelta(hours=hours))


def folder_of_files(settings: Settings) -> Path | None:
    """The folder that keeps the files; None: no folder does."""
    if settings.persistence_mode is PersistenceMode.INMEMORY:
        return None
    if not settings.files_url:
        database = sqlite_file(settings.database_url)
        return None if database is None else database.with_name(f"{database.name}-files")
    return folder_of(settings.files_url) if settings.files_url.startswith("file:") else None


async def _opened(settings: Settings) -> tuple[FileStore, tuple[bytes, ...]] | None:
    """The store, and the keys that addresses are signed by. Raises FilesUrlError."""
    keys = keys_of(settings.peppers)
    if settings.persistence_mode is PersistenceMode.INMEMORY:
        return MemoryStore(), keys or (random_bytes(_KEY_BYTES),)
    if (folder := folder_of_files(settings)) is not None:
        store = open_folder(folder)
        return store, keys or (key_of_folder(folder),)
    if not settings.files_url:
        return None
    return await _opened_bucket(settings), keys


async def _opened_bucket(settings: Settings) -> FileStore:
    """Only a server with a bucket imports what that needs."""
    try:
        from files.buckets import open_bucket  # noqa: PLC0415
    except ImportError as error:
        raise FilesUrlError(
            f"{error.name} isn't installed; it's part of aicmo[buckets] (uv sync --extra buckets)"
        ) from None
    store = open_bucket(
        settings.files_url,
        os.environ,
        seconds=settings.files.store_seconds,
        public_endpoint=settings.files_endpoint,
    )
    await store.require_access()
    return store
