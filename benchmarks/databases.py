"""The databases that servers are measured on: filled by the commands that users have."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from tests.support.postgres_server import create_database, drop_database, postgres_server

AICMO = Path(sys.executable).with_name("aicmo")


@dataclass(frozen=True, slots=True)
class Database:
    """A database with packages in it, and its server's process where it has one of its own."""

    url: str
    process: psutil.Process | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a server that uses this database and is not configured otherwise."""
        ours = {"HOST", "PORT"}
        return {
            name: value
            for name, value in os.environ.items()
            if name not in ours and not name.startswith("AICMO_")
        } | {"AICMO_DATABASE_URL": self.url}


@contextmanager
def sqlite(folder: Path, size: int) -> Iterator[Database]:
    """A file with `size` packages."""
    database = Database(f"sqlite:///{folder / 'aicmo.db'}")
    _fill(database, size)
    yield database


@contextmanager
def postgresql(size: int) -> Iterator[Database]:
    """A database with `size` packages on a server that keeps what it acknowledged."""
    with postgres_server(durable=True) as server:
        url = asyncio.run(create_database(server))
        try:
            database = Database(url, asyncio.run(_process(url)))
            _fill(database, size)
            yield database
        finally:
            asyncio.run(drop_database(server, url))


def _fill(database: Database, size: int) -> None:
    for command in (["migrate"], ["seed", "--size", str(size)]):
        subprocess.run(
            [AICMO, *command],
            env=database.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


async def _process(url: str) -> psutil.Process | None:
    """The server's main process; None when it isn't on this machine."""
    connection = await asyncpg.connect(url)
    try:
        pid = await connection.fetchval(
            "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"
        )
        process = psutil.Process(int(pid))
        return process if "postgres" in process.name() else None
    except (asyncpg.PostgresError, psutil.Error):
        return None
    finally:
        await connection.close()
