"""`aicmo files`, as people meet it in a terminal."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from domain.sources import utc_now
from files.opening import open_folder
from files.store import content_key
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import UnitOfWork
from tests import builders as build
from tests.support.command_line import aicmo, one_line_of_error, succeeded
from tests.support.files import keep
from tests.support.servers import IN_MEMORY

OLD = utc_now() - timedelta(days=30)
KEPT = b"Of a package."
UNUSED = b"Of no package."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def stored(migrated_database_url: str, folder: Path) -> str:
    """The URL of a database with a file that a package has, and one that none has."""

    async def store(unit: UnitOfWork) -> None:
        for key, content in (("kept", KEPT), ("unused", UNUSED)):
            sha256 = build.sha256_of(content)
            await unit.files.save(build.file(key, sha256=sha256, created_at=OLD, name=key))
        artifacts = (build.artifact(url=None, file_id="kept"),)
        await unit.delivery_packages.save(build.package(artifacts=artifacts))

    async def fill() -> None:
        opened = open_folder(folder)
        for content in (KEPT, UNUSED):
            await keep(opened, build.sha256_of(content), content)
        await opened.close()
        storage = create_storage(PersistenceMode.DB, open_database(migrated_database_url))
        await storage.as_(build.caller()).write(store)
        await storage.close()

    asyncio.run(fill())
    return migrated_database_url


def files(database: str, folder: Path, *arguments: str) -> Result:
    return aicmo("files", *arguments, database=database, AICMO_FILES_URL=folder.as_uri())


def place_of(folder: Path, content: bytes) -> Path:
    return folder / content_key(build.sha256_of(content))


def test_all_that_is_kept_is_verified(stored: str, folder: Path) -> None:
    lines = succeeded(files(stored, folder, "verify")).splitlines()

    assert sorted(lines) == sorted(f"ok {build.sha256_of(it)}" for it in (KEPT, UNUSED))


def test_what_is_damaged_or_missing_is_told(stored: str, folder: Path) -> None:
    damaged, missing = place_of(folder, KEPT), place_of(folder, UNUSED)
    damaged.chmod(0o600)
    damaged.write_bytes(KEPT.upper())
    missing.unlink()

    result = files(stored, folder, "verify")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"damaged {build.sha256_of(KEPT)}",
        f"missing {build.sha256_of(UNUSED)} unused",
    ]


def test_a_dry_run_tells_what_would_be_deleted(stored: str, folder: Path) -> None:
    told = succeeded(files(stored, folder, "gc", "--dry-run"))

    assert told == "file unused unused\nWould delete 1 files, and 0 contents of 0 bytes.\n"
    assert place_of(folder, UNUSED).exists()
    assert succeeded(files(stored, folder, "gc", "--dry-run")) == told


def test_files_go_first_and_their_bytes_after_the_grace(stored: str, folder: Path) -> None:
    """The bytes have just come, so they stay for now."""
    told = succeeded(files(stored, folder, "gc"))

    assert told == "file unused unused\nDeleted 1 files, and 0 contents of 0 bytes.\n"
    assert place_of(folder, UNUSED).exists()
    assert succeeded(files(stored, folder, "gc")).startswith("Deleted 0 files, and 0 contents")


def test_where_no_files_are_kept_there_is_nothing_to_look_after(
    migrated_database_url: str, folder: Path
) -> None:
    in_memory = aicmo("files", "verify", **IN_MEMORY)
    no_folder = files(migrated_database_url, folder, "gc", "--grace", "0.5")

    assert "in memory" in one_line_of_error(in_memory)
    assert no_folder.exit_code == 2
