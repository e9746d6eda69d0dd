"""A process may be killed between the store and the database: no file is ever without its bytes,
and bytes without a file are collected."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.files import CompleteUpload, File
from files.folder import FolderStore
from files.opening import open_folder
from files.store import content_key, upload_key
from orchestration.uploads import Uploads
from repositories.criteria import PageRequest
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.conftest import close_database
from tests.orchestration import killed_uploads
from tests.orchestration.killed_uploads import Work, collect, complete
from tests.support.files import files_in, keep, kept, send
from tests.support.forked import forked, was_killed

SHA256 = build.sha256_of(build.CONTENT)


class System:
    """A database and a folder, which processes use and are killed in between."""

    def __init__(self, url: str, folder: Path, storage: Storage, store: FolderStore) -> None:
        self.url = url
        self.folder = folder
        self.storage = storage
        self.store = store

    def is_killed(self, work: Work, boundary: int) -> bool:
        """Do the work in a process; whether it was killed at the boundary before it ended."""
        folder = str(self.folder)
        return was_killed(forked(killed_uploads.run, self.url, folder, work, boundary))

    async def files(self) -> list[File]:
        async with self.storage.as_(build.caller()).read() as snapshot:
            return list((await snapshot.files.page(PageRequest(100))).items)

    async def require_bytes(self) -> None:
        """Every file has its bytes, and content is what its key says."""
        content = await kept(self.store, "content/")
        assert {content_key(file.sha256) for file in await self.files()} <= content.keys()
        assert all(key == content_key(build.sha256_of(it)) for key, it in content.items())


@pytest.fixture
async def system(database_url: str, database: Database, tmp_path: Path) -> AsyncIterator[System]:
    opened = open_database(database_url)
    folder = tmp_path / "files"
    store = open_folder(folder)
    yield System(database_url, folder, create_storage(PersistenceMode.DB, opened), store)
    await store.close()
    await close_database(opened)


async def test_an_upload_that_was_killed_anywhere_can_be_completed(system: System) -> None:
    now = datetime.now(UTC)
    uploads = Uploads(system.storage, files_in(system.store))
    command = CompleteUpload(upload_id="upload-1")
    boundary, number_of_files = 0, 0
    is_killed = True
    while is_killed:
        upload = build.pending_upload(expires_at=now + timedelta(days=1))

        async def announce(unit: UnitOfWork) -> None:
            await unit.uploads.delete("upload-1")
            await unit.uploads.save(upload)  # noqa: B023

        await system.storage.as_(build.caller()).write(announce)
        await send(system.store, "upload-1", build.CONTENT)

        is_killed = system.is_killed(complete, boundary)
        await system.require_bytes()

        completed = await uploads.complete(build.caller(), command)
        number_of_files += 1
        assert (completed.file.sha256, completed.file.size) == (SHA256, len(build.CONTENT))
        assert len(await system.files()) == number_of_files
        assert await system.store.stat(upload_key("upload-1")) is None
        await system.require_bytes()
        boundary += 1
    assert boundary > 8
    await uploads.close()


async def test_a_collection_that_was_killed_anywhere_can_be_repeated(system: System) -> None:
    boundary, is_killed = 0, True
    while is_killed:

        async def store(unit: UnitOfWork) -> None:
            await unit.files.save(build.file("needed", sha256=SHA256))
            await unit.files.save(build.file("another", sha256=SHA256))
            lost = build.sha256_of(b"lost")
            await unit.files.save(build.file("unneeded", sha256=lost))
            artifacts = (build.artifact(url=None, file_id="needed"),)
            await unit.delivery_packages.save(build.package(artifacts=artifacts))

        for content in (build.CONTENT, b"lost", b"of nobody"):
            await keep(system.store, build.sha256_of(content), content)
        await system.storage.as_(build.caller()).write(store)

        is_killed = system.is_killed(collect, boundary)
        await system.require_bytes()

        await _forget_claims(system.storage)
        assert not system.is_killed(collect, 1_000)
        assert [file.file_id for file in await system.files()] == ["needed"]
        assert await kept(system.store) == {content_key(SHA256): build.CONTENT}
        boundary += 1
    assert boundary > 8


async def _forget_claims(storage: Storage) -> None:
    """As time passes, claims of the process that was killed end."""

    async def work(unit: UnitOfWork) -> None:
        now = await unit.files.time(unit.now) + timedelta(hours=1)
        for content in (b"lost", b"of nobody"):
            sha256 = build.sha256_of(content)
            assert await unit.files.claim_contents([sha256], "test", until=now, now=now)
            await unit.files.release_contents([sha256], "test")

    await storage.as_(build.caller()).write(work)
