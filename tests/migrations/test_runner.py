"""The runner knows the revision, and runs one migration at a time, whole or not at all."""

import asyncio
import logging
import shutil
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import migrations
from migrations.errors import MigrationError, SchemaOutOfDate
from migrations.revisions import is_new, require_head, revisions
from migrations.runner import downgrade, upgrade
from migrations.transaction import migration_transaction
from repositories.drivers.engine import Database, open_database
from tests.migrations.conftest import AddRevision, url_of
from tests.migrations.inspection import catalogue_of, execute, rows_of
from tests.migrations.samples import ROWS

HEAD = revisions()[-1]

MAKE_A_TABLE_AND_CHANGE_ROWS = """
def upgrade():
    op.create_table("leftovers", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO leftovers VALUES (1)")
    op.execute("DELETE FROM onboarding_forms")
    op.drop_table("production_tactics")
"""


async def test_an_empty_database_is_new(database: Database) -> None:
    assert await is_new(database)
    with pytest.raises(SchemaOutOfDate, match=r"isn't set up yet\. Run: aicmo migrate$"):
        await require_head(database)


async def test_a_database_at_the_head_is_ready(database: Database) -> None:
    await upgrade(database)

    assert not await is_new(database)
    await require_head(database)
    assert await upgrade(database) == ()


async def test_a_database_that_is_behind_needs_migrating(database: Database) -> None:
    await upgrade(database)
    await downgrade(database, "-1")

    assert not await is_new(database)
    with pytest.raises(SchemaOutOfDate) as caught:
        await require_head(database)

    assert str(caught.value) == (
        f"The database is at revision {revisions()[-2]}, but {HEAD} is needed. Run: aicmo migrate"
    )


async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    await upgrade(database)
    await execute(database, ["UPDATE alembic_version SET version_num = '9999'"])
    before = await catalogue_of(database)

    for attempt in (require_head, upgrade):
        with pytest.raises(SchemaOutOfDate, match=r"revision 9999, which .* doesn't know"):
            await attempt(database)

    assert await catalogue_of(database) == before


async def test_servers_that_migrate_at_once_take_turns(database: Database) -> None:
    servers = [open_database(url_of(database)) for _ in range(4)]

    results = await asyncio.gather(*(upgrade(server) for server in servers))

    applied = [[step.revision for step in result] for result in results]
    assert sorted(applied) == [[], [], [], list(revisions())]
    await require_head(database)
    for server in servers:
        await server.close()


async def test_a_migration_waits_for_the_one_that_runs(database: Database) -> None:
    second = open_database(url_of(database))
    async with migration_transaction(database):
        migrating = asyncio.create_task(upgrade(second))
        await _is_still_waiting(migrating)

    assert len(await migrating) == len(revisions())
    await second.close()


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
async def test_a_migration_waits_for_whoever_writes_to_a_new_file(database: Database) -> None:
    with closing(sqlite3.connect(database.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        migrating = asyncio.create_task(upgrade(database))
        await _is_still_waiting(migrating)
        other.execute("ROLLBACK")

        assert len(await migrating) == len(revisions())


@pytest.mark.parametrize(
    ("failure", "raised"),
    [("op.execute('SELECT * FROM nowhere')", MigrationError), ("raise KeyError", KeyError)],
)
async def test_a_failed_migration_leaves_everything_as_it_was(
    database: Database, add_revision: AddRevision, failure: str, raised: type[Exception]
) -> None:
    await upgrade(database, "0003")
    for revision in ("0001", "0002", "0003"):
        await execute(database, ROWS[revision])
    rows, tables = await rows_of(database), await catalogue_of(database)
    add_revision(f"{MAKE_A_TABLE_AND_CHANGE_ROWS}    {failure}")

    with pytest.raises(raised):
        await upgrade(database)

    assert await rows_of(database) == rows
    assert await catalogue_of(database) == tables
    assert [step.revision for step in await upgrade(database, HEAD)] == list(revisions()[3:-1])


async def test_a_failed_first_migration_leaves_nothing(
    database: Database, add_revision: AddRevision
) -> None:
    untouched = await catalogue_of(database)
    add_revision(f"{MAKE_A_TABLE_AND_CHANGE_ROWS}    op.execute('SELECT * FROM nowhere')")

    with pytest.raises(MigrationError, match=r"^The database refused: .*nowhere") as caught:
        await upgrade(database)

    assert len(str(caught.value).splitlines()) == 1
    assert await catalogue_of(database) == untouched
    assert await is_new(database)


async def test_an_unknown_target_is_told_in_one_line(database: Database) -> None:
    with pytest.raises(MigrationError, match="nonsense"):
        await upgrade(database, "nonsense")


@pytest.mark.parametrize(
    "url", ["postgresql://ada:sesame@127.0.0.1:1/aicmo", "sqlite:////missing/folder/aicmo.db"]
)
async def test_a_database_out_of_reach_is_told_in_one_line_without_its_password(url: str) -> None:
    database = open_database(url)

    for attempt in (require_head, is_new, upgrade):
        with pytest.raises(MigrationError) as caught:
            await attempt(database)
        assert len(str(caught.value).splitlines()) == 1
        assert "sesame" not in "".join(traceback.format_exception(caught.value))

    await database.close()


async def test_logging_stays_as_the_server_has_set_it(database: Database) -> None:
    root, other = logging.getLogger(), logging.getLogger("tests.other")
    before = (root.level, root.handlers[:], other.level, other.disabled)

    await upgrade(database)

    assert (root.level, root.handlers[:], other.level, other.disabled) == before


def test_the_names_of_files_tell_the_revisions_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    walked = ScriptDirectory.from_config(config).walk_revisions()

    assert [script.revision for script in walked] == [*reversed(revisions())]


def test_alembic_is_imported_to_migrate_alone() -> None:
    program = "import server.cli, server.app, sys; print('alembic' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert printed.stdout == b"False\n"


def test_what_is_installed_needs_no_other_file(tmp_path: Path) -> None:
    site = tmp_path / "100% elsewhere"
    for package in ("domain", "repositories", "migrations"):
        shutil.copytree(Path(migrations.__file__).parents[1] / package, site / package)
    program = """
import asyncio
from migrations.revisions import require_head
from migrations.runner import upgrade
from repositories.drivers.engine import open_database

async def main():
    database = open_database("sqlite:///new.db")
    for step in await upgrade(database):
        print(step)
    await require_head(database)
    await database.close()

asyncio.run(main())
"""
    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(printed.stdout.splitlines()) == len(revisions())
    assert printed.stderr == ""


async def _is_still_waiting(task: asyncio.Task[Any]) -> None:
    done, _ = await asyncio.wait({task}, timeout=0.3)
    assert not done
