"""Only a module's own repository writes its tables: watched as the statements run."""

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import delete, event, insert, text
from sqlalchemy.engine import Engine

from domain.webhooks import Decision, DeliveryState, EndedAttempt
from migrations import history_functions
from repositories.drivers.compiled import Statement
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.history import periods
from repositories.jobs import Queue
from repositories.qc.database import DatabaseQcResultRepository
from repositories.registry import Entities
from repositories.sql.metadata import metadata
from repositories.sql.session import DatabaseSession
from repositories.unit_of_work import UnitOfWork
from tests import builders as build
from tests.enforcement.ownership import owners
from tests.persistence.types_under_test import SAVED, TYPES_UNDER_TEST, TypeUnderTest
from tests.support.commands import Commands
from tests.support.sources import START

WRITE = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO|TRUNCATE(?:\s+TABLE)?)\s+"
    r"(?:ONLY\s+)?[\"`]?(\w+)",
    re.IGNORECASE,
)
NOBODY = "nobody"
Writes = set[tuple[str, str]]
"""Each module that wrote, with the table that it wrote."""


def _module_of_caller() -> str:
    """The module of the repository that called, from the inside out.

    What is in `sql` belongs to no module, and writes for the repository that called it.
    """
    frame = sys._getframe(1)
    while frame is not None:
        owner = type(frame.f_locals.get("self")).__module__.split(".")
        if owner[0] == "repositories" and len(owner) == 3 and owner[1] != "sql":
            return owner[1]
        if frame.f_back is None:
            break
        frame = frame.f_back
    return NOBODY


@asynccontextmanager
async def _watching(database: Database) -> AsyncIterator[Writes]:
    """Collects who writes which tables, through whatever statement or function of the database."""
    writes: Writes = set()
    bodies = await _functions(database)

    def note(writer: str, sql: str) -> None:
        tables = metadata.tables.keys() & WRITE.findall(sql)
        writes.update((writer, table) for table in tables)
        for name, body in bodies.items():
            if f"{name}(" in sql:
                note(_owner_of_function(name) or writer, body)

    def watch(_: Any, __: Any, sql: str, *___: Any) -> None:
        note(NOBODY, sql)

    def noted(name: str) -> Any:
        method = getattr(DatabaseSession, name)

        async def noting(
            session: DatabaseSession, statement: Statement, *values: Any, **options: Any
        ) -> Any:
            note(_module_of_caller(), statement.sql)
            return await method(session, statement, *values, **options)

        return noting

    engines: list[Engine] = [database.readers.sync_engine, database.writers.sync_engine]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("rows", "run_many"):
            patch.setattr(DatabaseSession, name, noted(name))
        for engine in engines:
            event.listen(engine, "before_cursor_execute", watch)
        yield writes
        for engine in engines:
            event.remove(engine, "before_cursor_execute", watch)


def _owner_of_function(name: str) -> str | None:
    """The module of a function that those of other modules call, too."""
    if name in (*history_functions.NAMES, *history_functions.FOR_MANY):
        return "history"
    _, _, table = name.partition("pass_client_to_")
    return owners()[table] if table else None


async def _functions(database: Database) -> dict[str, str]:
    """The body of each function by its name."""
    if database.is_sqlite:
        return {}
    async with database.readers.connect() as connection:
        found = await connection.execute(
            text("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        )
        return {row.proname: row.prosrc for row in found}


def _trespasses(writes: Writes) -> Writes:
    owner_of = owners()
    return {(writer, table) for writer, table in writes if owner_of[table] != writer}


async def _run_every_command(commands: Commands) -> None:
    for _ in range(2):
        await commands.submit_intake(build.submit_intake())
        await commands.normalize_brief(build.normalize_brief())
        await commands.save_strategy_plan(build.save_plan())
        await commands.save_campaign(build.save_campaign())
        await commands.save_draft(build.save_draft())
        await commands.record_qc_result(build.record_result())
        await commands.save_delivery_package(build.save_package())
    await commands.record_qc_result(build.record_result(result_id="result-2"))
    await commands.reject_strategy_plan(build.decide_plan())
    await commands.save_strategy_plan(build.save_plan())
    await commands.approve_strategy_plan(build.decide_plan())
    keys = {Entities.qc_results.key_name: "result-2"}
    for entity_type in SAVED:
        key = keys.get(entity_type.key_name, entity_type.key_of(entity_type.record()))
        await commands.delete(build.delete(entity_type.key_name, key))


async def _save_many(entity_type: TypeUnderTest, unit: UnitOfWork) -> None:
    records = [entity_type.record("one"), entity_type.record("other")]
    await entity_type.of(unit).save_many(records, [None, None])


async def _use_webhooks(unit: UnitOfWork) -> None:
    webhooks = unit.webhooks
    await webhooks.insert(build.webhook_endpoint(), build.WEBHOOK_SECRET)
    await webhooks.update(build.webhook_endpoint())
    await webhooks.rotate_secret("endpoint-1", "whsec_new", START)
    await webhooks.add("endpoint-1", [build.new_delivery()], START)
    [claim] = await webhooks.claim(1, timedelta(), START)
    decision = Decision(state=DeliveryState.DELIVERED, due_at=None)
    ended = EndedAttempt(claim=claim, outcome=build.outcome(), decision=decision)
    assert await webhooks.complete([ended], START)
    assert await webhooks.replay("endpoint-1", None, 10, START) == 1
    [claim] = await webhooks.claim(1, timedelta(), START)
    again = Decision(state=DeliveryState.PENDING, due_at=START + timedelta(hours=1))
    ended = EndedAttempt(claim=claim, outcome=build.outcome(500), decision=again)
    assert await webhooks.complete([ended], START)
    assert await webhooks.end_pauses("endpoint-1", None, 10, START) == 1
    await webhooks.remove_finished(START, 1)
    await webhooks.delete("endpoint-1")


async def _use_documents(unit: UnitOfWork) -> None:
    document = build.trusted_document()
    assert await unit.documents.add([document]) == 1
    assert await unit.documents.remove(document.application, [document.sha256]) == 1


async def _use_tokens(unit: UnitOfWork) -> None:
    await unit.access.insert(build.access_token(), "hash", "p1")
    await unit.access.update(build.access_token())
    await unit.access.replace_hash("token-1", "another", "p1")
    await unit.access.note_use(["token-1"], START)


async def _use_jobs(unit: UnitOfWork) -> None:
    await unit.jobs.add("import-1", build.caller(), START)
    [job] = await unit.jobs.claim(1, timedelta(), START)
    assert await unit.jobs.renew(job, timedelta(), START, 0)
    await unit.jobs.add_lines(job, "{}\n")
    await unit.jobs.remove_lines(job)
    for queue in Queue:
        jobs = unit.queue(queue)
        await jobs.add(f"{queue}-1", build.caller(), START)
        await jobs.wake([f"{queue}-1"], START)
    await unit.jobs.release(job, START, 0)
    await unit.jobs.remove(job)


async def _use_exchanges(unit: UnitOfWork) -> None:
    await unit.runs.save(build.run())
    await unit.exchanges.add("run-1", build.exchange())


async def _use_claims(unit: UnitOfWork) -> None:
    assert await unit.files.claim_contents(["ab"], "owner", until=START, now=START)
    await unit.files.release_contents(["ab"], "owner")
    await unit.files.note_checksums({"ab": 1})
    await unit.files.forget_checksum("ab")


async def test_every_table_is_written_by_its_own_module_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periods, "PERIOD_EVENTS", 10)
    storage = create_storage(PersistenceMode.DB, database)
    repositories = storage.as_(build.caller())

    async with _watching(database) as writes:
        await _run_every_command(Commands(repositories))
        for entity_type in TYPES_UNDER_TEST:
            await entity_type.save(
                repositories, entity_type.record("key"), entity_type.record("key")
            )
            await entity_type.delete(repositories, "key")
            for _ in range(2):
                await repositories.write(partial(_save_many, entity_type))
        await repositories.write(_use_webhooks)
        await repositories.write(_use_documents)
        await repositories.write(_use_tokens)
        await repositories.write(_use_claims)
        await repositories.write(_use_jobs)
        await repositories.write(_use_exchanges)
        await storage.sequence_events()
        await storage.prune_events(timedelta(days=-1))
        assert await storage.note_periods()

    assert _trespasses(writes) == set()
    assert {table for _, table in writes} == metadata.tables.keys()


async def test_a_repository_that_writes_the_table_of_another_module_is_found(
    database: Database,
) -> None:
    class Trespassing(DatabaseQcResultRepository):
        async def trespass(self) -> None:
            statement = delete(metadata.tables["delivery_packages"])
            await self._session.rows(self._session.dialect.compile(statement))

    Trespassing.__module__ = DatabaseQcResultRepository.__module__
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async def work(unit: UnitOfWork) -> None:
        own = cast(DatabaseQcResultRepository, unit.qc_results)
        await Trespassing(own._session).trespass()

    async with _watching(database) as writes:
        await repositories.write(work)

    assert _trespasses(writes) == {("qc", "delivery_packages")}


async def test_whoever_writes_a_table_without_a_repository_is_found(database: Database) -> None:
    async with _watching(database) as writes, database.writers.begin() as connection:
        await connection.execute(delete(metadata.tables["qc_issues"]))
        await connection.exec_driver_sql('update "onboarding_forms" set revision = 1')
        with pytest.raises(Exception, match=r"(?i)null"):
            await connection.execute(insert(metadata.tables["strategy_plans"]))

    assert _trespasses(writes) == {
        (NOBODY, "qc_issues"),
        (NOBODY, "onboarding_forms"),
        (NOBODY, "strategy_plans"),
    }
