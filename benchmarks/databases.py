"""The databases that servers are measured on, and how safe they keep what they acknowledged."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.filling import SEEDED, multiply
from benchmarks.servers.plain_strawberry import open_engine
from domain.callers import local_operator
from migrations.runner import downgrade, upgrade
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from server.seed.agency import seed_agency
from server.seed.bulk import seed_bulk
from tests.support.postgres_server import create_database, drop_database, postgres_server

AICMO = Path(sys.executable).with_name("aicmo")

_PROMISES = ("fsync", "synchronous_commit", "full_page_writes")
_SQLITE_LEVELS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


class Kind(StrEnum):
    POSTGRESQL = "PostgreSQL"
    SQLITE = "SQLite"


@dataclass(frozen=True, slots=True)
class Database:
    """A database with `size` packages in it, and its server's process where it has its own."""

    kind: Kind
    url: str
    size: int
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
    database = Database(Kind.SQLITE, f"sqlite:///{folder / f'aicmo-{size}.db'}", size)
    asyncio.run(_fill(database))
    yield database


@contextmanager
def own(database: Database) -> Iterator[Database]:
    """The database, for one server alone: a SQLite file takes no second one, and is copied."""
    if database.kind is not Kind.SQLITE:
        yield database
        return
    with TemporaryDirectory(prefix="aicmo-bench-") as folder:
        path = Path(folder) / "aicmo.db"
        with (
            closing(sqlite3.connect(database.url.removeprefix("sqlite:///"))) as source,
            closing(sqlite3.connect(path)) as target,
        ):
            source.backup(target)
        yield replace(database, url=f"sqlite:///{path}")


async def downgrade_to(database: Database, revision: str) -> None:
    """Take back what migrations after this revision did to the database."""
    opened = open_database(database.url)
    try:
        await downgrade(opened, revision)
    finally:
        await opened.close()


@contextmanager
def postgresql(server: str, size: int) -> Iterator[Database]:
    """A database with `size` packages on a server."""
    url = asyncio.run(create_database(server))
    try:
        database = Database(Kind.POSTGRESQL, url, size, asyncio.run(_process(url)))
        asyncio.run(_fill(database))
        yield database
    finally:
        asyncio.run(drop_database(server, url))


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a server that keeps what it acknowledged."""
    with postgres_server(durable=True) as server:
        yield server


@contextmanager
def filled(kind: Kind, size: int) -> Iterator[Database]:
    """A database of this kind with `size` packages, in a folder or on a server of its own."""
    if kind is Kind.SQLITE:
        with (
            TemporaryDirectory(prefix="aicmo-bench-") as folder,
            sqlite(Path(folder), size) as database,
        ):
            yield database
    else:
        with postgresql_server() as server, postgresql(server, size) as database:
            yield database


def durability(database: Database) -> str:
    """The settings by which the database survives a power loss without losing saves."""
    return asyncio.run(
        _durability_of_sqlite(database)
        if database.kind is Kind.SQLITE
        else _durability_of_postgresql(database)
    )


async def _fill(database: Database) -> None:
    """Fill a database as `aicmo migrate` and `aicmo seed --size` do, and beyond that by SQL."""
    opened = open_database(database.url)
    try:
        await upgrade(opened)
        storage = create_storage(PersistenceMode.DB, opened)
        repositories = storage.as_(local_operator("filling"))
        await seed_agency(repositories)
        async for _ in seed_bulk(repositories, SEEDED):
            pass
    finally:
        await opened.close()
    await multiply(database.url, database.size)


async def _durability_of_postgresql(database: Database) -> str:
    connection = await asyncpg.connect(database.url)
    try:
        told = [f"{name} = {await connection.fetchval(f'SHOW {name}')}" for name in _PROMISES]
    finally:
        await connection.close()
    return ", ".join(told)


async def _durability_of_sqlite(database: Database) -> str:
    ours = open_database(database.url)
    plain = open_engine(database.url, pool_size=1)
    try:
        told = {await _pragmas(ours.writers), await _pragmas(plain)}
    finally:
        await ours.close()
        await plain.dispose()
    if len(told) > 1:
        raise RuntimeError(f"not all servers keep SQLite equally safe: {told}")
    return told.pop()


async def _pragmas(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        mode = await connection.scalar(text("PRAGMA journal_mode"))
        level = await connection.scalar(text("PRAGMA synchronous"))
    return f"journal_mode = {mode}, synchronous = {_SQLITE_LEVELS[level]}"


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
