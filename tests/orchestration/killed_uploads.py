"""Does what a server or a command does with files, and is killed at a boundary of its steps.

A step is a unit of work, or a call of the store. There is a boundary before and after each commit,
and before and after each of these calls.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from domain.callers import Caller
from domain.files import CompleteUpload
from files.opening import open_folder
from files.service import Files
from files.store import FileStore
from orchestration.garbage import Garbage
from orchestration.uploads import Uploads
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.support.files import files_in

T = TypeVar("T")
Work = Callable[[Files, Storage], Awaitable[None]]


class Boundaries:
    """Counts boundaries, and kills the process at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last

    def cross(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    async def within(self, step: Awaitable[T]) -> T:
        self.cross()
        result = await step
        self.cross()
        return result


class WatchedStore:
    """A store whose calls are steps."""

    def __init__(self, store: FileStore, boundaries: Boundaries) -> None:
        self._store = store
        self._boundaries = boundaries

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name in ("read", "list"):
            return call
        return lambda *arguments: self._boundaries.within(call(*arguments))


class WatchedRepositories:
    """Repositories whose units of work are steps: what one has written isn't committed at its first
    boundary, and is at its second."""

    def __init__(self, repositories: Repositories, boundaries: Boundaries) -> None:
        self._boundaries = boundaries
        self._repositories = repositories
        self.read = repositories.read

    async def write(self, work: Callable[[UnitOfWork], Awaitable[T]], **options: bool) -> T:
        async def up_to_its_commit(unit: UnitOfWork) -> T:
            result = await work(unit)
            self._boundaries.cross()
            return result

        result = await self._repositories.write(up_to_its_commit, **options)
        self._boundaries.cross()
        return result


class WatchedStorage:
    def __init__(self, storage: Storage, boundaries: Boundaries) -> None:
        self._storage = storage
        self._boundaries = boundaries

    def as_(self, caller: Caller) -> WatchedRepositories:
        return WatchedRepositories(self._storage.as_(caller), self._boundaries)


async def complete(files: Files, storage: Storage) -> None:
    uploads = Uploads(storage, files)
    await uploads.complete(build.caller(), CompleteUpload(upload_id="upload-1"))


async def collect(files: Files, storage: Storage) -> None:
    garbage = Garbage(storage, files.store, timedelta(seconds=-1))
    await _exhausted(garbage.delete_files())
    await _exhausted(garbage.delete_content())


async def _exhausted(found: AsyncIterator[Any]) -> None:
    async for _ in found:
        pass


def run(url: str, folder: str, work: Work, boundary: int) -> None:
    """What the process does; it ends by itself where there are fewer boundaries."""
    asyncio.run(_run(url, Path(folder), work, Boundaries(boundary)))


async def _run(url: str, folder: Path, work: Work, boundaries: Boundaries) -> None:
    database = open_database(url)
    storage: Any = WatchedStorage(create_storage(PersistenceMode.DB, database), boundaries)
    store: Any = WatchedStore(open_folder(folder), boundaries)
    await work(files_in(store), storage)
    await database.close()
