"""`alembic` at the repository's root, on the database that the server would use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from migrations.runner import require_head, revisions, upgrade
from repositories.drivers.engine import Database
from tests.migrations.conftest import url_of
from tests.migrations.inspection import execute

ROOT = Path(__file__).parents[2]
HEAD = revisions()[-1]


def test_all_commands_on_the_default_database(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        # That one is a file in the working directory, so this is not done at the root itself.
        process = _start("-c", str(ROOT / "alembic.ini"), *arguments, folder=tmp_path)
        return _output(process)

    assert run("heads") == f"{HEAD} (head)\n"
    assert len(run("history").splitlines()) == len(revisions())
    assert run("current") == ""
    assert len(run("upgrade", "head").splitlines()) == len(revisions())
    assert (tmp_path / "aicmo.db").exists()
    assert run("current") == f"{HEAD} (head)\n"
    assert run("downgrade", "-1").startswith(f"Took back {HEAD}, ")
    assert run("current") == f"{revisions()[-2]}\n"


@pytest.mark.parametrize(
    ("new_database", "drivername"),
    [
        ("sqlite", "sqlite"),
        ("postgresql", "postgres"),
        ("postgresql", "postgresql"),
    ],
    indirect=["new_database"],
)
async def test_the_database_is_taken_from_the_environment(
    database: Database, drivername: str
) -> None:
    url = make_url(url_of(database)).set(drivername=drivername)

    process = _start("upgrade", "head", url=url.render_as_string(hide_password=False))

    assert len(_output(process).splitlines()) == len(revisions())
    await require_head(database)


async def test_processes_that_migrate_at_once_take_turns(database: Database) -> None:
    processes = [_start("upgrade", "head", url=url_of(database)) for _ in range(2)]

    steps = [len(_output(process).splitlines()) for process in processes]

    assert sorted(steps) == [0, len(revisions())]
    await require_head(database)


async def test_alembic_finds_no_difference_and_sees_one_that_is_there(database: Database) -> None:
    await upgrade(database)
    assert "No new upgrade operations" in _output(_start("check", url=url_of(database)))

    await execute(database, ["ALTER TABLE qc_issues ADD COLUMN hint TEXT"])

    process = _start("check", url=url_of(database))
    assert "remove_column" in _output(process, failed=True)


@pytest.mark.parametrize(
    ("arguments", "url", "reason"),
    [
        (["current"], "mysql://ada:sesame@localhost/aicmo", "'mysql' is not supported"),
        (["current"], "postgresql://ada:sesame@127.0.0.1:1/aicmo", "can't be reached"),
        (["upgrade", "nonsense"], "sqlite:///new.db", "nonsense"),
        (["upgrade", "head", "--sql"], "sqlite:///new.db", "--sql isn't supported"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_a_password(
    tmp_path: Path, arguments: list[str], url: str, reason: str
) -> None:
    process = _start("-c", str(ROOT / "alembic.ini"), *arguments, url=url, folder=tmp_path)

    output = _output(process, failed=True)

    assert reason in output
    assert len(output.splitlines()) == 1
    assert "sesame" not in output


def _start(*arguments: str, url: str | None = None, folder: Path = ROOT) -> subprocess.Popen[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AICMO_") and name not in ("HOST", "PORT")
    }
    if url is not None:
        environment["AICMO_DATABASE_URL"] = url
    return subprocess.Popen(
        [Path(sys.executable).with_name("alembic"), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _output(process: subprocess.Popen[str], *, failed: bool = False) -> str:
    """All that the process prints until it ends, and it has to end well or else to have failed."""
    output, _ = process.communicate()
    assert (process.returncode != 0) is failed, output
    return output
