"""The transaction that migrations run in."""

import gc
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, NullPool, event, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from migrations.errors import MigrationError
from repositories.drivers.engine import Database, on_begin
from repositories.drivers.postgresql import SET_LOCAL
from repositories.drivers.sqlite import open_sqlite_file

_SQLITE_PATIENCE_SECONDS = 600
_SQLITE_ATTEMPTS = 20


@asynccontextmanager
async def migration_transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """One transaction at a time: other processes that migrate this database wait for its end.

    It is committed whole, or after any exception undone whole, made and dropped tables included.
    On SQLite foreign keys are off in it, since rebuilding a table drops it, and would by that
    delete its children; instead MigrationError is raised if at the end a reference leads nowhere.
    """
    database.create_file()
    engine = _sqlite(database) if database.is_sqlite else _postgresql(database)
    try:
        async with engine.begin() as connection:
            if not database.is_sqlite:
                await connection.execute(
                    select(func.pg_advisory_xact_lock(func.hashtextextended("migrations", 0)))
                )
            yield connection
            if database.is_sqlite:
                await _require_sound_references(connection)
    finally:
        await engine.dispose()


def _postgresql(database: Database) -> AsyncEngine:
    engine = create_async_engine(
        database.url,
        poolclass=NullPool,
        hide_parameters=True,
        # Each statement has to see what was committed while the first one waited for the lock.
        isolation_level="READ COMMITTED",
        connect_args=dict(database.connect_args),
    )
    if database.has_pooler:
        on_begin(engine, *SET_LOCAL)
    return engine


def _sqlite(database: Database) -> AsyncEngine:
    engine = create_async_engine(
        database.url,
        poolclass=NullPool,
        hide_parameters=True,
        # isolation_level=None: the driver begins nothing by itself, the event below does.
        connect_args={
            "isolation_level": None,
            "timeout": _SQLITE_PATIENCE_SECONDS,
            "async_creator_fn": open_sqlite_file,
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # Here, because inside a transaction these would do nothing.
        connection.execute("PRAGMA foreign_keys = OFF")
        _use_write_ahead_log(connection)

    @event.listens_for(engine.sync_engine, "begin")
    def take_the_write_lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _use_write_ahead_log(connection: Any) -> None:
    """Make the file what the server wants it to be, so that no server has to do it later.

    SQLite refuses that, without any waiting, to all but one of those who do it at once.
    """
    for _ in range(_SQLITE_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        # The cursor that failed hangs on the exception's frames. Collected by the event loop while
        # the connection's thread waits, it would wait for the thread, and everything for it.
        gc.collect()
        # This does wait.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    raise MigrationError("The database is in use by too many others.")


async def _require_sound_references(connection: AsyncConnection) -> None:
    result = await connection.exec_driver_sql("PRAGMA foreign_key_check")
    tables = sorted({row.table for row in result})
    if tables:
        raise MigrationError(f"Rows would refer to rows that are gone, in {', '.join(tables)}.")
