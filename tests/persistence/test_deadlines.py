"""When time is over, whoever reads is told so, and what was stored is what was answered."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from domain.errors import TimedOut, Unavailable
from repositories.cache import Cache
from repositories.deadlines import set_deadline
from repositories.drivers.compiled import Row, Statement, compile_statement
from repositories.drivers.engine import Database
from repositories.sql.dialects import dialect_of
from repositories.sql.json_dialects import json_statements_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statement_cache import StatementCache
from tests import builders as build
from tests.support.forever import FOREVER
from tests.support.pools import connections_in_use
from tests.support.tasks import together


@pytest.fixture
def session(database: Database) -> DatabaseSession:
    json = json_statements_of({}, dialect_of(is_sqlite=database.is_sqlite))
    return DatabaseSession(
        build.caller(),
        database.snapshot(),
        json=json,
        statements=StatementCache(Cache()),
    )


@pytest.fixture
def forever(database: Database) -> Statement:
    return compile_statement(
        text(FOREVER[database.url.get_backend_name()]), is_sqlite=database.is_sqlite
    )


@pytest.fixture
def one(database: Database) -> Statement:
    return compile_statement(text("SELECT 1"), is_sqlite=database.is_sqlite)


async def _in_time(session: DatabaseSession, statement: Statement, seconds: float) -> Sequence[Row]:
    set_deadline(seconds)
    return await session.rows(statement)


async def test_those_who_wait_for_a_statement_that_takes_too_long_are_told_as_well(
    database: Database, session: DatabaseSession, forever: Statement, one: Statement
) -> None:
    outcomes = await together(
        _in_time(session, forever, 0.05), _in_time(session, one, 0.05), _in_time(session, one, 0.05)
    )
    await session.close()

    assert [type(outcome) for outcome in outcomes] == [TimedOut, TimedOut, TimedOut]
    assert connections_in_use(database) == 0


async def test_the_earliest_deadline_counts(
    session: DatabaseSession, forever: Statement, one: Statement
) -> None:
    found, late = await together(
        _in_time(session, one, 600),
        _in_time(session, forever, 1.0),
    )
    await session.close()

    assert [tuple(row) for row in found] == [(1,)]
    assert isinstance(late, TimedOut)


async def test_who_is_cancelled_is_not_told_of_a_deadline(
    session: DatabaseSession, forever: Statement, one: Statement
) -> None:
    task = asyncio.create_task(_in_time(session, forever, 600))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(Unavailable, match="cancelled"):
        await session.rows(one)
    await session.close()
