"""On PostgreSQL events get their positions after their commits: all of them, in an order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from domain.errors import Unavailable
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.history.sequencing import keep_sequencing
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.conftest import close_database
from tests.persistence.types_under_test import DRAFT
from tests.support.history import events_of
from tests.support.pauses import Pause
from tests.support.postgres_server import create_database, drop_database
from tests.support.tasks import elsewhere

SECONDS = 60


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    database = open_database(postgresql_url, pool_size=12, pool_timeout=60)
    yield database
    await close_database(database)


@pytest.fixture
def storage(database: Database) -> Storage:
    return create_storage(PersistenceMode.DB, database)


async def positions(storage: Storage) -> list[tuple[int | None, str, int]]:
    async with storage.as_(build.caller()).read() as snapshot:
        page = await snapshot.events.page(0, 1_000)
    return [(event.position, event.entity_key, event.revision_after) for event in page.items]


async def save(storage: Storage, *keys: str) -> None:
    await DRAFT.save(storage.as_(build.caller()), *map(build.draft, keys))


async def oldest_transaction(database: Database) -> int:
    """Below which all transactions have ended, as a snapshot sees it."""
    assert database.postgres is not None
    connection = await database.postgres.connect()
    oldest: int = await connection.fetchval(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    )
    connection.terminate()
    return oldest


@asynccontextmanager
async def server(storage: Storage) -> AsyncIterator[None]:
    """What gives events their positions, cut off in the middle of whatever it does at the end."""
    task = asyncio.create_task(keep_sequencing(storage))
    yield
    task.cancel()
    await asyncio.wait({task})


async def until_positioned(storage: Storage, number: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(await positions(storage)) < number:  # noqa: ASYNC110 - the server's, too
            await asyncio.sleep(0)


async def test_an_event_that_is_committed_later_comes_later(storage: Storage) -> None:
    pause = Pause()

    async def hold(unit: UnitOfWork) -> None:
        await unit.drafts.save(build.draft("begun first"))
        await pause()

    holding = elsewhere(storage.as_(build.caller()).write(hold))
    await pause.reached.wait()
    await save(storage, "committed first")
    assert await storage.sequence_events() == 1
    pause.over.set()
    await holding
    assert await storage.sequence_events() == 1

    assert await positions(storage) == [(1, "committed first", 1), (2, "begun first", 1)]


async def test_the_entitys_own_events_are_there_before_they_have_positions(
    storage: Storage,
) -> None:
    await save(storage, "key")

    async with storage.as_(build.caller()).read() as snapshot:
        [event] = await events_of(snapshot, "draft", "key", 10)

    assert event.position is None
    assert await positions(storage) == []


async def test_no_call_reads_all_of_the_log_although_its_plan_was_made_when_that_was_short(
    database: Database, storage: Storage
) -> None:
    scans = (
        "SELECT coalesce(sum(seq_scan), 0)::int FROM pg_stat_xact_user_tables "
        "WHERE relname = 'events'"
    )
    await save(storage, *map(str, range(20)))
    assert database.postgres is not None
    connection = await database.postgres.connect()
    try:
        async with connection.transaction():
            await connection.execute("ANALYZE events")
            before = await connection.fetchval(scans)
            given = [
                await connection.fetchval("SELECT sequence_events(2, interval '0')")
                for _ in range(10)
            ]
            after = await connection.fetchval(scans)
    finally:
        connection.terminate()

    assert given == [2] * 10
    assert after == before


async def test_who_comes_too_soon_after_another_leaves_it(storage: Storage) -> None:
    await save(storage, "key")
    await storage.sequence_events()
    await save(storage, "key")

    assert await storage.sequence_events(apart=3_600) is None
    assert await storage.sequence_events() == 1


async def test_one_at_a_time_gives_positions(storage: Storage, database: Database) -> None:
    await save(storage, "key")
    assert database.postgres is not None
    other = await database.postgres.connect()
    async with other.transaction():
        await other.fetchval("SELECT sequence_events(1, '0 s')")

        assert await storage.sequence_events() is None
    other.terminate()


async def test_readers_are_told_once_for_all(storage: Storage, database: Database) -> None:
    assert database.postgres is not None
    told = asyncio.Queue[str]()
    listener = await database.postgres.connect()
    await listener.add_listener("events", lambda *heard: told.put_nowait(heard[-1]))
    await save(storage, "a", "b")
    await save(storage, "c")

    await storage.sequence_events()
    await storage.sequence_events()
    await listener.fetchval("SELECT 1")

    assert [told.get_nowait() for _ in range(told.qsize())] == [""]
    listener.terminate()


async def test_all_get_theirs_while_many_write_and_others_take_over(storage: Storage) -> None:
    number = 100

    async def write(writer: int) -> None:
        for _ in range(number // 10):
            await save(storage, f"key {writer % 3}")

    async with server(storage):
        async with server(storage):
            await asyncio.gather(*(write(writer) for writer in range(5)))
        await asyncio.gather(*(write(writer) for writer in range(5)))
        await until_positioned(storage, number)

    found = await positions(storage)
    assert [position for position, _, _ in found] == [*range(1, number + 1)]
    for key in {key for _, key, _ in found}:
        revisions = [revision for _, of, revision in found if of == key]
        assert revisions == [*range(1, len(revisions) + 1)]


async def test_events_of_a_process_that_is_gone_get_theirs(storage: Storage) -> None:
    """Nobody tells this one of the commits of others."""
    await save(storage, "key")
    storage.committed.clear()

    async with server(storage):
        await until_positioned(storage, 1)


async def test_without_a_database_it_goes_on_trying(storage: Storage, database: Database) -> None:
    failures = 3

    class Failing:
        committed = asyncio.Event()

        async def sequence_events(self, apart: float = 0.0) -> int | None:
            nonlocal failures
            self.committed.set()
            if failures:
                failures -= 1
                raise Unavailable("The database can't be reached.")
            return await storage.sequence_events(apart)

    await save(storage, "key")
    task = asyncio.create_task(keep_sequencing(Failing()))
    await until_positioned(storage, 1)
    task.cancel()
    await asyncio.wait({task})

    assert failures == 0


async def test_who_writes_to_another_database_of_the_cluster_holds_nothing_up(
    storage: Storage, database: Database, postgres_url: str
) -> None:
    """Nobody there has to end: a snapshot's oldest transaction is that of the whole cluster."""
    url = await create_database(postgres_url)
    other = open_database(url)
    assert other.postgres is not None
    idle = await other.postgres.connect()
    transaction = idle.transaction()
    await transaction.start()
    await idle.fetchval("CREATE TABLE held (number integer)")
    id = await idle.fetchval("SELECT pg_current_xact_id()::text::bigint")

    async with server(storage):
        subscription = await storage.feed.subscribe(build.caller())
        await save(storage, "key", "other", "key")
        async with asyncio.timeout(SECONDS):
            told = [await anext(subscription) for _ in range(3)]
        subscription.close()
        await storage.feed.close()

    assert await oldest_transaction(database) <= id
    assert [(it.position, it.entity_key, it.revision_after) for it in told] == [
        (1, "key", 1),
        (2, "other", 1),
        (3, "key", 2),
    ]
    idle.terminate()
    await other.close()
    await drop_database(postgres_url, url)


async def test_nothing_is_opened_again_after_the_database_was_closed(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    storage = create_storage(PersistenceMode.DB, database)
    await storage.sequence_events()

    await storage.close()

    with pytest.raises(Unavailable):
        await storage.sequence_events()
