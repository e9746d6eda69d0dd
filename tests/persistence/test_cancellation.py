"""A caller that is cancelled has stored nothing; one whose commit has begun is told its outcome."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from domain.delivery import DeliveryPackage
from domain.errors import Unavailable
from repositories.cache import Cache
from repositories.drivers.compiled import compile_statement
from repositories.drivers.engine import Database, open_database
from repositories.drivers.transactions import Transaction
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.dialects import SQLITE
from repositories.sql.json_dialects import json_statements_of
from repositories.sql.session import DatabaseSession
from repositories.sql.statement_cache import StatementCache
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import PACKAGE
from tests.support.patience import SECONDS
from tests.support.pauses import Pause, hold
from tests.support.pools import connections_in_use
from tests.support.tasks import NotReached, cancelled_at, elsewhere


async def _save(repositories: Repositories, key: str = "key") -> DeliveryPackage:
    saved: DeliveryPackage = await PACKAGE.save(repositories, build.package(key))
    return saved


async def test_cancelled_in_the_middle_of_its_work_it_stores_nothing(
    repositories: Repositories,
) -> None:
    pause = Pause()

    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))
        await pause()

    task = elsewhere(repositories.write(work))
    await pause.reached.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert await PACKAGE.load(repositories, "key") is None
    await _save(repositories, "next")


async def test_cancelled_while_it_waits_for_another_writer_it_stores_nothing(
    repositories: Repositories,
) -> None:
    pause = Pause()

    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))
        await pause()

    first = elsewhere(repositories.write(work))
    await pause.reached.wait()
    waiting = elsewhere(PACKAGE.save(repositories, build.package("key", draft_id="draft-2")))
    for _ in range(10):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pause.over.set()
    await first

    assert await PACKAGE.load(repositories, "key") == build.package("key")
    assert (await _save(repositories)).revision == 2


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("cancellations", [1, 3])
async def test_a_commit_that_has_begun_is_carried_through(
    database: Database, monkeypatch: pytest.MonkeyPatch, before: bool, cancellations: int
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    commit = hold(monkeypatch, type(database.transaction()), "commit", before=before)

    async def save() -> tuple[DeliveryPackage, int]:
        saved = await _save(repositories)
        task = asyncio.current_task()
        assert task is not None
        return saved, task.cancelling()

    task = elsewhere(save())
    await commit.reached.wait()
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
    commit.over.set()

    assert await task == (build.package("key"), 0)
    assert await PACKAGE.load(repositories, "key") == build.package("key")


@pytest.mark.parametrize("before", [True, False])
async def test_what_is_committed_is_answered_though_cancelled_while_it_tidies_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    close = hold(monkeypatch, type(database.transaction()), "end", before=before)

    task = elsewhere(_save(repositories))
    await close.reached.wait()
    task.cancel()
    await asyncio.sleep(0)
    close.over.set()

    assert await task == build.package("key")
    assert await PACKAGE.load(repositories, "key") == build.package("key")


async def test_a_timeout_during_the_commit_is_not_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    commit = hold(monkeypatch, type(database.transaction()), "commit", before=True)
    deadline = asyncio.timeout(None)

    async def in_time() -> DeliveryPackage:
        async with deadline:
            return await _save(repositories)

    task = elsewhere(in_time())
    await commit.reached.wait()
    deadline.reschedule(0)
    while not deadline.expired():  # noqa: ASYNC110
        await asyncio.sleep(0)
    commit.over.set()

    assert await task == build.package("key")
    assert await PACKAGE.load(repositories, "key") == build.package("key")


async def test_a_failed_commit_is_told_though_cancelled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    pause = Pause()

    async def commit(transaction: Transaction) -> None:
        await pause()
        raise ConnectionResetError

    monkeypatch.setattr(type(database.transaction()), "commit", commit)

    task = elsewhere(_save(repositories))
    await pause.reached.wait()
    task.cancel()
    await asyncio.sleep(0)
    pause.over.set()

    with pytest.raises(Exception, match="can't be reached"):
        await task
    assert await PACKAGE.load(repositories, "key") is None


async def test_work_that_goes_on_though_a_statement_of_it_was_cancelled_stores_nothing(
    database: Database,
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    reached = True

    async def work(unit: UnitOfWork) -> None:
        nonlocal reached
        await unit.delivery_packages.save(build.package(f"before {step}"))
        save = unit.delivery_packages.save(build.package(f"cancelled {step}"))
        try:
            await asyncio.create_task(cancelled_at(step, save))
        except NotReached:
            reached = False
        except asyncio.CancelledError:
            pass

    for step in count():
        with suppress(Unavailable):
            await repositories.write(work)
        if not reached:
            break
        async with repositories.read() as snapshot:
            assert await snapshot.delivery_packages.count(None) == 0, step

    # A writer of SQLite waits for its turn and for its commit, and for no statement.
    assert (step > 0) is not database.is_sqlite


async def _save_in_one_call(repositories: Repositories, key: str = "key") -> DeliveryPackage:
    async def work(unit: UnitOfWork) -> DeliveryPackage:
        return await unit.delivery_packages.save(build.package(key))

    return await repositories.write(work, single_statement=True)


@pytest.mark.parametrize("save", [_save, _save_in_one_call])
async def test_cancelled_at_any_moment_it_is_stored_exactly_if_that_was_answered(
    repositories: Repositories, save: Callable[..., Coroutine[Any, Any, DeliveryPackage]]
) -> None:
    cancelled = []
    for step in count():
        key = f"package {step}"
        try:
            await elsewhere(cancelled_at(step, save(repositories, key)))
        except NotReached:
            break
        except asyncio.CancelledError:
            answered = False
        else:
            answered = True
        cancelled.append(not answered)
        assert (await PACKAGE.load(repositories, key) is not None) is answered, step

    # In memory nothing waits, so there is nothing to cancel.
    assert cancelled == sorted(cancelled, reverse=True)


async def test_one_call_that_waits_for_another_writer_is_ended_when_it_is_cancelled(
    postgresql_url: str,
) -> None:
    """One of another process: those of this one wait before they begin."""
    database = open_database(postgresql_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    other_process = open_database(postgresql_url)
    others = create_storage(PersistenceMode.DB, other_process).as_(build.caller())
    pause = Pause()

    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))
        await pause()

    first = elsewhere(others.write(work))
    await pause.reached.wait()
    waiting = elsewhere(_save_in_one_call(repositories))
    async with database.readers.connect() as connection:
        while not await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await connection.rollback()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pause.over.set()
    await first

    assert (await _save_in_one_call(repositories)).revision == 2
    assert connections_in_use(database) == 0
    await database.close()
    await other_process.close()


async def test_reads_that_were_to_be_one_call_can_make_no_second_one(database_url: str) -> None:
    database = open_database(database_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async with repositories.read(single_statement=True) as snapshot:
        await snapshot.delivery_packages.get("key")
        with pytest.raises(RuntimeError, match="one call"):
            await snapshot.drafts.get("key")

    assert connections_in_use(database) == 0
    await database.close()


async def test_work_that_was_to_be_one_call_can_make_no_second_one(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))
        await unit.delivery_packages.save(build.package("another key"))

    with pytest.raises(RuntimeError, match="one call"):
        await repositories.write(work, single_statement=True)

    await database.close()


@pytest.mark.parametrize("connected", [False, True])
async def test_cancelled_at_any_moment_it_gives_its_connection_back(
    database_url: str, connected: bool
) -> None:
    async def read() -> Any:
        return await PACKAGE.load(repositories, "key")

    async def write() -> Any:
        return await _save(repositories)

    async def write_in_one_call() -> Any:
        return await _save_in_one_call(repositories)

    for unit in (read, write, write_in_one_call):
        for step in count():
            database = open_database(database_url, pool_size=1, pool_timeout=60)
            repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
            if connected:
                await unit()
            try:
                await elsewhere(cancelled_at(step, unit()))
            except NotReached:
                break
            except asyncio.CancelledError:
                pass
            finally:
                in_use = connections_in_use(database)
                await unit()
                await database.close()
            assert in_use == 0, step


async def test_cancelled_at_any_moment_a_long_statement_is_interrupted(sqlite_url: str) -> None:
    """One that SQLite's thread hasn't taken up yet, too."""
    forever = (
        "WITH RECURSIVE numbers(number) AS "
        "(SELECT 1 UNION ALL SELECT number + 1 FROM numbers) SELECT count(*) FROM numbers"
    )

    async def cancelled(step: int, statement: str) -> bool:
        database = open_database(sqlite_url)
        json = json_statements_of({}, SQLITE)
        session = DatabaseSession(
            build.caller(),
            database.snapshot(),
            json=json,
            statements=StatementCache(Cache()),
        )
        query = compile_statement(text(statement), is_sqlite=True)
        task = elsewhere(cancelled_at(step, session.rows(query)))
        await asyncio.wait({task}, timeout=SECONDS)
        assert task.done(), f"it still runs, though cancelled at {step}"
        await session.close()
        await database.close()
        return task.cancelled()

    step = 0
    while await cancelled(step + 1, "SELECT 1"):
        assert await cancelled(step, forever), step
        step += 1

    assert step > 5


# What is left of a connection


async def _is_in_step(repositories: Repositories) -> None:
    """A transaction that takes its snapshot anew is what an earlier statement's remains break."""
    async with repositories.read() as snapshot:
        await snapshot.delivery_packages.get("key")
        await snapshot.briefs.get("key")


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("single_statement", [False, True])
async def test_a_read_that_is_cancelled_at_any_moment_leaves_its_connection_to_others(
    database_url: str, single_statement: bool, prepared: bool, late: bool
) -> None:
    async def read() -> None:
        async with repositories.read(single_statement=single_statement) as snapshot:
            await snapshot.delivery_packages.get("key")

    for step in count():
        # A statement that the connection knows already is not prepared again.
        database = open_database(database_url, pool_size=1, pool_timeout=60)
        repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
        async with repositories.read() as snapshot:
            await snapshot.briefs.get("key")
            if prepared:
                await snapshot.delivery_packages.get("key")
        try:
            await elsewhere(cancelled_at(step, read(), late=late))
        except NotReached:
            break
        except asyncio.CancelledError:
            await _is_in_step(repositories)
        finally:
            await database.close()

    # The driver parses and then binds; with a transaction, it begins and ends as well.
    if not database.is_sqlite:
        assert step >= 1 + (not prepared) + 2 * (not single_statement)


@pytest.mark.parametrize("late", [False, True])
async def test_a_save_that_is_cancelled_at_any_moment_leaves_its_connection_to_others(
    postgresql_url: str, late: bool
) -> None:
    for step in count():
        database = open_database(postgresql_url, pool_size=1, pool_timeout=60)
        repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
        await _is_in_step(repositories)
        try:
            await elsewhere(cancelled_at(step, _save_in_one_call(repositories), late=late))
        except NotReached:
            break
        except asyncio.CancelledError:
            await _is_in_step(repositories)
        finally:
            await database.close()


@pytest.mark.parametrize("late", [False, True])
async def test_a_connection_that_is_opened_for_a_cancelled_caller_is_closed(
    postgresql_url: str, late: bool
) -> None:
    for step in count():
        database = open_database(postgresql_url, pool_size=1, pool_timeout=60)
        repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
        try:
            await elsewhere(cancelled_at(step, PACKAGE.load(repositories, "key"), late=late))
        except NotReached:
            break
        except asyncio.CancelledError:
            pass
        finally:
            await database.close()

    observer = open_database(postgresql_url)
    async with observer.readers.connect() as connection, asyncio.timeout(60):
        others = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        while await connection.scalar(others):
            await connection.rollback()
    await observer.close()
