"""The health check of a PostgreSQL database, beside all units of work.

It only reads, until the database had no room for what somebody wanted to write: then it writes as
well, until there is room.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context

import asyncpg

from domain.errors import Unavailable
from repositories.drivers.postgresql_connector import PostgresConnection
from repositories.drivers.sqlstates import DISK_FULL, is_undefined_object
from repositories.errors import SchemaChanged

_SECONDS = 2.0
"""How long the check may take. Load balancers and orchestrators wait hardly longer."""

_QUESTION = """
SELECT
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    ARRAY(
        SELECT name FROM unnest($1::text[]) AS name
        WHERE NOT coalesce(has_function_privilege(to_regproc(name)::oid, 'EXECUTE'), false)
    ) || ARRAY(
        SELECT name FROM unnest($2::text[]) AS name
        WHERE NOT coalesce(
            has_table_privilege(to_regclass(name)::oid, 'SELECT')
            AND has_table_privilege(to_regclass(name)::oid, 'INSERT')
            AND has_table_privilege(to_regclass(name)::oid, 'UPDATE'),
            false
        )
    ) AS missing
"""

_WRITING = """
BEGIN READ ONLY;
SET LOCAL work_mem = '64kB';
SELECT count(*) FROM generate_series(1, 40000);
ROLLBACK
"""
"""Writes a temporary file of a megabyte, for rows that the memory has no room for.

That takes no right, leaves nothing behind, and fails on a full disk as saves do.
"""


class PostgresProbe:
    """Checks over a connection of its own, so that it doesn't wait for the pool.

    The connection is kept for the next check. Concurrent callers share one check.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[PostgresConnection]], seconds: float = _SECONDS
    ) -> None:
        self._connect = connect
        self._seconds = seconds
        self._kept: PostgresConnection | None = None
        self._asking: asyncio.Task[None] | None = None
        self._suspects_disk = False

    def suspect_disk(self) -> None:
        """The database had no room to write: the next checks see whether it has by now."""
        self._suspects_disk = True

    async def require_writable(
        self, functions: Sequence[str], tables: Sequence[str], reads: Sequence[str]
    ) -> None:
        """Raises Unavailable, within seconds, unless all of these can be used for saves.

        `reads` are statements that have to succeed. SchemaChanged where something is missing.
        """
        if self._asking is None or self._asking.done():
            asking = self._ask(functions, tables, reads)
            self._asking = asyncio.create_task(asking, context=Context())
            self._asking.add_done_callback(_is_known)
        await asyncio.shield(self._asking)

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self._kept is not None:
            self._kept.terminate()

    async def _ask(
        self, functions: Sequence[str], tables: Sequence[str], reads: Sequence[str]
    ) -> None:
        kept, self._kept = self._kept, None
        try:
            async with asyncio.timeout(self._seconds):
                if kept is not None:
                    # It may be closed by now, or lead to what was the primary once.
                    with suppress(Unavailable, asyncpg.PostgresError, asyncpg.InterfaceError):
                        return await self._ask_over(kept, functions, tables, reads)
                await self._ask_over(await self._connect(), functions, tables, reads)
        except (
            OSError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            if is_undefined_object(getattr(error, "sqlstate", None)):
                raise SchemaChanged("The database lacks what reads need.") from error
            raise Unavailable("The database can't be reached.") from error

    async def _ask_over(
        self,
        connection: PostgresConnection,
        functions: Sequence[str],
        tables: Sequence[str],
        reads: Sequence[str],
    ) -> None:
        try:
            [(is_read_only, missing)] = await connection.fetch(_QUESTION, functions, tables)
            if is_read_only:
                raise Unavailable("The database takes no writes.")
            if missing:
                raise SchemaChanged(f"The database lacks what saves need: {', '.join(missing)}.")
            for sql in reads:
                await connection.fetch(sql)
            await self._require_room(connection)
        except BaseException:
            connection.terminate()
            raise
        self._kept = connection

    async def _require_room(self, connection: PostgresConnection) -> None:
        if not self._suspects_disk:
            return
        # Whoever finds it full meanwhile suspects it anew.
        self._suspects_disk = False
        try:
            await connection.execute(_WRITING)
        except BaseException as error:
            self._suspects_disk = True
            if getattr(error, "sqlstate", None) == DISK_FULL:
                raise Unavailable("The database's disk is full.") from error
            raise


def _is_known(asking: asyncio.Task[None]) -> None:
    """Retrieves the exception, since no caller may be left to do so."""
    if not asking.cancelled():
        asking.exception()
