"""What is read of large tables is found by an index, however much there is.

PostgreSQL would rather look through a table that is empty, so it's told not to.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import asyncpg
import pytest

from repositories.drivers.compiled import Statement
from repositories.history import database as history
from repositories.history import periods, retention
from repositories.history.pages import page_statement
from repositories.sql.dialects import Dialect, dialect_of
from repositories.webhooks import claiming, replaying, turns

Make = Callable[[Dialect], Statement]

OF_KEYS = "uq_events_entity_type_entity_key_revision_is_deletion"
OF_KEYS_ON_SQLITE = "sqlite_autoindex_events_1"
"""SQLite names the indexes of constraints by itself."""
OF_POSITIONS = "ix_events_position"
OF_TYPES = "ix_events_type_position"
OF_CLIENTS = "ix_events_client_id_position"
DUE = "ix_webhook_deliveries_endpoint_id_due_at_id"
PENDING = "ix_webhook_deliveries_endpoint_id_entity_type_entity_key_id"


def page(*named: str, is_before: bool = False, backwards: bool = False) -> Make:
    return lambda dialect: page_statement(None, named, is_before, backwards, True, dialect)


NO_STATISTICS = """
SELECT pg_clear_relation_stats(schemaname, tablename),
    pg_clear_attribute_stats(schemaname, tablename, attname, inherited)
FROM pg_stats WHERE schemaname = 'public'
"""
TABLES = ("events", "history_periods", "webhook_deliveries", "webhook_endpoints")

CASES: dict[str, tuple[Make, str]] = {
    "a page of the log": (page(), OF_POSITIONS),
    "the last page": (page(is_before=True, backwards=True), OF_POSITIONS),
    "events of keys": (page("entity_keys", "entity_types"), OF_KEYS),
    "events of types": (page("types"), OF_TYPES),
    "the last events of types": (page("types", is_before=True, backwards=True), OF_TYPES),
    "events of clients": (page("client_ids"), OF_CLIENTS),
    "events of clients and types": (page("client_ids", "types"), OF_CLIENTS),
    "events of callers": (page("caller_ids"), "ix_events_caller_id_position"),
    "events of kinds of callers": (page("caller_kinds"), "ix_events_caller_kind_position"),
    "events on somebody's behalf": (page("on_behalf_of"), "ix_events_on_behalf_of_position"),
    "events of a time": (page("since", "until"), OF_POSITIONS),
    "where events of a time are": (
        lambda dialect: periods._bounds(True, True, dialect),
        OF_POSITIONS,
    ),
    "from when to when a period is": (periods._times, OF_POSITIONS),
    "the next period": (periods._next, OF_POSITIONS),
    "the history of entities": (
        lambda dialect: history._of_entities(None, False, True, dialect),
        OF_KEYS,
    ),
    "entities at a time": (lambda dialect: history._as_of(None, True, dialect), OF_KEYS),
    "entities at a revision": (lambda dialect: history._as_of(None, False, dialect), OF_KEYS),
    "states to compare": (lambda dialect: history._states(None, dialect), OF_KEYS),
    "what is pruned next": (lambda dialect: retention._STATEMENTS[dialect][0], OF_POSITIONS),
    "what a step of pruning removes": (
        lambda dialect: retention._STATEMENTS[dialect][1],
        OF_KEYS,
    ),
    "deliveries that are due": (lambda dialect: claiming._due(False, dialect), DUE),
    "those of some endpoints": (lambda dialect: claiming._due(True, dialect), DUE),
    "those that wait to be tried again": (lambda dialect: replaying._paused(None, dialect), DUE),
    "the next deliveries of entities": (turns.let_next_be_due, PENDING),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_is_read_of_large_tables_is_found_by_an_index(
    database_url: str, case: str
) -> None:
    make, index = CASES[case]
    is_sqlite = database_url.startswith("sqlite")

    plan = await (plan_on_sqlite if is_sqlite else plan_on_postgresql)(
        database_url, make(dialect_of(is_sqlite=is_sqlite)).sql
    )

    assert index in plan or (is_sqlite and index == OF_KEYS and OF_KEYS_ON_SQLITE in plan), plan
    assert "SCAN events" not in plan, plan
    assert "SCAN webhook_deliveries" not in plan, plan


async def plan_on_sqlite(url: str, sql: str) -> str:
    with closing(sqlite3.connect(url.split("///")[1])) as connection:
        connection.create_function("fits_answer", 1, lambda _: 1)
        nothing = [None] * sql.count("?")
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", nothing).fetchall()
    return "\n".join(row[-1] for row in rows)


async def plan_on_postgresql(url: str, sql: str) -> str:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    transaction = connection.transaction()
    await transaction.start()
    try:
        # Other tests left statistics of tables that had a few rows then, which would decide.
        await connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        await connection.execute(NO_STATISTICS)
        await connection.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan"
        )
        await connection.execute(f"PREPARE planned AS {sql}")
        nothing = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", sql))))
        rows = await connection.fetch(f"EXPLAIN EXECUTE planned({nothing})")
    finally:
        await transaction.rollback()
        await connection.close()
    return "\n".join(row[0] for row in rows)
