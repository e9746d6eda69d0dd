"""How connections are set up, and which URLs are understood."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from migrations.runner import upgrade
from repositories.drivers.engine import Database, DatabaseUrlError, database_url, open_database
from repositories.factory import PersistenceMode, create_storage
from tests import builders as build
from tests.persistence.types_under_test import BRIEF


async def _ask(engine: AsyncEngine, question: str) -> Any:
    async with engine.connect() as connection:
        return await connection.scalar(text(question))


async def _do(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


# SQLite


async def test_sqlite_forces_each_commit_to_disk(sqlite_url: str) -> None:
    full = 2
    database = open_database(sqlite_url)

    assert await _ask(database.writers, "PRAGMA journal_mode") == "wal"
    assert await _ask(database.writers, "PRAGMA synchronous") == full
    await database.close()


async def test_sqlite_watches_over_foreign_keys(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    for engine in (database.readers, database.writers):
        assert await _ask(engine, "PRAGMA foreign_keys") == 1
    await database.close()


async def test_a_connection_to_sqlite_keeps_a_mebibyte(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    for engine in (database.readers, database.writers):
        assert await _ask(engine, "PRAGMA cache_size") == -1024
    await database.close()


async def test_sqlite_keeps_what_savepoints_undo_in_memory(sqlite_url: str) -> None:
    in_memory = 2
    database = open_database(sqlite_url)

    assert await _ask(database.writers, "PRAGMA temp_store") == in_memory
    await database.close()


async def test_sqlite_lets_readers_only_read(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    with pytest.raises(DBAPIError, match="readonly"):
        await _ask(database.readers, "DELETE FROM onboarding_forms RETURNING 1")
    await _ask(database.writers, "DELETE FROM onboarding_forms RETURNING 1")
    await database.close()


def test_a_sqlite_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))

    with pytest.raises(DatabaseUrlError, match=r"SQLite 3\.38 or newer is needed"):
        open_database("sqlite:///aicmo.db")


async def test_sqlite_has_one_writer_and_locks_when_it_begins(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0)

    async with database.writers.connect() as connection:
        await connection.begin()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")

    other.close()
    await database.close()


async def test_sqlite_reads_while_another_process_writes(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    await BRIEF.save(repositories, build.brief("key"))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM onboarding_forms")

    assert await BRIEF.load(repositories, "key") == build.brief("key")

    other.close()
    await database.close()


async def test_sqlite_makes_no_file_where_none_is(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/new file.db")

    for engine in (database.readers, database.writers):
        with pytest.raises(FileNotFoundError, match=r"new file\.db"):
            await _ask(engine, "SELECT 1")

    await database.close()
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


@pytest.mark.parametrize("query", ["uri=true", "mode=rw&uri=true", "uri=true&nolock=0"])
async def test_sqlite_opens_the_file_of_a_uri(sqlite_url: str, query: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    database = open_database(f"sqlite:///file:{path}?{query}")

    assert await _ask(database.readers, "SELECT count(*) FROM onboarding_forms") == 0
    await _ask(database.writers, "DELETE FROM onboarding_forms RETURNING 1")
    await database.close()


# PostgreSQL


async def test_postgresql_reads_snapshots_and_only_reads(postgresql_url: str) -> None:
    database = open_database(postgresql_url)

    assert await _ask(database.readers, "SHOW transaction_isolation") == "repeatable read"
    assert await _ask(database.readers, "SHOW transaction_read_only") == "on"
    await database.close()


async def test_postgresql_writes_on_what_was_committed_before_each_statement(
    postgresql_url: str,
) -> None:
    database = open_database(postgresql_url)

    assert await _ask(database.writers, "SHOW transaction_isolation") == "read committed"
    assert await _ask(database.writers, "SHOW transaction_read_only") == "off"
    await database.close()


# Both


async def test_the_parameters_of_a_failed_statement_are_not_told(database: Database) -> None:
    async with database.writers.connect() as connection:
        with pytest.raises(DBAPIError) as raised:
            await connection.execute(text("SELECT * FROM absent WHERE x = :x"), {"x": "secret"})

    assert "secret" not in str(raised.value)


# URLs


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("sqlite:///aicmo.db", "sqlite+aiosqlite:///aicmo.db"),
        ("sqlite+aiosqlite:///aicmo.db", "sqlite+aiosqlite:///aicmo.db"),
        ("sqlite+pysqlite:////data/aicmo.db", "sqlite+aiosqlite:////data/aicmo.db"),
        ("postgresql://host/aicmo", "postgresql+asyncpg://host/aicmo"),
        ("postgres://host/aicmo", "postgresql+asyncpg://host/aicmo"),
        ("postgresql+psycopg://host/aicmo", "postgresql+asyncpg://host/aicmo"),
        ("postgresql+asyncpg://u:p@host:1/x", "postgresql+asyncpg://u:p@host:1/x"),
    ],
)
def test_a_url_is_understood_with_or_without_a_driver(given: str, understood: str) -> None:
    assert database_url(given).render_as_string(hide_password=False) == understood


async def test_postgresql_is_asked_for_tls_as_other_clients_ask_it() -> None:
    """By libpq's `sslmode`, which URLs of hosted databases have in them."""
    asked = asyncio.Queue[bytes]()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.put_nowait(await reader.readexactly(8))
        writer.write(b"N")  # there is none
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        database = open_database(f"postgresql://user:password@{host}:{port}/x?sslmode=require")
        with pytest.raises(ConnectionError, match="SSL"):
            await _ask(database.readers, "SELECT 1")
        await database.close()

    request_for_tls = bytes.fromhex("0000000804d2162f")
    assert asked.get_nowait() == request_for_tls


async def test_postgresql_is_told_what_else_its_url_says(postgresql_url: str) -> None:
    url = make_url(postgresql_url).update_query_dict(
        {"sslmode": "prefer", "application_name": "aicmo & co"}
    )
    database = open_database(url.render_as_string(hide_password=False))

    assert await _ask(database.readers, "SHOW application_name") == "aicmo & co"
    await database.close()


async def test_tables_are_in_the_schema_that_the_url_says(postgresql_url: str) -> None:
    url = make_url(postgresql_url).update_query_dict({"options": "-csearch_path=apart"})
    database = open_database(url.render_as_string(hide_password=False))
    await _do(database.writers, "CREATE SCHEMA apart")

    await upgrade(database)

    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    await BRIEF.save(repositories, build.brief("key"))
    assert await _ask(database.readers, "SELECT count(*) FROM apart.onboarding_forms") == 1
    assert await _ask(database.readers, "SELECT count(*) FROM public.onboarding_forms") == 0
    await _do(database.writers, "DROP SCHEMA apart CASCADE")
    await database.close()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sslmode=sometimes", "sslmode: must be one of disable, allow, prefer, require"),
        ("sslmode=require&channel_binding=require", "channel_binding: not supported"),
        ("sslmode=require&sslmode=disable", "sslmode: is given twice"),
        ("pgbouncer=maybe", "pgbouncer: must be true or false"),
        ("statement_cache_size=many", "statement_cache_size: 'many' is no whole number"),
    ],
)
def test_what_the_driver_does_not_understand_is_refused_by_its_name(query: str, told: str) -> None:
    with pytest.raises(DatabaseUrlError, match=told):
        open_database(f"postgresql://user:password@host/aicmo?{query}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "aicmo.db",
        "mysql://user:s3cret@host/aicmo",
        "nonsense://user:s3cret@host/aicmo",
        "postgresql://user:s3cret@host:port/aicmo",
    ],
)
def test_another_url_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(DatabaseUrlError) as raised:
        open_database(url)

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:name?mode=memory&uri=true",
    ],
)
def test_sqlite_in_memory_is_refused_because_each_connection_would_have_its_own(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="file"):
        open_database(url)
