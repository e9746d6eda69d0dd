"""The file of a SQLite database may be replaced, moved, deleted or made read-only."""

# ruff: noqa: ASYNC110, ASYNC240 - nobody else waits meanwhile

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.errors import Unavailable
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.conftest import close_database, migrate
from tests.persistence.types_under_test import DRAFT
from tests.support.pauses import hold
from tests.support.rights import without_roots_rights
from tests.support.tasks import elsewhere


@pytest.fixture
def file(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
async def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr("repositories.drivers.sqlite_file.SECONDS_BETWEEN_LOOKS", 0)
    database = open_database(sqlite_url, pool_timeout=60)
    yield database
    await close_database(database)


@pytest.fixture
def repositories(database: Database) -> Repositories:
    return create_storage(PersistenceMode.DB, database).as_(build.caller())


async def save(repositories: Repositories, *keys: str) -> None:
    for key in keys:
        await DRAFT.save(repositories, build.draft(key))


async def stored(repositories: Repositories) -> int:
    async with repositories.read() as snapshot:
        return await snapshot.drafts.count(None)


def drafts_in(file: Path) -> list[str]:
    """The rows as any other program sees them."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT draft_id FROM production_drafts ORDER BY 1").fetchall()
    connection.close()
    return [key for (key,) in rows]


def back_up(file: Path) -> Path:
    backup = file.with_name("backup.db")
    connection = sqlite3.connect(file)
    connection.execute(f"VACUUM INTO '{backup}'")
    connection.close()
    return backup


async def require_unavailable(repositories: Repositories) -> None:
    with pytest.raises(Unavailable):
        await save(repositories, "lost")
    with pytest.raises(Unavailable):
        await stored(repositories)


# Who may read it


@pytest.fixture
def _everybody_may_read_new_files() -> Iterator[None]:
    mask = os.umask(0)
    yield
    os.umask(mask)


async def files_in_use(folder: Path) -> dict[str, int]:
    """The rights of the files of a database that is migrated, served and written."""
    url = f"sqlite:///{folder}/private.db"
    await migrate(url)
    database = open_database(url)
    with database.only_server():
        await save(create_storage(PersistenceMode.DB, database).as_(build.caller()), "a")
        rights = {it.name: stat.S_IMODE(it.stat().st_mode) for it in folder.iterdir()}
    await close_database(database)
    return rights


NAMES = ("private.db", "private.db-lock", "private.db-shm", "private.db-wal")


@pytest.mark.usefixtures("_everybody_may_read_new_files")
async def test_a_new_database_is_for_its_user_alone(tmp_path: Path) -> None:
    assert await files_in_use(tmp_path) == dict.fromkeys(NAMES, 0o600)


@pytest.mark.usefixtures("_everybody_may_read_new_files")
async def test_the_rights_of_a_file_that_is_there_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "private.db").touch(0o640)

    assert await files_in_use(tmp_path) == dict.fromkeys(NAMES, 0o640)


@pytest.mark.usefixtures("_everybody_may_read_new_files")
async def test_a_link_may_lead_to_where_the_database_is_to_be(tmp_path: Path) -> None:
    for name in ("links", "files"):
        (tmp_path / name).mkdir()
    (tmp_path / "links" / "private.db").symlink_to(tmp_path / "files" / "private.db")

    await files_in_use(tmp_path / "links")

    made = tmp_path / "files" / "private.db"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


# Deleted


async def test_nothing_is_kept_in_a_file_that_was_deleted(
    repositories: Repositories, file: Path
) -> None:
    await save(repositories, "before")
    file.unlink()

    await require_unavailable(repositories)

    assert not file.exists(), "an empty one was made"


async def test_a_file_that_was_away_goes_on_with_all_that_was_in_it(
    repositories: Repositories, file: Path
) -> None:
    await save(repositories, "before")
    assert await stored(repositories) == 1
    file.rename(file.with_name("away.db"))
    await require_unavailable(repositories)

    file.with_name("away.db").rename(file)

    await save(repositories, "after")
    assert await stored(repositories) == 2
    assert drafts_in(file) == ["after", "before"]


async def test_a_save_is_not_acknowledged_when_the_file_goes_before_its_commit(
    database: Database, repositories: Repositories, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hold(monkeypatch, type(database.transaction()), "commit")
    late = elsewhere(save(repositories, "late"))
    await commit.reached.wait()
    file.unlink()
    commit.over.set()

    with pytest.raises(Unavailable):
        await late


# Replaced


@pytest.mark.parametrize("is_read_first", [True, False])
async def test_a_backup_that_takes_the_place_of_the_file_is_what_is_used(
    repositories: Repositories, file: Path, is_read_first: bool
) -> None:
    await save(repositories, "before")
    backup = back_up(file)
    await save(repositories, "later", "latest")
    assert await stored(repositories) == 3
    backup.rename(file)

    if is_read_first:
        assert await stored(repositories) == 1
    await save(repositories, "after")

    assert await stored(repositories) == 2
    assert drafts_in(file) == ["after", "before"]


async def test_what_was_acknowledged_is_in_the_file_that_was_put_aside(
    repositories: Repositories, file: Path
) -> None:
    await save(repositories, "before")
    backup = back_up(file)
    await save(repositories, "later")
    aside = file.rename(file.with_name("aside.db"))
    backup.rename(file)

    await save(repositories, "after")

    assert drafts_in(aside) == ["before", "later"]
    assert drafts_in(file) == ["after", "before"]


async def test_a_save_into_what_was_replaced_is_not_acknowledged(
    database: Database, repositories: Repositories, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(repositories, "before")
    backup = back_up(file)
    commit = hold(monkeypatch, type(database.transaction()), "commit")
    late = elsewhere(save(repositories, "late"))
    await commit.reached.wait()
    backup.rename(file)
    commit.over.set()

    with pytest.raises(Unavailable):
        await late
    await save(repositories, "after")
    assert drafts_in(file) == ["after", "before"]


async def test_who_reads_when_it_is_replaced_reads_on_in_what_was_there(
    repositories: Repositories, file: Path
) -> None:
    await save(repositories, "before")
    backup = back_up(file)
    await save(repositories, "later")
    async with repositories.read() as snapshot:
        assert await snapshot.drafts.count(None) == 2
        backup.rename(file)

        with pytest.raises(Unavailable):
            await elsewhere(save(repositories, "too early"))

        assert await snapshot.drafts.count(None) == 2
    await save(repositories, "after")
    assert drafts_in(file) == ["after", "before"]


async def test_readers_notice_by_themselves(sqlite_url: str, file: Path) -> None:
    """Though they don't look each time."""
    database = open_database(sqlite_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    backup = back_up(file)
    await save(repositories, "later")
    assert await stored(repositories) == 1
    backup.rename(file)

    async with asyncio.timeout(30):
        while await stored(repositories):
            await asyncio.sleep(0.01)

    await close_database(database)


async def test_a_log_that_was_deleted_takes_nothing_with_it(
    repositories: Repositories, file: Path
) -> None:
    await save(repositories, "before")
    assert await stored(repositories) == 1
    for name in ("aicmo.db-wal", "aicmo.db-shm"):
        file.with_name(name).unlink()

    await save(repositories, "after")

    assert await stored(repositories) == 2
    assert drafts_in(file) == ["after", "before"]


async def test_something_that_is_no_database_is_unavailable_until_it_is_one(
    repositories: Repositories, file: Path
) -> None:
    await save(repositories, "before")
    backup = back_up(file)
    file.with_name("other").write_text("no database, but of some length" * 100)
    file.with_name("other").rename(file)

    await require_unavailable(repositories)

    backup.rename(file)
    await save(repositories, "after")
    assert drafts_in(file) == ["after", "before"]


# Read-only


async def test_a_file_that_was_read_only_for_a_while_can_be_written_again(
    sqlite_url: str, file: Path
) -> None:
    database = open_database(sqlite_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    with without_roots_rights(file.parent, file):
        file.chmod(0o444)
        file.parent.chmod(0o555)
        with pytest.raises(Unavailable):
            await save(repositories, "lost")

        file.parent.chmod(0o755)
        with pytest.raises(Unavailable):
            await save(repositories, "lost")

        file.chmod(0o644)
        await save(repositories, "kept")
        assert await stored(repositories) == 1
        await close_database(database)
