"""PgBouncer between us and PostgreSQL: each transaction may meet another of its connections."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from domain.errors import TimedOut
from domain.history import Event
from migrations.errors import MigrationError
from migrations.revisions import require_head, revisions
from migrations.runner import downgrade, upgrade
from repositories.deadlines import set_deadline
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.history.background import running
from repositories.history.sequencing import keep_sequencing
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.conftest import close_database
from tests.persistence.types_under_test import BRIEF, DRAFT, PACKAGE, TYPES_UNDER_TEST
from tests.support.patience import SECONDS
from tests.support.pauses import Pause
from tests.support.pgbouncer import PROGRAM, pgbouncer, version
from tests.support.postgres_server import create_database, drop_database
from tests.support.serving import until
from tests.support.tasks import elsewhere

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's pgbouncer")

CONNECTIONS = 3
"""How many PgBouncer has to a database: fewer than we have to PgBouncer."""
KEYS = 5
CALLERS = 5 * KEYS


@pytest.fixture(scope="module")
def pooler(postgres_url: str) -> Iterator[str]:
    with pgbouncer(postgres_url, size=CONNECTIONS) as url:
        yield url


@pytest.fixture(scope="module")
def pooler_that_prepares(postgres_url: str) -> Iterator[str]:
    if version() < (1, 21):
        pytest.skip("needs PgBouncer 1.21 or newer")
    with pgbouncer(postgres_url, size=CONNECTIONS, prepared_statements=20) as url:
        yield url


def through(pooler: str, database_url: str, **query: str) -> str:
    url = make_url(pooler).set(database=make_url(database_url).database)
    return url.update_query_dict(query).render_as_string(hide_password=False)


@pytest.fixture(params=["pooler", "pooler_that_prepares"])
def pooled_url(request: pytest.FixtureRequest, postgresql_url: str) -> str:
    pooler: str = request.getfixturevalue(request.param)
    if request.param == "pooler":
        return through(pooler, postgresql_url, pgbouncer="true")
    return through(pooler, postgresql_url, pgbouncer="true", statement_cache_size="100")


@pytest.fixture
async def database(pooled_url: str) -> AsyncIterator[Database]:
    database = open_database(pooled_url, pool_size=12, pool_timeout=60)
    yield database
    await close_database(database)


@pytest.fixture
def repositories(database: Database) -> Repositories:
    return create_storage(PersistenceMode.DB, database).as_(build.caller())


async def test_many_who_read_and_save_meet_no_error(repositories: Repositories) -> None:
    async def use(number: int) -> None:
        for entity_type in TYPES_UNDER_TEST:
            key = f"key {number % KEYS}"
            await entity_type.save(repositories, entity_type.record(key))
            assert entity_type.key_of(await entity_type.load(repositories, key)) == key
            async with repositories.read(single_statement=True) as snapshot:
                assert await entity_type.reads_of(snapshot).get_many([key])

    await asyncio.gather(*(use(number) for number in range(CALLERS)))

    for entity_type in TYPES_UNDER_TEST:
        for key in (f"key {number}" for number in range(KEYS)):
            stored = replace(entity_type.record(key), revision=CALLERS // KEYS)
            assert await entity_type.load(repositories, key) == stored


async def test_a_snapshot_sees_one_state(repositories: Repositories) -> None:
    await DRAFT.save(repositories, build.draft("before"))

    async with repositories.read() as snapshot:
        assert await snapshot.drafts.count(None) == 1
        for number in range(6):
            await elsewhere(DRAFT.save(repositories, build.draft(f"after {number}")))
        assert await snapshot.drafts.count(None) == 1

    async with repositories.read() as snapshot:
        assert await snapshot.drafts.count(None) == 7


async def test_who_waits_for_a_lock_is_cancelled_and_spoils_nobodys_connection(
    repositories: Repositories,
) -> None:
    pause = Pause()

    async def hold(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))
        await pause()

    async def save() -> None:
        set_deadline(0.2)
        await repositories.write(
            lambda unit: unit.delivery_packages.save(build.package("key", draft_id="lost")),
            single_statement=True,
        )

    holding = elsewhere(repositories.write(hold))
    await pause.reached.wait()
    late = elsewhere(save())
    with pytest.raises(TimedOut):
        await late
    pause.over.set()
    await holding

    assert await PACKAGE.load(repositories, "key") == build.package("key")
    await asyncio.gather(
        *(PACKAGE.load(repositories, "key") for _ in range(CALLERS)),
        *(BRIEF.save(repositories, build.brief("key")) for _ in range(CALLERS)),
    )


async def test_events_reach_subscribers_of_another_process_who_may_go_on_later(
    database: Database, pooled_url: str
) -> None:
    """Behind a pooler nobody can listen, so the log is looked at now and then."""
    storage = create_storage(PersistenceMode.DB, database)
    other = open_database(pooled_url)
    reader = create_storage(PersistenceMode.DB, other)

    async def save(*keys: str) -> None:
        await DRAFT.save(storage.as_(build.caller()), *map(build.draft, keys))

    async def told(number: int, after: int | None) -> list[tuple[int | None, str]]:
        subscription = await reader.feed.subscribe(build.caller(), after=after)
        async with asyncio.timeout(SECONDS):
            events = [await anext(subscription) for _ in range(number)]
        subscription.close()
        return [(event.position, event.entity_key) for event in events]

    async with running(keep_sequencing(storage)):
        first = asyncio.create_task(told(3, after=None))
        await until(lambda: reader.feed.subscribers == 1, SECONDS)
        await save("a", "b", "c")
        assert await first == [(1, "a"), (2, "b"), (3, "c")]
        await save("d", "e")
        resumed = asyncio.create_task(told(5, after=1))
        await until(lambda: reader.feed.subscribers == 1, SECONDS)
        await asyncio.gather(*(save(f"f-{number}") for number in range(2)))

        positions, names = zip(*await resumed, strict=True)

    assert positions == (2, 3, 4, 5, 6)
    assert names[:4] == ("b", "c", "d", "e")
    assert names[4] in ("f-0", "f-1")
    await reader.feed.close()
    await close_database(other)


async def test_positions_are_given_by_one_at_a_time_through_it(
    database: Database, pooled_url: str
) -> None:
    other = open_database(pooled_url)
    storages = [create_storage(PersistenceMode.DB, each) for each in (database, other)]
    number = 60

    async def save(storage: Storage, writer: int) -> None:
        for _ in range(number // 6):
            await DRAFT.save(storage.as_(build.caller()), build.draft(f"key {writer % 2}"))

    async with running(keep_sequencing(storages[0])), running(keep_sequencing(storages[1])):
        await asyncio.gather(*(save(storages[writer % 2], writer) for writer in range(6)))
        async with asyncio.timeout(SECONDS):
            while len(await events_of(storages[1])) < number:  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0)

    events = await events_of(storages[0])
    assert [event.position for event in events] == [*range(1, number + 1)]
    for key in ("key 0", "key 1"):
        revisions = [event.revision_after for event in events if event.entity_key == key]
        assert revisions == [*range(1, number // 2 + 1)]
    await close_database(other)


async def events_of(storage: Storage) -> Sequence[Event]:
    async with storage.as_(build.caller()).read() as snapshot:
        return (await snapshot.events.page(0, 1_000)).items


async def test_the_schema_is_migrated_through_it(pooler: str, postgres_url: str) -> None:
    url = await create_database(postgres_url)
    database = open_database(through(pooler, url, pgbouncer="true"))

    assert len(await upgrade(database)) == len(revisions())
    await require_head(database)
    assert len(await downgrade(database, "base")) == len(revisions())

    await database.close()
    await drop_database(postgres_url, url)


async def test_without_being_told_of_it_the_start_says_what_to_do(
    pooler: str, postgresql_url: str
) -> None:
    database = open_database(through(pooler, postgresql_url))

    with pytest.raises(MigrationError, match=r"pgbouncer=true") as raised:
        await require_head(database)

    assert "\n" not in str(raised.value)
    await database.close()
