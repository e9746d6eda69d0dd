"""Limits and states that somebody set in PostgreSQL, outside of this server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from domain.errors import TimedOut, Unavailable
from repositories.deadlines import set_deadline
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, PACKAGE
from tests.support.patience import SECONDS
from tests.support.pools import connections_in_use
from tests.support.tasks import elsewhere, together


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


def limited(url: str, **settings: str) -> str:
    """Set a limit as ALTER ROLE … SET does, but for these connections alone."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    with_options = make_url(url).update_query_dict({"options": options})
    return with_options.render_as_string(hide_password=False)


@asynccontextmanager
async def opened(url: str, size: int = 5) -> AsyncIterator[tuple[Database, Repositories]]:
    database = open_database(url, pool_size=size, pool_timeout=60)
    yield database, create_storage(PersistenceMode.DB, database).as_(build.caller())
    assert connections_in_use(database) == 0
    await database.close()


async def connected(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Somebody else."""
    there = make_url(url).set(drivername="postgresql")
    return await asyncpg.connect(there.render_as_string(hide_password=False))


@asynccontextmanager
async def locked(url: str, statement: str) -> AsyncIterator[None]:
    """Somebody else holds what the statement locks."""
    other = await connected(url)
    async with other.transaction():
        await other.execute(statement)
        yield
    await other.close()


ROW = "SELECT 1 FROM delivery_packages WHERE package_id = 'key' FOR UPDATE"


async def save(repositories: Repositories, key: str, *, at_once: bool) -> None:
    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package(key))

    await repositories.write(work, single_statement=at_once)


async def require_health(database: Database) -> None:
    await create_storage(PersistenceMode.DB, database).require_health()


async def saved_at_last(repositories: Repositories, *, at_once: bool) -> None:
    """However often a slow machine meets the limit."""
    async with asyncio.timeout(SECONDS):
        while True:
            with suppress(TimedOut):
                return await save(repositories, "key", at_once=at_once)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout", "transaction_timeout"])
async def test_a_statement_that_the_database_ends_has_timed_out(
    url: str, limit: str, at_once: bool
) -> None:
    async with opened(url) as (_, repositories):
        await save(repositories, "key", at_once=True)
    async with opened(limited(url, **{limit: "300ms"})) as (_, repositories):
        async with locked(url, ROW):
            with pytest.raises(TimedOut):
                await save(repositories, "key", at_once=at_once)

        await saved_at_last(repositories, at_once=at_once)


async def test_units_of_work_open_connections_without_sqlalchemys_first_look(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the connection open when the server ends it meanwhile."""

    def look(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(PGDialect_asyncpg, "initialize", look)

    async with opened(url) as (_, repositories):
        await save(repositories, "key", at_once=False)


async def test_a_transaction_that_the_database_found_idle_has_timed_out(url: str) -> None:
    limits = limited(url, idle_in_transaction_session_timeout="50ms")

    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))
        other = await connected(url)
        async with asyncio.timeout(60):
            while await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                " AND query LIKE '%save_delivery_packages%'"
            ):
                pass
        await other.close()
        await unit.delivery_packages.save(build.package("another"))

    async with opened(limits) as (_, repositories):
        with pytest.raises(TimedOut):
            await repositories.write(work)
        await save(repositories, "key", at_once=True)


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_node_that_takes_no_writes_is_left(url: str, at_once: bool) -> None:
    """Its other connections too, and its health is told."""
    async with opened(url) as (database, repositories):
        await together(*(PACKAGE.load(repositories, "key") for _ in range(5)))
        await require_health(database)
        async with read_only(url):
            await _saved_until_refused(repositories, at_once=at_once)
            with pytest.raises(Unavailable, match="takes no writes"):
                await require_health(database)
            assert database.connections.idle == 0

        await save(repositories, "key", at_once=at_once)
        await require_health(database)


async def _saved_until_refused(repositories: Repositories, *, at_once: bool) -> None:
    """Each session hears of the node's new setting for itself, and some later than others."""
    async with asyncio.timeout(SECONDS):
        with suppress(Unavailable):
            while True:
                await save(repositories, "key", at_once=at_once)


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """All connections of the database are, those that are open too, as after a failover."""
    admin = await connected(url)
    await admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        await _reload(admin, "on")
        yield
    finally:
        await admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
        await _reload(admin, "off")
        await admin.close()


async def _reload(admin: "asyncpg.Connection[asyncpg.Record]", expected: str) -> None:
    await admin.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(60):
        while await admin.fetchval("SHOW transaction_read_only") != expected:
            pass


async def test_a_function_that_saves_need_and_that_is_gone_is_told_by_the_health(url: str) -> None:
    async with opened(url) as (database, _):
        await require_health(database)
        admin = await connected(url)
        rename = "ALTER FUNCTION {} RENAME TO {}"
        await admin.execute(rename.format("save_production_drafts", "saved_elsewhere"))
        try:
            with pytest.raises(Unavailable, match="save_production_drafts"):
                await require_health(database)
        finally:
            await admin.execute(rename.format("saved_elsewhere", "save_production_drafts"))
            await admin.close()

        await require_health(database)


# A full disk

_FULL = """
CREATE SCHEMA full_disk;
CREATE FUNCTION full_disk.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON delivery_packages
    EXECUTE FUNCTION full_disk.no_room();
CREATE FUNCTION full_disk.generate_series(integer, integer) RETURNS SETOF integer
LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'could not write to file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""
"""No test may fill a disk: here saves and temporary files fail as they do on one that is full."""
_ROOM = "DROP TRIGGER full_disk ON delivery_packages; DROP SCHEMA full_disk CASCADE"


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_full_disk_is_told_by_the_health_until_there_is_room(
    url: str, at_once: bool
) -> None:
    async with opened(limited(url, search_path="full_disk,pg_catalog,public")) as (database, them):
        health = create_storage(PersistenceMode.DB, database).require_health
        admin = await connected(url)
        await health()
        await admin.execute(_FULL)
        try:
            await health()  # nobody has met it yet, and it would cost every check a file
            with pytest.raises(Unavailable):
                await save(them, "key", at_once=at_once)

            for _ in range(2):
                with pytest.raises(Unavailable, match="disk is full"):
                    await health()
            assert await PACKAGE.load(them, "key") is None
        finally:
            await admin.execute(_ROOM)
            await admin.close()

        await health()
        await save(them, "key", at_once=at_once)


async def test_the_health_writes_a_file_only_after_there_was_no_room(url: str) -> None:
    async with opened(url) as (database, _):
        probe, admin = database.probe, await connected(url)
        assert probe is not None

        async def written() -> int:
            await require_health(database)
            assert probe is not None
            assert probe._kept is not None
            await probe._kept.fetch("SELECT pg_stat_force_next_flush()")
            found = "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()"
            return int(await admin.fetchval(found))

        before = await written()
        assert await written() == before
        probe.suspect_disk()
        assert 500_000 < await written() - before < 3_000_000
        after = await written()
        assert await written() == after
        await admin.close()


# A row that somebody else has locked


async def until_one_waits(database: Database) -> None:
    """For a lock, in the database."""
    async with asyncio.timeout(60):
        while not await _waiting(database):
            pass


async def _waiting(database: Database) -> int:
    async with database.readers.connect() as connection:
        found = await connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(found.scalar_one())


async def test_a_row_that_is_locked_takes_one_connection(url: str) -> None:
    async with opened(url, size=2) as (database, repositories):
        await save(repositories, "key", at_once=True)
        async with locked(url, ROW):
            waiting = [
                elsewhere(save(repositories, "key", at_once=number % 2 == 0))
                for number in range(15)
            ]
            await until_one_waits(database)

            assert connections_in_use(database) == 1
            await PACKAGE.load(repositories, "key")
            await save(repositories, "another", at_once=True)
            await BRIEF.save(repositories, build.brief("brief"))
            await require_health(database)

        await asyncio.gather(*waiting)
        stored = await PACKAGE.load(repositories, "key")
        assert stored is not None
        assert stored.revision == 16


async def test_those_who_wait_for_a_locked_row_wait_no_longer_than_they_may(url: str) -> None:
    async def in_time(number: int) -> None:
        set_deadline(0.2)
        await save(repositories, "key", at_once=number % 2 == 0)

    async with opened(url, size=2) as (_, repositories):
        await save(repositories, "key", at_once=True)
        async with locked(url, ROW):
            outcomes = await together(*(in_time(number) for number in range(15)))

        assert {type(outcome) for outcome in outcomes} == {TimedOut}
        await save(repositories, "key", at_once=True)


async def test_writers_who_all_wait_leave_a_connection_to_readers(url: str) -> None:
    async with opened(url, size=4) as (database, repositories):
        async with locked(url, "LOCK TABLE delivery_packages IN EXCLUSIVE MODE"):
            waiting = [
                elsewhere(save(repositories, f"key {number}", at_once=True)) for number in range(10)
            ]
            await until_one_waits(database)

            await BRIEF.load(repositories, "brief")
            await PACKAGE.load(repositories, "key")

        await asyncio.gather(*waiting)
