"""The jobs of a queue in the database, and the table that has them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import (
    Column,
    Index,
    Integer,
    Interval,
    Table,
    UniqueConstraint,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from domain.callers import Caller
from domain.sources import utc_now
from repositories.drivers.compiled import Statement
from repositories.jobs import Job, caller_as_json, caller_of_json
from repositories.sql.criteria import LIMIT, storable
from repositories.sql.dialects import POSTGRESQL, Dialect
from repositories.sql.leases import lease_columns, take
from repositories.sql.mapping import Values
from repositories.sql.metadata import json_text, metadata, surrogate_id, text
from repositories.sql.session import DatabaseSession

_TIME = POSTGRESQL.compile(select(func.clock_timestamp()))


def job_table(name: str, key: str, *, always_due: bool) -> Table:
    """The table of a queue, whose jobs have the key in this column."""
    return Table(
        name,
        metadata,
        surrogate_id(),
        text(key),
        json_text("caller"),
        Column("failures", Integer, nullable=False),
        *lease_columns(always_due=always_due),
        UniqueConstraint(key),
        Index(f"ix_{name}_due_at_id", "due_at", "id"),
    )


class DatabaseJobQueue:
    """The work of one queue, as one session's transaction sees it."""

    table: ClassVar[Table]
    key_name: ClassVar[str]
    """The column of the jobs' keys."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def time(self, now: datetime) -> datetime:
        if self._session.dialect.is_sqlite:
            return now
        [(time,)] = await self._session.rows(_TIME)
        found: datetime = time
        return found

    async def has_due(self, now: datetime | None) -> bool:
        if now is None and self._session.dialect.is_sqlite:
            now = utc_now()
        given = {} if now is None else {"now": now}
        statement = _any_due(self.table, self._session.dialect, now is None)
        return bool(await self._session.rows(statement, given))

    async def add(self, key: str, caller: Caller, now: datetime) -> None:
        given = {"key": key, "caller": caller_as_json(caller), "due_at": now}
        await self._run(_add, given)

    async def claim(self, limit: int, lease: timedelta, now: datetime) -> Sequence[Job]:
        rows = await self._run(_due, {"now": now, "limit": limit})
        if not rows:
            return []
        taken = {"ids": [row[0] for row in rows], "until": now + lease}
        await self._session.rows(take(self.table, self._session.dialect), taken)
        return [
            Job(key=key, token=token + 1, caller=caller_of_json(caller), failures=failures)
            for _, key, token, caller, failures in rows
        ]

    async def renew(self, job: Job, lease: timedelta, now: datetime | None, failures: int) -> bool:
        given = {**_held_by(job), "failed": failures}
        if now is None and not self._session.dialect.is_sqlite:
            return bool(await self._run(_renew_from_now, {**given, "lease": lease}))
        until = (now or utc_now()) + lease
        return bool(await self._run(_renew, {**given, "until": until}))

    async def release(self, job: Job, due_at: datetime | None, failures: int) -> None:
        await self._run(_release, {**_held_by(job), "until": due_at, "failed": failures})

    async def wake(self, keys: Collection[str], now: datetime) -> int:
        return len(await self._run(_wake, {"values": storable(sorted(keys)), "now": now}))

    async def remove(self, job: Job) -> bool:
        return bool(await self._run(_remove, _held_by(job)))

    async def _run(self, statement: Any, given: Values) -> Any:
        compiled = statement(self.table, self.key_name, self._session.dialect)
        return await self._session.rows(compiled, given)


def _held_by(job: Job) -> Values:
    return {"key": job.key, "held": job.token}


def _parameter(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)


@cache
def _any_due(table: Table, dialect: Dialect, is_now: bool) -> Statement:
    now = func.clock_timestamp() if is_now else _parameter("now", table.c.due_at)
    return dialect.compile(select(table.c.id).where(table.c.due_at <= now).limit(1))


@cache
def _add(table: Table, key: str, dialect: Dialect) -> Statement:
    jobs = table.c
    given = {
        key: _parameter("key", jobs[key]),
        "caller": _parameter("caller", jobs.caller),
        "due_at": _parameter("due_at", jobs.due_at),
    }
    return dialect.compile(insert(table).values(**given, token=0, failures=0))


@cache
def _due(table: Table, key: str, dialect: Dialect) -> Statement:
    jobs = table.c
    found = (
        select(jobs.id, jobs[key], jobs.token, jobs.caller, jobs.failures)
        .where(jobs.due_at <= _parameter("now", jobs.due_at))
        .order_by(jobs.due_at, jobs.id)
        .limit(LIMIT)
        .with_for_update(skip_locked=True)
    )
    return dialect.compile(found)


def _is_held(table: Table, key: str) -> Any:
    is_it = table.c[key] == _parameter("key", table.c[key])
    return is_it & (table.c.token == bindparam("held", type_=Integer()))


@cache
def _renew(table: Table, key: str, dialect: Dialect) -> Statement:
    until = _parameter("until", table.c.due_at)
    renewed = _held_until(table, key, until, leased_until=until)
    return dialect.compile(renewed.returning(table.c.id))


@cache
def _renew_from_now(table: Table, key: str, dialect: Dialect) -> Statement:
    until = func.clock_timestamp() + bindparam("lease", type_=Interval())
    renewed = _held_until(table, key, until, leased_until=until)
    return dialect.compile(renewed.returning(table.c.id))


@cache
def _release(table: Table, key: str, dialect: Dialect) -> Statement:
    until = _parameter("until", table.c.due_at)
    return dialect.compile(_held_until(table, key, until, leased_until=None))


def _held_until(table: Table, key: str, until: Any, *, leased_until: Any) -> Any:
    failures = bindparam("failed", type_=Integer())
    held = update(table).where(_is_held(table, key))
    return held.values(due_at=until, leased_until=leased_until, failures=failures)


@cache
def _wake(table: Table, key: str, dialect: Dialect) -> Statement:
    """The rows that somebody holds are changed into what they are: that locks them, too."""
    jobs = table.c
    now = _parameter("now", jobs.due_at)
    due_at = case((jobs.leased_until.is_(None), now), else_=jobs.due_at)
    woken = update(table).where(dialect.among(jobs[key], "values"))
    return dialect.compile(woken.values(due_at=due_at).returning(jobs.id))


@cache
def _remove(table: Table, key: str, dialect: Dialect) -> Statement:
    removed = delete(table).where(_is_held(table, key))
    return dialect.compile(removed.returning(table.c.id))
