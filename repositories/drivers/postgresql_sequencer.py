"""Calls a function of the database now and then, beside all units of work."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from domain.errors import Unavailable
from repositories.drivers.postgresql_connector import PostgresConnection
from repositories.drivers.sqlstates import is_undefined_object
from repositories.errors import SchemaChanged
from repositories.semaphores import FairSemaphore

_SECONDS = 5.0
"""How long a call may take, the connection included."""


class PostgresSequencer:
    """Has a connection of its own, for those of the pool may all wait for locks.

    The connection is kept for the next call. Calls are made one at a time.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[PostgresConnection]],
        seconds: float = _SECONDS,
        *,
        has_pooler: bool,
    ) -> None:
        self._connect = connect
        self._seconds = seconds
        self._has_pooler = has_pooler
        self._kept: PostgresConnection | None = None
        self._is_closed = False
        self._turn = FairSemaphore(1)

    async def call(self, sql: str, *arguments: Any) -> Any:
        """The statement's one value. Raises Unavailable within seconds; SchemaChanged."""
        async with self._turn:
            if self._is_closed:
                raise Unavailable("The database is closed.")
            kept, self._kept = self._kept, None
            try:
                async with asyncio.timeout(self._seconds):
                    if kept is None or kept.is_closed():
                        kept = await self._connect()
                    value = await self._value(kept, sql, arguments)
            except (
                OSError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
            ) as error:
                _terminate(kept)
                if is_undefined_object(getattr(error, "sqlstate", None)):
                    raise SchemaChanged("The database lacks what the log needs.") from error
                raise Unavailable("The database can't be reached.") from error
            except BaseException:
                _terminate(kept)
                raise
            self._keep(kept)
            return value

    async def _value(self, connection: PostgresConnection, sql: str, arguments: Any) -> Any:
        if not self._has_pooler:
            # Alone, the statement is its own transaction, of the session's isolation level.
            return await connection.fetchval(sql, *arguments)
        # The role may have another level, and a pooler passes no settings of a session on.
        async with connection.transaction(isolation="read_committed"):
            return await connection.fetchval(sql, *arguments)

    def _keep(self, connection: PostgresConnection) -> None:
        if self._is_closed:
            # It would never be closed.
            _terminate(connection)
        else:
            self._kept = connection

    def close(self) -> None:
        self._is_closed = True
        _terminate(self._kept)


def _terminate(connection: PostgresConnection | None) -> None:
    if connection is not None:
        connection.terminate()
