"""Transactions on PostgreSQL's own driver."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias, cast

import asyncpg
from sqlalchemy import URL, NullPool, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from domain.errors import Unavailable
from repositories.connections import Connections
from repositories.statements import Row
from repositories.transactions import Cancelled, cancelled_apart, take_back, uninterrupted

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""All statements see the state of the first one."""

WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Each statement sees what was committed before it began."""

SESSION_SETTINGS = {
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
}
"""What our SQL and its results rely on, whatever a role or a database says otherwise."""

SET_LOCAL = ("SET LOCAL extra_float_digits = 1", "SET LOCAL standard_conforming_strings = on")
"""The same for a transaction that says itself how isolated it is."""

_CutOff = asyncpg.InternalClientError
"""What the driver says when the server ends the connection as a statement begins."""

Driver: TypeAlias = "asyncpg.Connection[Any]"


_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, _CutOff)


def _require_connection(driver: Driver, error: Exception) -> None:
    """Raises Unavailable when what the error tells is that the connection is lost."""
    if isinstance(error, _CutOff):
        # It doesn't know yet that it's closed.
        driver.terminate()
    if driver.is_closed():
        raise Unavailable("The database can't be reached.") from error


class PostgresTransaction:
    """A transaction that `opening` begins; without one, a single read."""

    def __init__(self, connections: Connections[Driver], opening: str | None) -> None:
        self._connections = connections
        self._driver: Driver | None = None
        self._opening = opening
        self._is_open = False
        self._was_run = False

    async def begin(self) -> None:
        self._driver = await self._connections.take()
        if self._opening is not None:
            self._is_open = True
            await self._execute(self._opening)

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._was_run and self._opening is None:
            raise RuntimeError("this unit of work was to be one call")
        self._was_run = True
        driver = self._driver
        assert driver is not None
        try:
            return cast(Sequence[Row], await driver.fetch(sql, *arguments))
        except _ERRORS as error:
            _require_connection(driver, error)
            raise

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        driver = self._driver
        assert driver is not None
        try:
            await driver.executemany(sql, arguments)
        except _ERRORS as error:
            _require_connection(driver, error)
            raise

    async def commit(self) -> None:
        await self._execute("COMMIT")
        self._is_open = False

    async def end(self) -> None:
        if self._driver is None:
            return
        is_sound = not self._is_open
        try:
            if self._is_open:
                await self._execute("ROLLBACK")
                is_sound = True
        except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            """The server does it when the connection is gone."""
        finally:
            self._connections.give_back(self._driver, is_sound=is_sound)
            self._driver = None

    async def _execute(self, sql: str) -> None:
        driver = self._driver
        assert driver is not None
        try:
            await driver.execute(sql)
        except _ERRORS as error:
            _require_connection(driver, error)
            raise


class PostgresStatement:
    """A single statement, which commits itself.

    So it's the commit as well, and carried through when its caller is cancelled. But it may wait
    for the locks of others: the server is then asked to end it, and what came of it is told.
    """

    def __init__(self, connections: Connections[Driver], url: URL) -> None:
        self._connections = connections
        self._url = url
        self._driver: Driver | None = None
        self._was_run = False

    async def begin(self) -> None:
        self._driver = await self._connections.take()

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._was_run:
            raise RuntimeError("this unit of work was to be one call")
        self._was_run = True
        driver = self._driver
        assert driver is not None
        fetch = driver.fetch(sql, *arguments)
        try:
            outcome = await cancelled_apart(fetch)
            if isinstance(outcome, Cancelled):
                ending = asyncio.ensure_future(self._ended(outcome.task, driver.get_server_pid()))
                is_ended, cancellations = await uninterrupted(ending)
                if is_ended:
                    raise outcome.cancellation
                take_back([outcome.cancellation, *cancellations])
                outcome = outcome.task.result()
            return cast(Sequence[Row], outcome)
        except _ERRORS as error:
            _require_connection(driver, error)
            raise

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        raise RuntimeError("this unit of work was to be one call")

    async def commit(self) -> None:
        """It was, with the statement."""

    async def end(self) -> None:
        if self._driver is not None:
            self._connections.give_back(self._driver)
            self._driver = None

    async def _ended(self, statement: "asyncio.Future[Any]", server_pid: int) -> bool:
        """Ask the server to end the statement; whether it did, rather than carry it out."""
        # Over a connection of its own, for those of the pool may all be in use.
        engine = create_async_engine(self._url, poolclass=NullPool)
        # When nobody can be asked, it's waited for.
        with suppress(SQLAlchemyError, OSError, asyncpg.PostgresError):
            async with engine.connect() as connection:
                question = select(func.pg_cancel_backend(server_pid))
                await connection.execute(question)
        await asyncio.wait({statement})
        return isinstance(statement.exception(), asyncpg.QueryCanceledError)
