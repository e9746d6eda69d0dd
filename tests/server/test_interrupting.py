"""Ctrl+C ends a command without a traceback, whatever it is about to do."""

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from tests.support.interrupting import interrupted, running
from tests.support.patience import SECONDS
from tests.support.postgres_server import create_database, drop_database
from tests.support.servers import AICMO, IN_MEMORY, stored_in

telling_imports = (sys.executable, "-X", "importtime")
"""A Python that tells each module once it's imported."""
INTERRUPTED = (130, -signal.SIGINT)
"""The exit codes that a shell reports as 130: the process's own, or that of the signal."""


pytestmark = pytest.mark.usefixtures("interrupts_count")


def told_by_us(errors: str) -> list[str]:
    """The lines that aren't Python's about imports."""
    return [line for line in errors.splitlines() if not line.startswith("import time:")]


IMPORTED = ("typer", "sqlalchemy", "starlette")


@pytest.mark.parametrize("module", IMPORTED)
def test_while_it_imports(module: str) -> None:
    with running(*telling_imports, AICMO, "serve", **IN_MEMORY) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.endswith(f" {module}\n"):
                break
        else:
            pytest.fail(f"{module} isn't imported")

        told = told_by_us(interrupted(process))

    assert told == []
    assert process.returncode in INTERRUPTED


@pytest.fixture
async def locked_database(postgres_url: str) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """The URL of a new database whose migrations have to wait, and the connection they wait for."""
    url = await create_database(postgres_url)
    other = await asyncpg.connect(url)
    await other.execute("SELECT pg_advisory_lock(hashtextextended('migrations', 0))")
    yield url, other
    await other.close()
    await drop_database(postgres_url, url)


@pytest.mark.parametrize("command", ["migrate", "serve --demo"])
async def test_while_postgresql_lets_it_wait(
    locked_database: tuple[str, asyncpg.Connection], command: str
) -> None:
    url, other = locked_database
    with running(AICMO, *command.split(), **stored_in(url)) as process:
        async with asyncio.timeout(SECONDS):
            while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert process.poll() is None

        told = await asyncio.to_thread(interrupted, process)

    assert told == ""
    assert process.returncode in INTERRUPTED


def test_while_sqlite_lets_it_wait(tmp_path: Path) -> None:
    file = tmp_path / "aicmo.db"
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        running(
            sys.executable, "-X", "importtime", AICMO, "migrate", **stored_in(f"sqlite:///{file}")
        ) as process,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert process.stderr is not None
        # The last module that is imported is the dialect's, to connect.
        assert any(line.endswith(" aiosqlite\n") for line in process.stderr)

        told = told_by_us(interrupted(process))

    assert told == []
    assert process.returncode in INTERRUPTED


@pytest.mark.parametrize("line", ["Added the demo agency", "GraphiQL", "Press Ctrl+C"])
def test_once_it_has_told_something(line: str, tmp_path: Path) -> None:
    settings = stored_in(f"sqlite:///{tmp_path}/aicmo.db")
    with running(AICMO, "serve", "--demo", "--port", "0", **settings) as process:
        assert process.stdout is not None
        assert any(told.startswith(line) for told in process.stdout)

        told = interrupted(process)

    assert told == ""
    assert process.returncode in (0, *INTERRUPTED)


def test_where_a_shell_lets_it_ignore_the_signal_it_goes_on(tmp_path: Path) -> None:
    """A script starts background processes with the signal ignored."""
    command = ("sh", "-c", 'trap "" INT; exec "$0" -X importtime "$1" migrate')
    settings = stored_in(f"sqlite:///{tmp_path}/aicmo.db")
    with running(*command, sys.executable, AICMO, **settings) as process:
        assert process.stderr is not None
        assert any(line.endswith(" sqlalchemy\n") for line in process.stderr)

        interrupted(process)

    assert process.returncode == 0
