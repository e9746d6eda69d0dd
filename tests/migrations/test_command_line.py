"""`alembic` at the repository's root, on the database that the server would use."""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from alembic.config import CommandLine, Config
from sqlalchemy import make_url

from migrations.revisions import require_head, revisions
from migrations.runner import upgrade
from repositories.drivers.engine import Database
from tests.migrations.conftest import url_of
from tests.migrations.inspection import execute
from tests.support.servers import environment

ROOT = Path(__file__).parents[2]
HEAD = revisions()[-1]

Alembic = Callable[..., str]


@pytest.fixture
def alembic(monkeypatch: pytest.MonkeyPatch) -> Alembic:
    """Runs alembic's command line in this process; gives all that it prints.

    `url` is the database of the environment. It has to end well, or else to have `failed`.
    """
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)

    def run(*arguments: str, url: str | None = None, failed: bool = False) -> str:
        if url is not None:
            monkeypatch.setenv("AICMO_DATABASE_URL", url)
        printed, has_failed = io.StringIO(), False
        command_line = CommandLine()
        options = command_line.parser.parse_args(arguments)
        config = Config(ROOT / "alembic.ini", cmd_opts=options, stdout=printed)
        with redirect_stdout(printed), redirect_stderr(printed):
            try:
                command_line.run_cmd(config, options)
            except SystemExit:
                has_failed = True
        assert has_failed is failed, printed.getvalue()
        return printed.getvalue()

    return run


def test_all_commands_on_the_default_database(
    alembic: Alembic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # That one is a file in the working directory, so this is not done at the root itself.
    monkeypatch.chdir(tmp_path)

    assert alembic("heads") == f"{HEAD} (head)\n"
    assert len(alembic("history").splitlines()) == len(revisions())
    assert alembic("current") == ""
    assert len(alembic("upgrade", "head").splitlines()) == len(revisions())
    assert (tmp_path / "aicmo.db").exists()
    assert alembic("current") == f"{HEAD} (head)\n"
    assert alembic("downgrade", "-1").startswith(f"Took back {HEAD}, ")
    assert alembic("current") == f"{revisions()[-2]}\n"


def test_it_runs_as_a_program_from_another_folder(tmp_path: Path) -> None:
    process = _start("-c", str(ROOT / "alembic.ini"), "heads", folder=tmp_path)

    assert _output(process) == f"{HEAD} (head)\n"


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
    alembic: Alembic, database: Database, drivername: str
) -> None:
    url = make_url(url_of(database)).set(drivername=drivername).render_as_string(False)

    printed = await asyncio.to_thread(alembic, "upgrade", "head", url=url)

    assert len(printed.splitlines()) == len(revisions())
    await require_head(database)


async def test_processes_that_migrate_at_once_take_turns(database: Database) -> None:
    processes = [_start("upgrade", "head", url=url_of(database)) for _ in range(2)]

    steps = [len(_output(process).splitlines()) for process in processes]

    assert sorted(steps) == [0, len(revisions())]
    await require_head(database)


async def test_alembic_finds_no_difference_and_sees_one_that_is_there(
    alembic: Alembic, database: Database
) -> None:
    await upgrade(database)
    unchanged = await asyncio.to_thread(alembic, "check", url=url_of(database))
    assert "No new upgrade operations" in unchanged

    await execute(database, ["ALTER TABLE qc_issues ADD COLUMN mood TEXT"])

    changed = await asyncio.to_thread(alembic, "check", url=url_of(database), failed=True)
    assert "remove_column" in changed


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
    alembic: Alembic,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    url: str,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    output = alembic(*arguments, url=url, failed=True)

    assert reason in output
    assert len(output.splitlines()) == 1
    assert "sesame" not in output


def test_the_program_prints_nothing_beside_that_line() -> None:
    process = _start("current", url="mysql://ada:sesame@localhost/aicmo")

    assert len(_output(process, failed=True).splitlines()) == 1


def _start(*arguments: str, url: str | None = None, folder: Path = ROOT) -> subprocess.Popen[str]:
    settings = {} if url is None else {"AICMO_DATABASE_URL": url}
    return subprocess.Popen(
        [Path(sys.executable).with_name("alembic"), *arguments],
        cwd=folder,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _output(process: subprocess.Popen[str], *, failed: bool = False) -> str:
    """All that the process prints until it ends, and it has to end well or else to have failed."""
    output, _ = process.communicate()
    assert (process.returncode != 0) is failed, output
    return output
