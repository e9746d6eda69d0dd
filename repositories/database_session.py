"""One connection in one transaction, for one unit of work."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.changes import Change
from domain.errors import TimedOut, Unavailable
from repositories.engine import another_writer_came_between, is_out_of_reach
from repositories.unit_of_work import DEADLINE, Interference

T = TypeVar("T")
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
        self._running: asyncio.Task[Any] | None = None
        self.changes: list[Change] = []

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    async def rows(
        self, statement: Executable, parameters: Parameters = None
    ) -> Sequence[Row[Any]]:
        """Run a statement and give all its rows."""
        result = await self._execute(statement, parameters)
        return result.all() if result.returns_rows else ()

    async def run(self, statement: Executable, parameters: Parameters = None) -> int:
        """Run a statement and give the number of rows that it changed."""
        return (await self._execute(statement, parameters)).rowcount

    async def commit(self) -> None:
        """Keep what was written, and end.

        Once begun it is carried through, whoever cancels the caller. The cancellation is then
        dropped: its sender would otherwise be told that nothing happened.
        """
        async with self._turn:
            if self._failure is not None:
                raise self._failure
            self._is_closed = True
            with _translated_errors():
                cancellations = await _carried_through(self._commit_and_give_back())
            if (caller := asyncio.current_task()) is not None:
                for _ in cancellations:
                    caller.uncancel()

    async def close(self) -> None:
        """End; what isn't committed is undone. Later statements fail.

        A statement that still runs, for a task that nobody waits for any more, is cancelled.
        """
        self._is_closed = True
        if self._running is not None and self._running is not asyncio.current_task():
            self._running.cancel()
        if self._connection is not None or self._turn.locked():
            for cancellation in await _carried_through(self._roll_back()):
                raise cancellation

    async def _roll_back(self) -> None:
        async with self._turn:
            await self._give_back()

    async def _commit_and_give_back(self) -> None:
        if self._connection is not None:
            await self._connection.commit()
        await self._give_back()

    async def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _execute(self, statement: Executable, parameters: Parameters) -> CursorResult[Any]:
        """Run a statement when it's the caller's turn, within the deadline."""
        try:
            async with asyncio.timeout_at(DEADLINE.get()), self._turn:
                self._running = asyncio.current_task()
                try:
                    with self._failing():
                        connection = await self._begun()
                        work = connection.execute(statement, parameters)
                        return await (_interruptible(connection, work) if self.is_sqlite else work)
                finally:
                    self._running = None
        except TimeoutError:
            raise TimedOut("The operation took too long.") from None

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
        except asyncio.CancelledError:
            self._failure = Unavailable("A statement of this unit of work was cancelled.")
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


async def _interruptible(connection: AsyncConnection, work: Awaitable[T]) -> T:
    """Await work of SQLite's thread, which a cancelled caller has to interrupt."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            # It may not have begun yet; only what runs is interrupted.
            with suppress(asyncio.CancelledError):
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                await driver.interrupt()
                await asyncio.wait({task}, timeout=0.01)
        with suppress(DBAPIError):
            task.result()
        raise


async def _carried_through(work: Awaitable[None]) -> list[asyncio.CancelledError]:
    """Await `work` to its end; gives how the caller was cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancellations = []
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as cancellation:
            if task.cancelled():
                raise
            cancellations.append(cancellation)
    task.result()
    return cancellations


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
