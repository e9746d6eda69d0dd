"""Connections to the database: how they are opened, pooled and begun."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import NullPool, event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from repositories.connections import Connections
from repositories.postgresql import (
    SESSION_SETTINGS,
    SET_LOCAL,
    SNAPSHOT,
    WRITING,
    PostgresStatement,
    PostgresTransaction,
)
from repositories.sqlite import (
    PATIENCE_MILLISECONDS,
    SqliteFile,
    SqliteSnapshot,
    SqliteTransaction,
    SqliteWriter,
    open_existing,
)
from repositories.sqlite_file import DatabaseFile, only_server_of
from repositories.transactions import Transaction

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_LIBPQ_PARAMETERS = frozenset(
    {
        "application_name",
        "options",
        "passfile",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "target_session_attrs",
    }
)
_ASYNCPG_PARAMETERS = frozenset({"dsn", "host", "port", "prepared_statement_cache_size", "ssl"})
_POOLER_PARAMETERS = frozenset({"pgbouncer", "statement_cache_size"})
_BOOLEANS = {"true": True, "false": False}

_OLDEST_SQLITE = (3, 38)
"""The first with JSON's `->`."""
_SQLITE_CACHE_KIBIBYTES = 1_024
"""Of each connection. A page of a hundred entities with all that belongs to them finds room; what
isn't there any more comes from the operating system, which keeps the file once for all."""

# PostgreSQL: serialization failure, deadlock, unique violation, lock not available.
_REPEATABLE_SQLSTATES = frozenset({"40001", "40P01", "23505", "55P03"})
_REPEATABLE_SQLITE_CODES = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
)
_SQLITE_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_OUT_OF_REACH_CODES = frozenset(
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

# PostgreSQL: undefined function, table, column, schema; a result of another shape than before.
_LACKING_SQLSTATES = frozenset({"42883", "42P01", "42703", "3F000", "0A000"})
_LACKING_ON_SQLITE = re.compile(r"no such (table|column|view)|table \w+ has no column")


class DatabaseUrlError(ValueError):
    """The URL names no database that this server can use; the message has no password in it."""


def database_url(value: str) -> URL:
    """A SQLAlchemy URL with the async driver, from one with or without a driver."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise DatabaseUrlError("not a SQLAlchemy URL, like sqlite:///aicmo.db") from None
    kind = {"postgres": "postgresql"}.get(url.get_backend_name(), url.get_backend_name())
    if kind not in _DRIVERS:
        raise DatabaseUrlError(f"{kind!r} is not supported: use sqlite or postgresql")
    if kind == "sqlite" and _is_in_memory(url):
        raise DatabaseUrlError(
            "SQLite needs a file here; to keep nothing, use the in-memory persistence mode"
        )
    url = url.set(drivername=_DRIVERS[kind])
    return url if kind == "sqlite" else _understood_by_asyncpg(url)


def _understood_by_asyncpg(url: URL) -> URL:
    """It reads libpq's parameters from a DSN only, which is one more parameter here."""
    understood = _LIBPQ_PARAMETERS | _ASYNCPG_PARAMETERS | _POOLER_PARAMETERS
    if unknown := url.query.keys() - understood:
        raise DatabaseUrlError(f"{', '.join(sorted(unknown))}: not supported for PostgreSQL")
    if url.query.get("sslmode", _SSL_MODES[0]) not in _SSL_MODES:
        raise DatabaseUrlError(f"sslmode: must be one of {', '.join(_SSL_MODES)}")
    if url.query.get("pgbouncer", "true") not in _BOOLEANS:
        raise DatabaseUrlError("pgbouncer: must be true or false")
    if not str(url.query.get("statement_cache_size", "0")).isdecimal():
        raise DatabaseUrlError("statement_cache_size: must be a number, or 0 for no cache")
    given = {name: url.query[name] for name in url.query if name in _LIBPQ_PARAMETERS}
    if not given:
        return url
    dsn = f"postgresql://?{urlencode(given, doseq=True)}"
    return url.difference_update_query(given).update_query_dict({"dsn": dsn})


def _is_in_memory(url: URL) -> bool:
    names = (":memory:", "file::memory:")
    return (url.database or ":memory:").startswith(names) or url.query.get("mode") == "memory"


@dataclass(frozen=True, slots=True)
class Database:
    """One database: read transactions are snapshots, write transactions lock.

    On PostgreSQL both share `pool_size` connections; on SQLite there are `pool_size` readers beside
    the one writer, which callers take in the order in which they came. The engines are for what
    isn't a unit of work: each connection of theirs is opened for itself.
    """

    url: URL
    readers: AsyncEngine
    writers: AsyncEngine
    connections: Connections[Any]
    sqlite_writer: SqliteWriter | None = None
    connect_args: Mapping[str, Any] = field(default_factory=dict)
    """What PostgreSQL's driver is to be given besides the URL."""
    has_pooler: bool = False
    """Whether a session may be another one for each transaction."""

    @property
    def is_sqlite(self) -> bool:
        return self.sqlite_writer is not None

    @property
    def is_missing(self) -> bool:
        """Whether it's a file that isn't there, but would be from the first connection on."""
        if self.sqlite_writer is None:
            return False
        path = self.sqlite_writer.database.path
        return path.parent.is_dir() and not path.exists()

    def only_server(self) -> AbstractContextManager[None]:
        """Within it no other process can be in its own on the same file: it raises Unavailable.

        A PostgreSQL has as many servers as come.
        """
        if self.sqlite_writer is None:
            return nullcontext()
        return only_server_of(self.sqlite_writer.database.path)

    def snapshot(self, in_one_call: bool = False) -> Transaction:
        """A transaction whose reads all see one state; perhaps a single read, which needs none."""
        if self.sqlite_writer is not None:
            file = self.sqlite_writer.database
            return SqliteSnapshot(file, self.connections, in_one_call=in_one_call)
        if self.has_pooler:
            return PostgresTransaction(self.connections, f"{SNAPSHOT}; {'; '.join(SET_LOCAL)}")
        return PostgresTransaction(self.connections, None if in_one_call else SNAPSHOT)

    def transaction(self, in_one_call: bool = False) -> Transaction:
        """A transaction that writes; perhaps one that is no more than a single statement."""
        if self.sqlite_writer is not None:
            return SqliteTransaction(self.sqlite_writer)
        if self.has_pooler:
            return PostgresTransaction(self.connections, f"{WRITING}; {'; '.join(SET_LOCAL)}")
        if in_one_call:
            return PostgresStatement(self.connections, self.url)
        return PostgresTransaction(self.connections, WRITING)

    async def close(self) -> None:
        if self.sqlite_writer is not None:
            await self.sqlite_writer.close()
        await self.connections.close()


def open_database(url: str, *, pool_size: int = 5, pool_timeout: float = 10.0) -> Database:
    """Prepare the engines; nothing is connected before the first statement.

    `pool_timeout` in seconds is how long a unit of work waits for a connection.
    Raises DatabaseUrlError.
    """
    target = database_url(url)
    try:
        if target.get_backend_name() == "sqlite":
            return _sqlite(target, pool_size, pool_timeout)
        return _postgresql(target, pool_size, pool_timeout)
    except (NoSuchModuleError, TypeError) as error:
        raise DatabaseUrlError(f"not usable: {error}") from None


def _postgresql(target: URL, pool_size: int, pool_timeout: float) -> Database:
    url = target.difference_update_query(_POOLER_PARAMETERS)
    has_pooler = _BOOLEANS[str(target.query.get("pgbouncer", "false"))]
    connect_args = _connect_args(target, has_pooler)
    # JSON stays the text that it is; the driver would parse it.
    engine = _engine(url, json_deserializer=str, connect_args=connect_args)
    if has_pooler:
        on_begin(engine, *SET_LOCAL)
    return Database(
        url,
        readers=engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        ),
        writers=engine.execution_options(isolation_level="READ COMMITTED"),
        connections=Connections(engine, pool_size, pool_timeout),
        connect_args=connect_args,
        has_pooler=has_pooler,
    )


def _connect_args(url: URL, has_pooler: bool) -> dict[str, Any]:
    """A pooler knows neither what a client's session is to be like, nor (PgBouncer before 1.21)
    the statements that it prepared: these have no name then, and are parsed each time."""
    args: dict[str, Any] = {} if has_pooler else {"server_settings": SESSION_SETTINGS}
    kept = url.query.get("statement_cache_size", "0" if has_pooler else None)
    if kept is not None:
        args["statement_cache_size"] = int(str(kept))
    if kept == "0":
        args["prepared_statement_name_func"] = str
    return args


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
        f"busy_timeout = {PATIENCE_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "busy_timeout = 0",
    )
    on_begin(readers, "BEGIN DEFERRED")
    on_begin(writers, "BEGIN IMMEDIATE")
    reading = Connections[SqliteFile](readers, pool_size, pool_timeout)
    writing = Connections[SqliteFile](writers, 1, pool_timeout)

    def close_idle() -> None:
        reading.close_idle()
        writing.close_idle()

    file.close_idle = close_idle
    return Database(
        url,
        readers,
        writers,
        connections=reading,
        sqlite_writer=SqliteWriter(file, writing, patience=pool_timeout),
    )


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


def another_writer_came_between(error: Exception) -> bool:
    """Whether the same unit of work may succeed when it is run again from its start."""
    told = _driver_error(error)
    sqlstate = getattr(told, "sqlstate", None)
    if sqlstate is not None:
        return sqlstate in _REPEATABLE_SQLSTATES
    code = getattr(told, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the primary code of an extended one.
        return code in _REPEATABLE_SQLITE_CODES or code & 0xFF in _SQLITE_BUSY_CODES
    return False


def lacks_something(error: Exception) -> bool:
    """Whether tables, columns or functions aren't there that were when this code was written."""
    told = _driver_error(error)
    if getattr(told, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return _LACKING_ON_SQLITE.match(str(told)) is not None
    return getattr(told, "sqlstate", None) in _LACKING_SQLSTATES


def _driver_error(error: Exception) -> object:
    """SQLAlchemy wraps the errors of connecting; statements run without it."""
    return error.orig if isinstance(error, DBAPIError) else error


def is_out_of_reach(error: Exception) -> bool:
    """Whether the database can't be talked to now: gone, starting, full or shutting down."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    told = _driver_error(error)
    code = getattr(told, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_OUT_OF_REACH_CODES
    sqlstate = getattr(told, "sqlstate", None)
    # 08: connection exceptions; 3D: no such database; 53: insufficient resources;
    # 57P: the server's operators.
    return sqlstate is not None and sqlstate.startswith(("08", "3D", "53", "57P"))
