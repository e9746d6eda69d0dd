"""Transactions on PostgreSQL's own driver, with a connection of SQLAlchemy's pool."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import asyncpg
from sqlalchemy import NullPool, PoolProxiedConnection, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from domain.errors import Unavailable
from repositories.statements import Row
from repositories.transactions import carried_through, take_back

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""All statements see the state of the first one."""

WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Each statement sees what was committed before it began."""

_CutOff = asyncpg.InternalClientError
"""What the driver says when the server ends the connection as a statement begins."""


class _PooledConnection:
    """A connection of the pool, between `take` and `give_back`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._pooled: PoolProxiedConnection | None = None

    @property
    def is_taken(self) -> bool:
        return self._pooled is not None

    async def take(self) -> None:
        """One that the server hasn't ended while it was in the pool."""
        while True:
            pooled = await self._engine.raw_connection()
            if not cast("asyncpg.Connection[Any]", pooled.driver_connection).is_closed():
                self._pooled = pooled
                return
            await greenlet_spawn(pooled.invalidate)

    @contextmanager
    def driver(self) -> Iterator["asyncpg.Connection[Any]"]:
        """Raises Unavailable in place of what tells that the connection is lost."""
        assert self._pooled is not None
        driver = cast("asyncpg.Connection[Any]", self._pooled.driver_connection)
        try:
            yield driver
        except (asyncpg.PostgresError, asyncpg.InterfaceError, _CutOff) as error:
            if isinstance(error, _CutOff):
                # It doesn't know yet that it's closed.
                driver.terminate()
            if driver.is_closed():
                raise Unavailable("The database can't be reached.") from error
            raise

    async def give_back(self, *, is_sound: bool) -> None:
        """Unless it's sound, nobody else gets it: whatever state it's in."""
        pooled, self._pooled = self._pooled, None
        assert pooled is not None
        give_back: Callable[[], None] = pooled.close
        if not is_sound:
            cast("asyncpg.Connection[Any]", pooled.driver_connection).terminate()
            give_back = pooled.invalidate
        await greenlet_spawn(give_back)


class PostgresTransaction:
    """A transaction that `opening` begins; without one, a single read."""

    def __init__(self, engine: AsyncEngine, opening: str | None) -> None:
        self._connection = _PooledConnection(engine)
        self._opening = opening
        self._is_open = False
        self._was_run = False

    async def begin(self) -> None:
        await self._connection.take()
        if self._opening is not None:
            self._is_open = True
            await self._execute(self._opening)

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._was_run and self._opening is None:
            raise RuntimeError("this unit of work was to be one call")
        self._was_run = True
        with self._connection.driver() as driver:
            return cast(Sequence[Row], await driver.fetch(sql, *arguments))

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        with self._connection.driver() as driver:
            await driver.executemany(sql, arguments)

    async def commit(self) -> None:
        await self._execute("COMMIT")
        self._is_open = False

    async def end(self) -> None:
        if not self._connection.is_taken:
            return
        is_sound = not self._is_open
        try:
            if self._is_open:
                await self._execute("ROLLBACK")
                is_sound = True
        except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            """The server does it when the connection is gone."""
        finally:
            await self._connection.give_back(is_sound=is_sound)

    async def _execute(self, sql: str) -> None:
        with self._connection.driver() as driver:
            await driver.execute(sql)


class PostgresStatement:
    """A single statement, which commits itself.

    So it's the commit as well, and carried through when its caller is cancelled. But it may wait
    for the locks of others: the server is then asked to end it, and what came of it is told.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection = _PooledConnection(engine)
        self._was_run = False

    async def begin(self) -> None:
        await self._connection.take()

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._was_run:
            raise RuntimeError("this unit of work was to be one call")
        self._was_run = True
        with self._connection.driver() as driver:
            statement = asyncio.ensure_future(driver.fetch(sql, *arguments))
            try:
                await asyncio.wait({statement})
            except asyncio.CancelledError as cancellation:
                ending = self._ended(statement, driver.get_server_pid())
                is_ended, cancellations = await carried_through(ending)
                if is_ended:
                    raise
                take_back([cancellation, *cancellations])
            return cast(Sequence[Row], statement.result())

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        raise RuntimeError("this unit of work was to be one call")

    async def commit(self) -> None:
        """It was, with the statement."""

    async def end(self) -> None:
        if self._connection.is_taken:
            await self._connection.give_back(is_sound=True)

    async def _ended(self, statement: "asyncio.Future[Any]", server_pid: int) -> bool:
        """Ask the server to end the statement; whether it did, rather than carry it out."""
        # Over a connection of its own, for those of the pool may all be in use.
        engine = create_async_engine(self._engine.url, poolclass=NullPool)
        # When nobody can be asked, it's waited for.
        with suppress(SQLAlchemyError, OSError, asyncpg.PostgresError):
            async with engine.connect() as connection:
                question = select(func.pg_cancel_backend(server_pid))
                await connection.execute(question)
        await asyncio.wait({statement})
        return isinstance(statement.exception(), asyncpg.QueryCanceledError)
