"""Fixtures that tests of several rooms share: databases, repositories, a clock and keys.

A test that asks for `storage`, or for `repositories`, runs in memory, on SQLite and on PostgreSQL;
one that asks for `database` or `database_url` runs on the two databases. Each finds nothing stored.
"""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
import pytest

from migrations.runner import upgrade
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.metadata import metadata
from repositories.unit_of_work import Repositories, Storage
from tests import builders as build
from tests.support import hypothesis_profile
from tests.support.commands import Commands
from tests.support.pools import connections_in_use
from tests.support.postgres_server import create_database, drop_database, postgres_server
from tests.support.sources import CountedKeys, SettableClock

hypothesis_profile.load()

_HERE = Path(__file__).parent
_NEW_OBJECTS: Final = 10_000
LONGEST: Final = (
    "benchmarks/test_running.py",
    "browser/test_graphiql.py",
    "contracts/test_extending.py",
    "http/test_attacks.py",
    "clients/test_docs.py",
    "http/test_schemathesis.py",
    "execution/test_equals_graphql_core_on_our_schema.py",
    "schema/test_permissions.py",
    "schema/test_only_clients_own.py",
    "work/test_worst_cases.py",
    "schema/test_filters.py",
    "execution/graphql_core/test_own_tests.py",
    "concurrency/test_ownership.py",
    "e2e/test_kills.py",
    "persistence/test_saving_many.py",
    "server/test_command_line.py",
    "e2e/test_silent_database.py",
    "http/test_fuzzing.py",
    "execution/test_equals_graphql_core.py",
    "server/test_webhook_commands.py",
    "server/test_interrupting.py",
    "http/test_audit.py",
    "clients/test_typescript.py",
    "e2e/test_crashes.py",
    "server/test_http.py",
    "persistence/test_equivalence.py",
    "persistence/test_pages.py",
    "persistence/test_filters.py",
    "migrations/test_runner.py",
    "migrations/test_command_line.py",
    "migrations/test_steps.py",
    "http/test_large_responses.py",
    "http/test_requests.py",
    "http/test_subscriptions.py",
    "e2e/test_webhooks.py",
    "persistence/test_ownership.py",
    "clients/test_python.py",
    "files/test_stores.py",
    "enforcement/test_import_contracts.py",
    "persistence/test_history.py",
    "http/test_who_gets_what.py",
    "orchestration/test_killed_run_servers.py",
)
"""The files that take more than ten seconds or so, the longest first.

They begin first, so that no process is left alone with one of them while the others have ended.
Nothing depends on their order.
"""


def pytest_xdist_auto_num_workers() -> int:
    """Three processes a core, since tests wait for servers, browsers and disks; fewer where there
    isn't a gigabyte of memory for each."""
    cores, gigabytes = len(os.sched_getaffinity(0)), psutil.virtual_memory().available // 10**9
    return max(1, min(3 * cores, gigabytes))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the garbage collector from what stays: ten thousand tests, and all that they import.

    It would look through them again and again while they are collected, and at every collection
    that a test asks for. While they run it begins later than by default, at 700 new objects, which
    took a sixth of the time of those that make schemas and plans.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(_NEW_OBJECTS)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {_HERE / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def new_key() -> CountedKeys:
    return CountedKeys()


@pytest.fixture
def pool_size() -> int:
    """How many connections the repositories have; to be overridden."""
    return 5


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server, on which tests may create databases of their own."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def _postgresql_template(postgres_url: str) -> Iterator[str]:
    """A database at the newest revision that is only there to be copied."""
    with own_database(postgres_url) as url:
        asyncio.run(migrate(url))
        yield url


@pytest.fixture(scope="session")
def _postgresql_with_tables(postgres_url: str, _postgresql_template: str) -> Iterator[str]:
    with own_database(postgres_url, _postgresql_template) as url:
        yield url


@pytest.fixture(scope="session")
def folder_for_sqlite() -> Iterator[Path]:
    """In memory where there is such a folder: SQLite waits for the disk at every commit."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(
        prefix="aicmo-sqlite-", dir=memory if os.access(memory, os.W_OK) else None
    ) as name:
        yield Path(name)


@pytest.fixture
def sqlite_folder(folder_for_sqlite: Path) -> Iterator[Path]:
    """The same for one test."""
    with TemporaryDirectory(dir=folder_for_sqlite) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def _sqlite_with_tables(folder_for_sqlite: Path) -> Path:
    file = folder_for_sqlite / "tables.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def _postgresql_url(_postgresql_with_tables: str) -> str:
    return _postgresql_with_tables


@pytest.fixture
def _sqlite_url(_sqlite_with_tables: Path, sqlite_folder: Path) -> str:
    return f"sqlite:///{shutil.copy(_sqlite_with_tables, sqlite_folder / 'aicmo.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def _used_database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"_{request.param}_url")
    return url


@pytest.fixture
async def database_url(_used_database_url: str) -> str:
    """The URL of a database that has the tables, and nothing in them."""
    return await _emptied(_used_database_url)


@pytest.fixture
async def postgresql_url(_postgresql_url: str) -> str:
    """The URL of an empty PostgreSQL database, for behaviour that only PostgreSQL has."""
    return await _emptied(_postgresql_url)


@pytest.fixture
def sqlite_url(_sqlite_url: str) -> str:
    """The URL of an empty SQLite database, for behaviour that only SQLite has."""
    return _sqlite_url


@pytest.fixture
async def database(_used_database_url: str) -> AsyncIterator[Database]:
    """A database that has the tables, and nothing in them."""
    database = await open_emptied(_used_database_url)
    yield database
    await close_database(database)


@contextmanager
def own_database(server: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new database on the PostgreSQL server: empty, or a copy of another one."""
    url = asyncio.run(create_database(server, template))
    yield url
    asyncio.run(drop_database(server, url))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_system(request: pytest.FixtureRequest) -> str:
    """Where the database is that a test has for itself. Tests of one system say so by it."""
    system: str = request.param
    return system


@pytest.fixture
def empty_database_url(
    request: pytest.FixtureRequest, database_system: str, sqlite_folder: Path
) -> Iterator[str]:
    """The URL of a database with nothing in it, not even tables."""
    if database_system == "sqlite":
        yield f"sqlite:///{sqlite_folder / 'empty.db'}"
        return
    with own_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def migrated_database_url(request: pytest.FixtureRequest, database_system: str) -> Iterator[str]:
    """The URL of a database at the newest revision, as the server needs it."""
    with migrated_database(request, database_system) as url:
        yield url


@contextmanager
def migrated_database(request: pytest.FixtureRequest, system: str) -> Iterator[str]:
    """The same for as long as the context: a copy, since migrating takes many times as long."""
    if system == "sqlite":
        template = request.getfixturevalue("_sqlite_with_tables")
        with TemporaryDirectory(dir=template.parent) as folder:
            yield f"sqlite:///{shutil.copy(template, Path(folder) / 'aicmo.db')}"
        return
    server, template = map(request.getfixturevalue, ("postgres_url", "_postgresql_template"))
    with own_database(server, template) as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def _storage(request: pytest.FixtureRequest) -> str | None:
    """The URL of a database, or None for memory."""
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue(f"_{request.param}_url")
    return url


@pytest.fixture
async def storage(
    _storage: str | None, pool_size: int, clock: SettableClock, new_key: CountedKeys
) -> AsyncIterator[Storage]:
    """The storage of each implementation in turn, on the test's clock and keys."""
    if _storage is None:
        yield create_storage(
            PersistenceMode.INMEMORY, clock=clock, new_key=new_key, peppers=[build.PEPPER]
        )
        return
    database = await open_emptied(_storage, pool_size)
    storage = create_storage(
        PersistenceMode.DB, database, clock=clock, new_key=new_key, peppers=[build.PEPPER]
    )
    yield storage
    # A feed that has just lost its last subscriber may still be reading.
    await storage.feed.close()
    await close_database(database)


@pytest.fixture
def repositories(storage: Storage) -> Repositories:
    """The repositories of an operator, on each implementation in turn."""
    return storage.as_(build.caller())


@pytest.fixture
def commands(repositories: Repositories) -> Commands:
    return Commands(repositories)


async def migrate(url: str) -> None:
    """Bring the database to the newest revision."""
    database = open_database(url)
    await upgrade(database)
    await database.close()


async def _emptied(url: str) -> str:
    database = await open_emptied(url)
    await database.close()
    return url


async def open_emptied(url: str, pool_size: int = 5) -> Database:
    """Open what another test may have used before: PostgreSQL's database, but no SQLite file."""
    database = open_database(url, pool_size=pool_size, pool_timeout=60)
    if not database.is_sqlite:
        await empty_database(database)
    return database


async def empty_database(database: Database) -> None:
    """Delete everything: children go with their parents."""
    tables = [table.name for table in metadata.sorted_tables if not table.foreign_keys]
    async with database.writers.begin() as connection:
        if database.is_sqlite:
            for table in tables:
                await connection.exec_driver_sql(f"DELETE FROM {table}")
        else:
            # One statement, since thousands of tests begin with it.
            deletes = ", ".join(f"d_{table} AS (DELETE FROM {table})" for table in tables)
            await connection.exec_driver_sql(f"WITH {deletes} SELECT")


async def close_database(database: Database) -> None:
    in_use = connections_in_use(database)
    await database.close()
    assert in_use == 0, "connections were not given back"
