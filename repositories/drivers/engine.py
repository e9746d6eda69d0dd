"""Connections to the database: how they are opened, pooled and begun."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import NullPool, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from repositories.drivers.connection_pool import ConnectionPool
from repositories.drivers.postgresql import (
    SESSION_SETTINGS,
    SET_LOCAL,
    SNAPSHOT,
    WRITING,
    PostgresPool,
    PostgresStatement,
    PostgresTransaction,
)
from repositories.drivers.postgresql_connector import Connector
from repositories.drivers.postgresql_notifications import PostgresNotifications
from repositories.drivers.postgresql_probe import PostgresProbe
from repositories.drivers.postgresql_sequencer import PostgresSequencer
from repositories.drivers.postgresql_url import (
    DatabaseUrlError,
    PostgresUrl,
    make_database_url,
    postgres_url,
)
from repositories.drivers.sqlite import (
    BUSY_MILLISECONDS,
    SqliteFile,
    SqliteSnapshot,
    SqliteTransaction,
    SqliteWriter,
    open_existing,
)
from repositories.drivers.sqlite_file import DatabaseFile, only_server_of
from repositories.drivers.sqlstates import (
    is_conflict,
    is_node_failure,
    is_timeout,
    is_undefined_object,
)
from repositories.drivers.transactions import Transaction
from repositories.semaphores import FairSemaphore, KeyedLocks

__all__ = ["Database", "DatabaseUrlError", "database_url", "open_database", "sqlite_file"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_OLDEST_SQLITE = (3, 38)
"""The first with JSON's `->`."""
_SQLITE_CACHE_KIBIBYTES = 1_024
"""The page cache of each connection. It has room for a page of a hundred entities with all that
belongs to them; the operating system's cache, which all connections share, has the rest."""

_CONNECT_SECONDS = 10.0
"""How long PostgreSQL's hosts together may take to accept a connection, unless the URL says it."""
_FOR_READERS = 4
"""On PostgreSQL, readers have one of so many connections for themselves: writers wait for locks."""

_CONFLICT_SQLITE_CODES = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
)
_SQLITE_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_UNAVAILABLE_CODES = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)

_UNDEFINED_ON_SQLITE = re.compile(r"no such (table|column|view)|table \w+ has no column")


def database_url(value: str) -> URL:
    """A SQLAlchemy URL with the async driver, from one with or without a driver.

    Raises DatabaseUrlError.
    """
    target = _target(value)
    return target.url if isinstance(target, PostgresUrl) else target


def sqlite_file(value: str) -> Path | None:
    """The file of the URL's database; None: it's none of SQLite. Raises DatabaseUrlError."""
    target = _target(value)
    return None if isinstance(target, PostgresUrl) else DatabaseFile(target.database or "").path


def _target(value: str) -> URL | PostgresUrl:
    url = make_database_url(value)
    kind = {"postgres": "postgresql"}.get(url.get_backend_name(), url.get_backend_name())
    if kind not in _DRIVERS:
        raise DatabaseUrlError(f"{kind!r} is not supported: use sqlite or postgresql")
    if kind == "sqlite" and _is_in_memory(url):
        raise DatabaseUrlError(
            "SQLite needs a file here; to keep nothing, use the in-memory persistence mode"
        )
    url = url.set(drivername=_DRIVERS[kind])
    return url if kind == "sqlite" else postgres_url(url)


def _is_in_memory(url: URL) -> bool:
    names = (":memory:", "file::memory:")
    return (url.database or ":memory:").startswith(names) or url.query.get("mode") == "memory"


@dataclass(frozen=True, slots=True)
class Database:
    """One database: read transactions are snapshots, write transactions lock.

    On PostgreSQL both share `pool_size` connections; on SQLite there are `pool_size` readers beside
    the one writer, which callers take first come, first served. The engines are for work outside of
    units of work: they open each connection anew.

    Writers of one key queue on `keys` before they take a connection, so that a locked row occupies
    one connection, not all. SQLite has one writer at a time anyway.
    """

    url: URL
    readers: AsyncEngine
    writers: AsyncEngine
    connections: ConnectionPool[Any]
    sqlite_writer: SqliteWriter | None = None
    postgres: PostgresPool | None = None
    probe: PostgresProbe | None = None
    sequencer: PostgresSequencer | None = None
    keys: KeyedLocks | None = None
    notifications: PostgresNotifications | None = None
    """Those of the log; SQLite has none, and poolers pass none on."""
    has_pooler: bool = False
    """Whether each transaction may have another session of the server."""
    connect_args: Mapping[str, Any] = field(default_factory=dict)
    """The arguments of PostgreSQL's driver besides the URL."""

    @property
    def is_sqlite(self) -> bool:
        return self.sqlite_writer is not None

    @property
    def is_missing(self) -> bool:
        """Whether the database is a file that the first connection would create."""
        if self.sqlite_writer is None:
            return False
        path = self.sqlite_writer.database.path
        return path.parent.is_dir() and not path.exists()

    def create_file(self) -> None:
        """Create SQLite's file, if nothing is there. A PostgreSQL has to be there."""
        if self.sqlite_writer is not None:
            self.sqlite_writer.database.create()

    def only_server(self) -> AbstractContextManager[None]:
        """Holds the server's lock on SQLite's file. Raises Unavailable while another server has it.

        A PostgreSQL has as many servers as come.
        """
        if self.sqlite_writer is None:
            return nullcontext()
        return only_server_of(self.sqlite_writer.database.path)

    def snapshot(self, single_statement: bool = False) -> Transaction:
        """A transaction whose reads all see one state; a single read needs no transaction."""
        if self.sqlite_writer is not None:
            file = self.sqlite_writer.database
            return SqliteSnapshot(file, self.connections, single_statement=single_statement)
        assert self.postgres is not None
        if self.has_pooler:
            return PostgresTransaction(self.postgres, "; ".join((SNAPSHOT, *SET_LOCAL)))
        return PostgresTransaction(self.postgres, None if single_statement else SNAPSHOT)

    def transaction(self, single_statement: bool = False) -> Transaction:
        """A write transaction, perhaps of a single statement."""
        if self.sqlite_writer is not None:
            return SqliteTransaction(self.sqlite_writer)
        assert self.postgres is not None
        if self.has_pooler:
            opening = "; ".join((WRITING, *SET_LOCAL))
            return PostgresTransaction(self.postgres, opening, writes=True)
        if single_statement:
            return PostgresStatement(self.postgres)
        return PostgresTransaction(self.postgres, WRITING, writes=True)

    async def close(self) -> None:
        if self.sqlite_writer is not None:
            await self.sqlite_writer.close()
        if self.probe is not None:
            self.probe.close()
        if self.sequencer is not None:
            self.sequencer.close()
        await self.connections.close()


def open_database(
    url: str,
    *,
    pool_size: int = 5,
    pool_timeout: float = 10.0,
    commit_grace: float = 5.0,
) -> Database:
    """Prepare the engines; nothing is connected before the first statement.

    `pool_timeout` in seconds is how long a unit of work waits for a connection; `commit_grace` is
    how long PostgreSQL may take, beyond the deadline of an operation, to tell what came of its
    commit. Raises DatabaseUrlError.
    """
    target = _target(url)
    try:
        if isinstance(target, PostgresUrl):
            return _postgresql(target, pool_size, pool_timeout, commit_grace)
        return _sqlite(target, pool_size, pool_timeout)
    except (NoSuchModuleError, TypeError) as error:
        raise DatabaseUrlError(f"not usable: {error}") from None


def _postgresql(
    target: PostgresUrl, pool_size: int, pool_timeout: float, commit_grace: float
) -> Database:
    hosts = len(str(target.url.query.get("host", "")).split(","))
    connector = Connector(target.connect_seconds or _CONNECT_SECONDS / hosts, target.keep_alive)
    options = _driver_options(target)
    driver = {"async_creator_fn": connector, **options}
    if options.get("statement_cache_size") == 0:
        driver["prepared_statement_name_func"] = str
    # JSON stays a text; the driver would parse it.
    engine = _engine(target.url, json_deserializer=str, connect_args=driver)
    if target.has_pooler:
        on_begin(engine, *SET_LOCAL)
    _, arguments = engine.dialect.create_connect_args(target.url)
    # Not by the engine: SQLAlchemy leaves the connection open when the server ends it while the
    # dialect takes its first look at the server.
    connect = partial(connector, **arguments, **options)
    connections = ConnectionPool(connect, pool_size, pool_timeout)
    probe = PostgresProbe(connect)
    return Database(
        target.url,
        readers=engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ),
        writers=engine.execution_options(isolation_level="READ COMMITTED"),
        connections=connections,
        postgres=PostgresPool(
            connections,
            connect,
            writers=FairSemaphore(pool_size - pool_size // _FOR_READERS),
            acquire_timeout=pool_timeout,
            grace=commit_grace,
            suspect_disk=probe.suspect_disk,
            has_pooler=target.has_pooler,
        ),
        probe=probe,
        sequencer=PostgresSequencer(connect, has_pooler=target.has_pooler),
        keys=KeyedLocks(),
        notifications=None if target.has_pooler else PostgresNotifications(connect, "events"),
        has_pooler=target.has_pooler,
        connect_args=driver,
    )


def _driver_options(target: PostgresUrl) -> dict[str, Any]:
    """Poolers ignore the settings of a client's session, and (PgBouncer before 1.21) its prepared
    statements: statements have no name then, and are parsed each time."""
    options: dict[str, Any] = {} if target.has_pooler else {"server_settings": SESSION_SETTINGS}
    if target.statement_cache_size is not None:
        options["statement_cache_size"] = target.statement_cache_size
    return options


def _engine(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(url, poolclass=NullPool, hide_parameters=True, **options)


def _sqlite(url: URL, pool_size: int, pool_timeout: float) -> Database:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        needed = ".".join(map(str, _OLDEST_SQLITE))
        raise DatabaseUrlError(
            f"SQLite {needed} or newer is needed, and this Python has {sqlite3.sqlite_version}"
        )
    file = DatabaseFile(url.database or "")
    # isolation_level=None: the driver begins nothing by itself.
    driver = {"isolation_level": None, "async_creator_fn": open_existing, "file": file}
    readers = _engine(url, connect_args=driver)
    writers = _engine(url, connect_args=driver)
    cache = f"cache_size = -{_SQLITE_CACHE_KIBIBYTES}"
    _on_connect(readers, cache, "foreign_keys = ON", "query_only = ON", "busy_timeout = 0")
    _on_connect(
        writers,
        cache,
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        # What a savepoint would undo is kept in memory, and in no file: there's one a save.
        "temp_store = MEMORY",
        "busy_timeout = 0",
    )
    on_begin(readers, "BEGIN DEFERRED")
    on_begin(writers, "BEGIN IMMEDIATE")
    reading = ConnectionPool(partial(_opened_by, readers), pool_size, pool_timeout)
    writing = ConnectionPool(partial(_opened_by, writers), 1, pool_timeout)

    def close_idle() -> None:
        reading.close_idle()
        writing.close_idle()

    file.close_idle = close_idle
    return Database(
        url,
        readers,
        writers,
        connections=reading,
        sqlite_writer=SqliteWriter(file, writing, acquire_timeout=pool_timeout),
    )


async def _opened_by(engine: AsyncEngine) -> SqliteFile:
    pooled = await engine.raw_connection()
    connection = cast(SqliteFile, pooled.driver_connection)
    pooled.detach()
    return connection


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def on_begin(engine: AsyncEngine, *statements: str) -> None:
    """Let the engine's transactions begin with these statements."""

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)


def is_retryable(error: Exception) -> bool:
    """Whether the same unit of work may succeed when it is run again from its start."""
    driver_error = _driver_error(error)
    sqlstate = getattr(driver_error, "sqlstate", None)
    if sqlstate is not None:
        return is_conflict(sqlstate)
    code = getattr(driver_error, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the primary code of an extended one.
        return code in _CONFLICT_SQLITE_CODES or code & 0xFF in _SQLITE_BUSY_CODES
    return False


def is_schema_mismatch(error: Exception) -> bool:
    """Whether a table, a column or a function that this code uses is missing."""
    driver_error = _driver_error(error)
    if getattr(driver_error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return _UNDEFINED_ON_SQLITE.match(str(driver_error)) is not None
    return is_undefined_object(getattr(driver_error, "sqlstate", None))


def _driver_error(error: Exception) -> object:
    """SQLAlchemy wraps the errors of connecting; statements run without it."""
    return error.orig if isinstance(error, DBAPIError) else error


def is_unavailable(error: Exception) -> bool:
    """Whether the database is unreachable now: gone, starting, full or shutting down."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    driver_error = _driver_error(error)
    code = getattr(driver_error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_UNAVAILABLE_CODES
    return is_node_failure(getattr(driver_error, "sqlstate", None))


def is_time_limit(error: Exception) -> bool:
    """Whether a limit that is set in the database has ended the statement."""
    return is_timeout(getattr(_driver_error(error), "sqlstate", None))
