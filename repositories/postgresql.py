"""Transactions on PostgreSQL's own driver, with a connection of SQLAlchemy's pool."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import asyncpg
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from domain.errors import Unavailable
from repositories.statements import Row

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""All statements see the state of the first one."""

WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Each statement sees what was committed before it began."""


_CutOff = asyncpg.InternalClientError
"""What the driver says when the server ends the connection as a statement begins."""


class PostgresTransaction:
    """A transaction that `opening` begins; without one, each statement commits itself."""

    def __init__(self, engine: AsyncEngine, opening: str | None) -> None:
        self._engine = engine
        self._opening = opening
        self._pooled: PoolProxiedConnection | None = None
        self._is_open = False

    async def begin(self) -> None:
        self._pooled = await self._live_connection()
        if self._opening is not None:
            self._is_open = True
            with self._driver() as driver:
                await driver.execute(self._opening)

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        with self._driver() as driver:
            return cast(Sequence[Row], await driver.fetch(sql, *arguments))

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        with self._driver() as driver:
            await driver.executemany(sql, arguments)

    async def commit(self) -> None:
        if self._is_open:
            with self._driver() as driver:
                await driver.execute("COMMIT")
            self._is_open = False

    async def end(self) -> None:
        if self._pooled is None:
            return
        give_back: Callable[[], None] = self._pooled.invalidate
        try:
            if self._is_open:
                with self._driver() as driver:
                    await driver.execute("ROLLBACK")
            give_back = self._pooled.close
        except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            # Whatever state the connection is in, nobody else shall find it there.
            self._pooled.driver_connection.terminate()  # type: ignore[union-attr]
        finally:
            self._pooled = None
            await greenlet_spawn(give_back)

    async def _live_connection(self) -> PoolProxiedConnection:
        """One that the server hasn't ended while it was in the pool."""
        while True:
            pooled = await self._engine.raw_connection()
            if not cast("asyncpg.Connection[Any]", pooled.driver_connection).is_closed():
                return pooled
            await greenlet_spawn(pooled.invalidate)

    @contextmanager
    def _driver(self) -> Iterator["asyncpg.Connection[Any]"]:
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
