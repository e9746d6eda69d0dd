"""One connection in one transaction, for one unit of work."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.errors import Unavailable
from repositories.engine import another_writer_came_between, is_out_of_reach
from repositories.unit_of_work import Interference

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class DatabaseSession:
    """Begins at its first statement; statements of several tasks queue on it.

    Raises Unavailable when the database can't be reached, and Interference when another writer
    came between. After a failure nothing but that failure comes of it, whoever caught it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()
        self._is_closed = False
        self._failure: Exception | None = None

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    async def rows(
        self, statement: Executable, parameters: Parameters = None
    ) -> Sequence[Row[Any]]:
        """Run a statement and give all its rows."""
        async with self._turn:
            with self._failing():
                result = await (await self._begun()).execute(statement, parameters)
                return result.all() if result.returns_rows else ()

    async def run(self, statement: Executable, parameters: Parameters = None) -> int:
        """Run a statement and give the number of rows that it changed."""
        async with self._turn:
            with self._failing():
                return (await (await self._begun()).execute(statement, parameters)).rowcount

    async def commit(self) -> None:
        """Keep what was written. Once begun it is carried through, whoever cancels the caller."""
        async with self._turn:
            if self._failure is not None:
                raise self._failure
            if self._connection is not None:
                with _translated_errors():
                    await _carried_through(self._connection.commit())

    async def close(self) -> None:
        """Give the connection back; what isn't committed is undone. Later statements fail."""
        self._is_closed = True
        async with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.close()

    def interference(self) -> Interference:
        """To be raised by who sees that another writer came between."""
        self._failure = Interference()
        return self._failure

    @contextmanager
    def _failing(self) -> Iterator[None]:
        if self._failure is not None:
            raise self._failure
        try:
            with _translated_errors():
                yield
        except (DBAPIError, Unavailable) as error:
            # PostgreSQL would answer a later COMMIT by a silent rollback.
            self._failure = error
            raise

    async def _begun(self) -> AsyncConnection:
        if self._is_closed:
            raise RuntimeError("this unit of work has ended")
        if self._connection is None:
            connection = await self._engine.connect()
            try:
                await connection.begin()
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection


async def _carried_through(work: Awaitable[None]) -> None:
    """Await `work` to its end even when the caller is cancelled meanwhile.

    The cancellation is then dropped: its sender would otherwise be told that nothing happened.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            if (caller := asyncio.current_task()) is not None:
                caller.uncancel()
    task.result()


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError:
        raise Unavailable("All database connections are in use.") from None
    except DBAPIError as error:
        if another_writer_came_between(error):
            raise Interference from error
        if is_out_of_reach(error):
            raise Unavailable("The database can't be reached.") from error
        raise
    except OSError as error:
        raise Unavailable("The database can't be reached.") from error
