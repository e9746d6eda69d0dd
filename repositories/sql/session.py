"""One transaction for one unit of work."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from operator import itemgetter
from types import TracebackType
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError

from domain.callers import Caller
from domain.errors import AnswerTooLarge, TimedOut, Unavailable
from repositories import visibility
from repositories.answer_size import ANSWER, ANSWER_BYTES, AnswerSize
from repositories.client_guard import ClientGuard
from repositories.criteria import AttributeMask
from repositories.deadlines import DEADLINE
from repositories.drivers.cancellation import resume, run_to_completion, uncancel
from repositories.drivers.compiled import Row, Statement
from repositories.drivers.engine import (
    is_retryable,
    is_schema_mismatch,
    is_time_limit,
    is_unavailable,
)
from repositories.drivers.transactions import Transaction
from repositories.errors import SchemaChanged, WriteConflict
from repositories.lazy import lazy
from repositories.semaphores import FairSemaphore, KeyedLocks
from repositories.sql.json_statements import JsonStatements
from repositories.sql.recording import Recorder
from repositories.sql.rows import NO_RULES, RuleShapes, shapes_of
from repositories.sql.statement_cache import Make, StatementCache
from repositories.sql.turns import NO_VALUES, Turn

DATABASE_ERRORS = (
    DBAPIError,
    AsyncAdapt_asyncpg_dbapi.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    sqlite3.Error,
)
"""The errors that SQLAlchemy raises when it connects, and those of the drivers."""

T = TypeVar("T")
Run = Callable[..., Coroutine[Any, Any, T]]

OwnedTypes = Mapping[str, tuple[type[Any], ...]]
"""The repositories of the entities that an entity may own, by the name of the owner's record."""

_NO_TYPES: OwnedTypes = {}


class DatabaseSession:
    """The caller's reads and writes in one transaction, which begins at the first statement.

    Statements of several tasks queue on it.

    Raises Unavailable when the database can't be reached, SchemaChanged when it lacks something,
    WriteConflict when another writer changed the same rows, and TimedOut when the deadline or a
    limit of the database has passed. After a failure every later call raises that failure, also
    when somebody caught it.

    A writer whose first statement locks a key takes that key's turn of `keys` before it takes a
    connection, and holds it to the end. It never waits for a turn while it holds a connection.
    """

    def __init__(
        self,
        caller: Caller,
        transaction: Transaction,
        *,
        json: JsonStatements,
        statements: StatementCache,
        selected: AttributeMask | None = None,
        keys: KeyedLocks | None = None,
        recorder: Recorder | None = None,
        owned: OwnedTypes = _NO_TYPES,
        guard: ClientGuard | None = None,
    ) -> None:
        self.caller = caller
        self.guard = guard
        self.owned = owned
        self.changes_tokens = False
        self._recorder = recorder
        self.rules: RuleShapes = NO_RULES
        self._rule_values: Mapping[str, Any] = NO_VALUES
        if rules := visibility.rules_of(caller):
            self.rules = shapes_of(rules)
            self._rule_values = json.rule_values_of(rules)
        self.dialect = json.dialect
        self.json = json
        self.selected = selected
        self._transaction = transaction
        self._statements = statements
        self._keys = keys
        self._key: Hashable | None = None
        self._has_begun = False
        self._turn = FairSemaphore(1)
        self._is_closed = False
        self._failure: Exception | None = None
        self._running: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_expired = False

    async def compiled(self, make: Make, *arguments: Hashable) -> Statement:
        """The statement that the function makes of the arguments, from the cache if it's there."""
        found = self._statements.get(make, arguments)
        if found is None:
            # One operation compiles one statement at a time, so that others don't wait for all.
            async with self._making:
                found = await self._statements.made(make, arguments)
        return found

    async def rows(
        self,
        statement: Statement,
        values: Mapping[str, Any] = NO_VALUES,
        *,
        key: Hashable | None = None,
    ) -> Sequence[Row]:
        """Run a statement and return all its rows. One that waits for a lock names its `key`."""
        if self._rule_values:
            values = {**values, **self._rule_values}
        answer = ANSWER.get() if statement.counted else None
        if answer is not None:
            values = {**values, ANSWER_BYTES: answer.readable}
        arguments = statement.bind(values)
        try:
            found = await self._within_deadline(
                self._transaction.rows, statement.sql, arguments, key=key
            )
            if answer is not None:
                _count(found, statement, answer)
        except AnswerTooLarge as error:
            found = ()
            if answer is None or not answer.may_be_larger:
                # The error's traceback would keep the rows alive, by this frame and those below it.
                raise error.with_traceback(None) from None
        else:
            return statement.decode_rows(found)
        answer.make_room()
        return await self.rows(statement, values, key=key)

    async def run_many(
        self, statement: Statement, values: Sequence[Mapping[str, Any]]
    ) -> int | None:
        """Run a statement once for each of `values`.

        It returns how many rows were changed in all; None on PostgreSQL, which doesn't tell.
        """
        if not values:
            return 0
        arguments = statement.bind_many(values)
        return await self._within_deadline(self._transaction.run_many, statement.sql, arguments)

    async def in_one_turn(self, work: Callable[[Turn], Coroutine[Any, Any, T]]) -> T:
        """Run the statements of `work`, with none of other tasks in between.

        On SQLite statements take less time than their turns.
        """
        return await self._within_deadline(work, Turn(self._transaction))

    async def commit(self) -> None:
        """Commit the transaction, and end it.

        A commit that has begun runs to its end, although the caller is cancelled. The cancellation
        is then dropped: the caller would otherwise believe that nothing was stored.
        """
        async with self._turn:
            if self._failure is not None:
                raise self._failure
            self._close()
            with _TRANSLATING:
                _, cancellations = await run_to_completion(self._commit_and_end())
            uncancel(cancellations)

    def require_committable(self) -> None:
        """Raises the failure of the session, if there is one: then `commit` would raise it."""
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """End the transaction; uncommitted changes are undone. Later statements fail.

        A statement that still runs, for an abandoned task, is cancelled.
        """
        self._close()
        if self._running is not None and self._running is not asyncio.current_task():
            self._running.cancel()
        if not self._turn.is_free:
            _, cancellations = await run_to_completion(self._end_in_turn())
            for cancellation in cancellations:
                raise cancellation
        elif self._has_begun:
            await self._end()

    @property
    def recorder(self) -> Recorder:
        """The recorder, which writes the events of the changes."""
        if self._recorder is None:
            raise RuntimeError("a snapshot is only read")
        return self._recorder

    def write_conflict(self) -> WriteConflict:
        """The error to raise when another writer changed the same rows; it fails the session."""
        self._failure = WriteConflict()
        return self._failure

    def _close(self) -> None:
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()

    async def _end_in_turn(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        try:
            await self._transaction.end()
        finally:
            if self._key is not None:
                key, self._key = self._key, None
                cast(KeyedLocks, self._keys).release(key)

    async def _commit_and_end(self) -> None:
        if self._has_begun:
            try:
                await self._transaction.commit()
            finally:
                await self._end()
                self._has_begun = False

    @lazy
    def _making(self) -> FairSemaphore:
        return FairSemaphore(1)

    async def _within_deadline(
        self, run: Run[T], *arguments: Any, key: Hashable | None = None
    ) -> T:
        work = self._in_turn(run, arguments, key)
        deadline = DEADLINE.get()
        if deadline is None:
            return await work
        # A statement that doesn't wait needs no timer; those that wait share one.
        try:
            waits_for = work.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        self._set_timer(deadline)
        return await resume(work, waits_for)

    def _set_timer(self, deadline: float) -> None:
        if self._timer is None or deadline < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)

    def _has_expired(self) -> bool:
        return self._is_expired

    def _expire(self) -> None:
        self._is_expired = True
        if self._running is not None:
            self._running.cancel()

    async def _in_turn(self, run: Run[T], arguments: tuple[Any, ...], key: Hashable | None) -> T:
        if not self._turn.try_acquire():
            await self._turn.acquire()
        try:
            if self._is_expired:
                raise _timed_out()
            if self._failure is not None:
                raise self._failure
            if self._is_closed:
                raise RuntimeError("this unit of work has ended")
            self._running = task = asyncio.current_task()
            assert task is not None
            cancellations = task.cancelling()
            try:
                with _TRANSLATING:
                    if not self._has_begun:
                        if key is not None and self._keys is not None:
                            await self._keys.acquire(key)
                            self._key = key
                        self._has_begun = True
                        await self._transaction.begin()
                    return await run(*arguments)
            except (*DATABASE_ERRORS, TimedOut, Unavailable) as error:
                # PostgreSQL would respond to a later COMMIT with a silent rollback.
                self._failure = error
                raise
            except asyncio.CancelledError:
                self._failure = Unavailable("A statement of this unit of work was cancelled.")
                if self._has_expired() and task.uncancel() <= cancellations:
                    raise _timed_out() from None
                raise
        finally:
            self._running = None
            self._turn.release()


def _count(rows: Sequence[Row], statement: Statement, answer: AnswerSize) -> None:
    """Count the texts that become part of an answer. Raises AnswerTooLarge."""
    if statement.key is not None and any(row[statement.key] is None for row in rows):
        raise answer.exceeded()
    for column in statement.counted:
        texts = list(map(itemgetter(column), rows))
        if texts and type(texts[0]) is list:
            texts = texts[0]
        if statement.refuses and "" in texts:
            raise answer.exceeded()
        answer.add_texts(texts)


def _timed_out() -> TimedOut:
    return TimedOut("The operation took too long.")


class _Translating:
    """Translates errors of databases and drivers into those of the domain."""

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, DATABASE_ERRORS):
            if is_retryable(error):
                raise WriteConflict from error
            if is_time_limit(error):
                raise TimedOut("The database ended the operation: it took too long.") from error
            if is_unavailable(error):
                raise Unavailable("The database can't be reached.") from error
            if is_schema_mismatch(error):
                raise SchemaChanged(
                    "The database's schema isn't the one that this version needs; see /health."
                ) from error
        elif isinstance(error, OSError):
            raise Unavailable("The database can't be reached.") from error


_TRANSLATING = _Translating()
