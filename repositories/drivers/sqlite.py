"""Transactions on SQLite's own driver: snapshots, and one writer whose commits are shared.

Short statements run where they are asked for, on the event loop: a thread's round trip costs more
than they do. What isn't short, or would wait, is begun again on the connection's thread.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from contextvars import Context
from time import thread_time
from typing import Any, TypeVar, cast

import aiosqlite

from repositories.answer_size import ANSWER, FITS, UNLIMITED, AnswerSize, readable
from repositories.drivers.cancellation import run_to_completion
from repositories.drivers.compiled import Row
from repositories.drivers.connection_pool import ConnectionPool
from repositories.drivers.sqlite_file import DatabaseFile
from repositories.errors import WriteConflict
from repositories.json_encoding import base64url
from repositories.semaphores import FairSemaphore

T = TypeVar("T")

BUSY_MILLISECONDS = 5_000
"""How long a statement waits for the lock of another process."""

_WAIT_MILLISECONDS = 100
"""How long SQLite waits at a time. It can't be interrupted while it waits."""

_SHORT_SECONDS = 0.015
"""CPU time that a statement may take on the event loop: for those that copy long texts."""

_INSTRUCTIONS_BETWEEN_CHECKS = 20_000
"""After so many instructions of SQLite's virtual machine, the progress handler checks the time."""

_MAX_CHECKS = 10
"""How often the time is checked, at most, on the event loop: mostly 2 to 4 milliseconds."""

_STATEMENTS_AT_ONCE = 4
"""After so many statements of a snapshot, other tasks get a turn of the event loop. The holder of
the writer's lock never waits for a turn."""

_BROKEN_FILE_CODES = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)
"""Errors of a connection to a broken file; a new connection may work."""

_SMALL = 256 * 1024
"""Bytes of texts that a statement may concatenate on the event loop: 1 or 2 ms."""

_NOT_SHORT = frozenset({sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class SqliteFile(aiosqlite.Connection):
    """A connection with a thread. The event loop may use it without the thread, in turn."""

    direct: sqlite3.Connection

    def __init__(self, database: str, **options: Any) -> None:
        self.is_stale = False
        self._is_on_loop = False
        self._seen_at = 0.0
        self._looks = 0
        self._size = 0
        self._max_size = UNLIMITED

        def connect() -> sqlite3.Connection:
            self.direct = sqlite3.connect(database, **(options | {"check_same_thread": False}))
            self.direct.create_function("base64url", 1, _base64url, deterministic=True)
            self.direct.create_function("json_number", 1, repr, deterministic=True)
            self.direct.create_function(FITS, 1, self._fits_answer)
            self.direct.set_progress_handler(self._is_too_long, _INSTRUCTIONS_BETWEEN_CHECKS)
            return self.direct

        super().__init__(connect, iter_chunk_size=64)
        self._thread.daemon = True

    def is_closed(self) -> bool:
        return not self._running

    def terminate(self) -> None:
        if self.is_stale and not self.direct.in_transaction:
            # Changes that are only in the log of a moved file would be lost with the log.
            with suppress(sqlite3.Error):
                self.direct.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.stop()
        # It still has to tell something to the event loop, which may be closed a moment later.
        self._thread.join()

    def give_back_to(self, connections: "ConnectionPool[SqliteFile]") -> None:
        """Undo uncommitted changes."""
        is_sound = False
        try:
            if self.direct.in_transaction:
                self.direct.execute("ROLLBACK")
            is_sound = not self.is_stale
        finally:
            connections.give_back(self, is_sound=is_sound)

    def note(self, error: sqlite3.Error) -> None:
        """Retire the connection if its file is broken."""
        if _code_of(error) in _BROKEN_FILE_CODES:
            self.is_stale = True

    def _is_too_long(self) -> bool:
        """SQLite calls this now and then while a statement runs. Returns whether to interrupt it.

        The time counts from the first call, so that statements that are short need no clock.
        """
        if not self._is_on_loop:
            return False
        self._looks += 1
        now = thread_time()
        if self._looks == 1:
            self._seen_at = now
        return self._looks > _MAX_CHECKS or now - self._seen_at > _SHORT_SECONDS

    def _fits_answer(self, size: float | None) -> bool:
        """Counts a row before SQLite renders it; large rows aren't rendered on the event loop."""
        self._size += int(size or 0)
        if self._is_on_loop and self._size > _SMALL:
            raise ValueError("the answer is large")
        return self._size <= self._max_size

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        self._is_on_loop = True
        self._looks = self._size = 0
        self._max_size = readable()
        try:
            return self.direct.execute(sql, arguments).fetchall()
        except sqlite3.DatabaseError as error:
            if _code_of(error) not in _NOT_SHORT and self._size <= _SMALL:
                self.note(error)
                raise
        finally:
            self._is_on_loop = False
        answer = ANSWER.get()
        if answer is not None and self._size > self._max_size:
            raise answer.exceeded()
        self._size = 0
        self.direct.execute(f"PRAGMA busy_timeout = {_WAIT_MILLISECONDS}")
        # The handler would wait for the interpreter lock each time, which the event loop needs.
        self.direct.set_progress_handler(None, 0)
        if answer is not None:
            self.direct.row_factory = _Counting(answer)
        try:
            return await self._when_it_can(sql, arguments)
        finally:
            self.direct.row_factory = None
            self.direct.set_progress_handler(self._is_too_long, _INSTRUCTIONS_BETWEEN_CHECKS)
            self.direct.execute("PRAGMA busy_timeout = 0")

    async def _when_it_can(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        left = BUSY_MILLISECONDS
        while True:
            try:
                return await self.patiently(self._in_thread(sql, arguments))
            except sqlite3.OperationalError as error:
                left -= _WAIT_MILLISECONDS
                if left <= 0 or not _is_locked_out(error):
                    raise

    async def _in_thread(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        # The thread closes the cursor, whatever happens: if the event loop collected it, it would
        # wait for whatever statement the thread runs then.
        async with self.execute(sql, arguments) as cursor:
            return list(await cursor.fetchall())

    async def patiently(self, work: Awaitable[T]) -> T:
        """Await work of the thread, which a cancelled caller interrupts."""
        task = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                # The statement may not have begun yet; only a running one can be interrupted.
                with suppress(asyncio.CancelledError):
                    await self.interrupt()
                    await asyncio.wait({task}, timeout=0.01)
            with suppress(sqlite3.Error):
                task.result()
            raise


class _Counting:
    """Counts the texts of rows as they come: there may be too many although none is large."""

    def __init__(self, answer: AnswerSize) -> None:
        self._answer = answer
        self._max_size = answer.readable
        self._size = 0

    def __call__(self, _: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Count the row's texts. Raises AnswerTooLarge."""
        self._size += sum(len(value) for value in row if type(value) is str)
        if self._size > self._max_size:
            raise self._answer.exceeded()
        return row


def _code_of(error: sqlite3.Error) -> int:
    """The primary code: the low byte of an extended one. 0 where it's no error of the database."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_locked_out(error: sqlite3.Error) -> bool:
    """Whether another process has the lock. A snapshot that is too old stays so, however long."""
    code = getattr(error, "sqlite_errorcode", 0)
    return _code_of(error) == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


def _base64url(text: str | None) -> str | None:
    return None if text is None else base64url(text)


async def open_sqlite_file(database: str, **options: Any) -> SqliteFile:
    """Open a connection as SQLAlchemy does, and stop its thread when that fails."""
    connection = SqliteFile(database, **options)
    try:
        return cast(SqliteFile, await connection)
    except BaseException:
        # It still has to tell something to the event loop, which may be closed a moment later.
        connection._thread.join()
        raise


async def open_existing(database: str, *, file: DatabaseFile, **options: Any) -> SqliteFile:
    """Open a connection to an existing file. Raises OSError when there is none."""
    file.prepare()
    connection = await open_sqlite_file(file.uri, **(options | {"uri": True}))
    try:
        # By this statement SQLite opens the write-ahead log as well.
        await connection.execute_fetchall("PRAGMA schema_version")
        file.add(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


class SqliteSnapshot:
    """A read transaction; with `single_statement` a single read, which needs no transaction."""

    def __init__(
        self,
        database: DatabaseFile,
        readers: ConnectionPool[SqliteFile],
        *,
        single_statement: bool = False,
    ) -> None:
        self._database = database
        self._readers = readers
        self._file: SqliteFile | None = None
        self._in_one_call = single_statement
        self._were_run = 0

    async def begin(self) -> None:
        self._database.look()
        self._file = await self._readers.acquire()
        if not self._in_one_call:
            self._file.direct.execute("BEGIN DEFERRED")

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        if self._were_run and self._in_one_call:
            raise RuntimeError("this unit of work was to be one call")
        self._were_run += 1
        if self._were_run % _STATEMENTS_AT_ONCE == 0:
            await asyncio.sleep(0)
        assert self._file is not None
        return await self._file.rows(sql, arguments)

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> int | None:
        raise RuntimeError("a snapshot is only read")

    async def commit(self) -> None:
        """Does nothing: a snapshot has no changes."""

    async def end(self) -> None:
        if self._file is not None:
            self._file.give_back_to(self._readers)
            self._file = None


class SqliteWriter:
    """The writer of a file: runs units of work one after the other, and commits many at once.

    The first unit of work opens a group, and queues the group's commit at once behind the units
    that wait already: these are of the group, later units are of the next one. So one write to the
    disk serves all units that were waiting during the last one, and no unit waits for others to
    come. Each unit has a savepoint of its own.
    """

    def __init__(
        self, database: DatabaseFile, connection: ConnectionPool[SqliteFile], acquire_timeout: float
    ) -> None:
        self.database = database
        self.connection = connection
        self._acquire_timeout = acquire_timeout
        self._turn = FairSemaphore(1)
        self._group: _Group | None = None
        self._committing: asyncio.Task[None] | None = None

    async def enter(self) -> "_Group":
        """Take the turn, which the caller has to `leave`. Raises Unavailable in time."""
        await self._turn.acquire(self._acquire_timeout)
        try:
            if self._group is None:
                self._group = await self._opened()
                self._committing = asyncio.create_task(self._commit(self._group), context=Context())
            elif self._group.is_lost:
                raise WriteConflict
            return self._group
        except BaseException:
            self._turn.release()
            raise

    def release(self) -> None:
        self._turn.release()

    async def close(self) -> None:
        """Wait for the present group's commit, and close the connection."""
        if self._committing is not None:
            await self._committing
        await self.connection.close()

    async def _opened(self) -> "_Group":
        self.database.is_in_place()
        file = await self.connection.acquire()
        try:
            await file.rows("BEGIN IMMEDIATE", ())
        except BaseException:
            file.give_back_to(self.connection)
            raise
        return _Group(self.database, self.connection, file)

    async def _commit(self, group: "_Group") -> None:
        await self._turn.acquire()
        try:
            self._group = None
            await group.commit()
        finally:
            self._turn.release()


class _Group:
    """Units of work that are committed together."""

    def __init__(
        self, database: DatabaseFile, connection: ConnectionPool[SqliteFile], file: SqliteFile
    ) -> None:
        self._database = database
        self._connection = connection
        self.file = file
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_lost(self) -> bool:
        """Whether SQLite undid everything, as it does when the disk is full."""
        return not self.file.direct.in_transaction

    async def outcome(self) -> None:
        """Returns when the group is on the disk. Raises the failure of its commit."""
        await asyncio.shield(self._outcome)

    async def ended(self) -> None:
        """Returns when the connection is released, whatever the outcome."""
        await asyncio.wait({self._outcome})

    async def commit(self) -> None:
        failure: Exception | None = WriteConflict() if self.is_lost else None
        if failure is None:
            try:
                await self.file.execute("COMMIT")
                self._database.require_in_place()
            except sqlite3.Error as error:
                self.file.note(error)
                failure = error
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
                failure = error
        try:
            self.file.give_back_to(self._connection)
        finally:
            if failure is None:
                self._outcome.set_result(None)
            else:
                self._outcome.set_exception(failure)
                self._outcome.exception()  # perhaps nobody asks for it


class SqliteTransaction:
    """One unit of work of the writer's present group."""

    def __init__(self, writer: SqliteWriter) -> None:
        self._writer = writer
        self._group: _Group | None = None
        self._has_turn = False

    async def begin(self) -> None:
        self._group = await self._writer.enter()
        self._has_turn = True
        self._run("SAVEPOINT unit")

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        assert self._group is not None
        if sql.startswith(("SELECT", "WITH")):
            return await self._group.file.rows(sql, arguments)
        # Write statements are short, since they find rows by keys; and an interruption would undo
        # the whole group.
        return self._run(sql, arguments)

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> int | None:
        assert self._group is not None
        try:
            return self._group.file.direct.executemany(sql, arguments).rowcount
        except sqlite3.Error as error:
            self._group.file.note(error)
            raise

    async def commit(self) -> None:
        assert self._group is not None
        if self._group.is_lost:
            raise WriteConflict
        self._run("RELEASE unit")
        self._leave()
        await self._group.outcome()

    async def end(self) -> None:
        if self._has_turn:
            assert self._group is not None
            try:
                if not self._group.is_lost:
                    self._run("ROLLBACK TO unit")
                    self._run("RELEASE unit")
            finally:
                self._leave()
            _, cancellations = await run_to_completion(self._group.ended())
            for cancellation in cancellations:
                raise cancellation

    def _leave(self) -> None:
        self._has_turn = False
        self._writer.release()

    def _run(self, sql: str, arguments: Sequence[Any] = ()) -> Sequence[Row]:
        assert self._group is not None
        try:
            return self._group.file.direct.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            self._group.file.note(error)
            raise
