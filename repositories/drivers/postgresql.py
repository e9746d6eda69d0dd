"""Transactions on PostgreSQL's own driver.

Nothing here waits for the database without a bound: the server closes a connection that is silent
for too long, and all others that may lead to the same host.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import asyncpg

from domain.errors import TimedOut, Unavailable
from repositories.deadlines import seconds_left
from repositories.drivers.cancellation import Cancelled, detach_on_cancel, uncancel, uninterrupted
from repositories.drivers.compiled import Row
from repositories.drivers.connection_pool import ConnectionPool
from repositories.drivers.postgresql_connector import PostgresConnection
from repositories.drivers.sqlstates import DISK_FULL, READ_ONLY, is_node_failure, is_timeout
from repositories.semaphores import FairSemaphore

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""All statements see the state of the first one."""

WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Each statement sees what was committed before it began."""

_SETTLING_SECONDS = 2.0
"""How long a connection may take to end an abandoned statement, before it's closed."""

SESSION_SETTINGS = {
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
}
"""The settings that the SQL relies on; they override those of the role and of the database."""

SET_LOCAL = ("SET LOCAL extra_float_digits = 1", "SET LOCAL standard_conforming_strings = on")
"""The same settings for a transaction that sets its own isolation level."""

_CutOff = asyncpg.InternalClientError
"""The driver's error when the server ends the connection as a statement begins."""

_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, _CutOff)

Driver: TypeAlias = PostgresConnection


@dataclass(frozen=True, slots=True)
class PostgresPool:
    """The objects that the transactions on a database share.

    `writers` leave some of the connections to readers, though all of the writers wait for locks.
    `connect` opens a connection beside the pool's. `grace` in seconds is how long the database may
    take beyond an operation's deadline to tell what came of a commit. `suspect_disk` is called when
    the database had no room to write.
    """

    connections: ConnectionPool[Driver]
    connect: Callable[[], Awaitable[Driver]]
    writers: FairSemaphore
    acquire_timeout: float
    grace: float
    suspect_disk: Callable[[], None]
    has_pooler: bool

    async def end_statement(self, server_pid: int) -> None:
        """Ask the server to cancel what one of its processes runs. Raises as `connect` does.

        It's asked over a new connection, since those of the pool may all be in use. Behind a pooler
        nobody knows which process it is.
        """
        if self.has_pooler:
            return
        connection = await self.connect()
        try:
            await connection.execute(f"SELECT pg_cancel_backend({server_pid:d})")
        finally:
            connection.terminate()


class _OnConnection:
    """Holds a connection of the pool from `begin` to `end`."""

    def __init__(self, pool: PostgresPool, *, writes: bool) -> None:
        self._pool = pool
        self._writes = writes
        self._driver: Driver | None = None
        self._is_settled = True
        """Whether the connection is in no transaction and runs no statement."""

    async def _take(self) -> None:
        if not self._writes:
            self._driver = await self._pool.connections.acquire()
            return
        writers = self._pool.writers
        if not writers.try_acquire():
            await writers.acquire(self._pool.acquire_timeout)
        try:
            self._driver = await self._pool.connections.acquire()
        except BaseException:
            writers.release()
            raise

    async def _settle(self, sql: str) -> None:
        """Give the connection back, or close it if this doesn't end what runs on it."""
        driver = self._driver
        if driver is None:
            return
        try:
            if not self._is_settled:
                await self._settle_with(driver, sql)
        except (OSError, *_ERRORS):
            """The server ends it when the connection is gone."""
        finally:
            self._give_back(is_sound=self._is_settled)

    async def _settle_with(self, driver: Driver, sql: str) -> None:
        server_pid = driver.get_server_pid()
        try:
            await driver.execute(sql, timeout=_SETTLING_SECONDS)
            self._is_settled = True
        except TimeoutError:
            # The failure that silenced this connection may have silenced the others as well.
            self._lose()
            # The driver has asked the server to cancel the statement. A process that hadn't begun
            # to read it has overlooked that, and doesn't notice that the connection is closed.
            with suppress(OSError, *_ERRORS):
                async with asyncio.timeout(_SETTLING_SECONDS):
                    await self._pool.end_statement(server_pid)

    def _give_back(self, *, is_sound: bool) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            self._pool.connections.give_back(driver, is_sound=is_sound)
            if self._writes:
                self._pool.writers.release()

    def _lose(self) -> None:
        """Close the connection, which didn't answer, and suspect all others."""
        self._pool.connections.suspect_all()
        self._give_back(is_sound=False)

    def _require_usable(self, error: Exception) -> None:
        """Raises TimedOut or Unavailable if the error means that the connection is unusable."""
        driver = self._driver
        assert driver is not None
        was_idle = not isinstance(error, asyncpg.PostgresError)
        if isinstance(error, _CutOff):
            # The driver doesn't know yet that the connection is closed.
            driver.terminate()
        sqlstate = getattr(error, "sqlstate", None)
        if driver.is_closed():
            reason = getattr(error.__cause__, "sqlstate", None)
            may_be_too_late = was_idle and not self._is_settled and driver.limits_idle_transactions
            self._give_back(is_sound=False)
            if is_timeout(reason) or may_be_too_late:
                raise TimedOut("The database ended the operation: it took too long.") from error
            raise Unavailable("The database can't be reached.") from error
        if is_node_failure(sqlstate):
            if sqlstate == READ_ONLY:
                self._pool.connections.suspect_all()
            if sqlstate == DISK_FULL:
                self._pool.suspect_disk()
            self._give_back(is_sound=False)


class PostgresTransaction(_OnConnection):
    """A transaction that `opening` begins; without one, a single read."""

    def __init__(self, pool: PostgresPool, opening: str | None, *, writes: bool = False) -> None:
        super().__init__(pool, writes=writes)
        self._opening = opening
        self._was_run = False

    async def begin(self) -> None:
        await self._take()
        if self._opening is not None:
            self._is_settled = False
            await self._execute(self._opening)

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._opening is None:
            if self._was_run:
                raise RuntimeError("this unit of work was to be one call")
            self._was_run = True
            self._is_settled = False
        driver = self._driver
        assert driver is not None
        try:
            rows = await driver.fetch(sql, *arguments)
        except _ERRORS as error:
            self._require_usable(error)
            raise
        if self._opening is None:
            self._is_settled = True
        return cast(Sequence[Row], rows)

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> int | None:
        driver = self._driver
        assert driver is not None
        try:
            await driver.executemany(sql, arguments)
        except _ERRORS as error:
            self._require_usable(error)
            raise
        return None

    async def commit(self) -> None:
        try:
            await self._execute("COMMIT", seconds_left(self._pool.grace))
        except TimeoutError:
            self._lose()
            raise _outcome_unknown() from None
        self._is_settled = True

    async def end(self) -> None:
        await self._settle("SELECT 1" if self._opening is None else "ROLLBACK")

    async def _execute(self, sql: str, seconds: float | None = None) -> None:
        driver = self._driver
        assert driver is not None
        try:
            await driver.execute(sql, timeout=seconds)
        except _ERRORS as error:
            self._require_usable(error)
            raise


class PostgresStatement(_OnConnection):
    """A single statement, which commits itself.

    So it runs to its end when its caller is cancelled, as a commit does. But it may wait for locks
    of other transactions: then the server is asked to cancel it, and its outcome is reported.
    """

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool, writes=True)
        self._was_run = False

    async def begin(self) -> None:
        await self._take()

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._was_run:
            raise RuntimeError("this unit of work was to be one call")
        self._was_run = True
        driver = self._driver
        assert driver is not None
        fetch = driver.fetch(sql, *arguments)
        self._is_settled = False
        try:
            outcome = await detach_on_cancel(fetch)
            if isinstance(outcome, Cancelled):
                ending = asyncio.ensure_future(self._ended(outcome.task, driver.get_server_pid()))
                is_ended, cancellations = await uninterrupted(ending)
                if is_ended:
                    raise outcome.cancellation
                uncancel([outcome.cancellation, *cancellations])
                if is_ended is None:
                    raise _outcome_unknown()
                outcome = outcome.task.result()
        except _ERRORS as error:
            self._require_usable(error)
            raise
        self._is_settled = True
        return cast(Sequence[Row], outcome)

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> int | None:
        raise RuntimeError("this unit of work was to be one call")

    async def commit(self) -> None:
        """Does nothing: the statement has committed itself."""

    async def end(self) -> None:
        await self._settle("SELECT 1")

    async def _ended(self, statement: "asyncio.Future[Any]", server_pid: int) -> bool | None:
        """Ask the server to cancel the statement. Returns whether it was cancelled before its end.

        None: the outcome is unknown, and the connection is closed.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pool.grace
        # If the server can't be asked, the statement is awaited.
        with suppress(OSError, *_ERRORS):
            async with asyncio.timeout_at(until):
                await self._pool.end_statement(server_pid)
        await asyncio.wait({statement}, timeout=max(until - loop.time(), 0))
        if not statement.done():
            self._lose()
            with suppress(*_ERRORS):
                await statement
            return None
        return isinstance(statement.exception(), asyncpg.QueryCanceledError)


def _outcome_unknown() -> Unavailable:
    return Unavailable("The database didn't tell in time whether it has stored this.")
