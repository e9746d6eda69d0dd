"""How often units of work wait: each time costs a turn of the event loop, whatever it's for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Final

import pytest

from repositories.deadlines import set_deadline
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.conftest import close_database
from tests.support.tasks import elsewhere

WAITS: Final = {
    # BEGIN, the statements, ROLLBACK.
    ("postgresql", "snapshot"): 4,
    ("postgresql", "one call"): 1,
    # BEGIN, the statements, COMMIT.
    ("postgresql", "write"): 3,
    ("postgresql", "write in one call"): 1,
    ("sqlite", "snapshot"): 0,
    ("sqlite", "one call"): 0,
    # The disk.
    ("sqlite", "write"): 1,
    ("sqlite", "write in one call"): 1,
}


@pytest.fixture
async def on_database(database_url: str) -> AsyncIterator[tuple[str, Repositories]]:
    database = open_database(database_url)
    name = database.url.get_backend_name()
    yield name, create_storage(PersistenceMode.DB, database).as_(build.caller())
    await close_database(database)


async def _read(repositories: Repositories, single_statement: bool = False) -> None:
    async with repositories.read(single_statement=single_statement) as snapshot:
        await snapshot.delivery_packages.get("key")
        if not single_statement:
            await snapshot.briefs.get("key")


async def _write(repositories: Repositories, single_statement: bool = False) -> None:
    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package("key"))

    await repositories.write(work, single_statement=single_statement)


WORK: Final[dict[str, Callable[[Repositories], Coroutine[Any, Any, None]]]] = {
    "snapshot": _read,
    "one call": lambda repositories: _read(repositories, single_statement=True),
    "write": _write,
    "write in one call": lambda repositories: _write(repositories, single_statement=True),
}


@coroutine
def waits_of(work: Awaitable[None]) -> Generator[Any, Any, int]:
    waits, steps = 0, work.__await__()
    for waited_for in steps:
        waits += 1
        yield waited_for
    return waits


async def _waits_before_the_deadline(work: Awaitable[None]) -> int:
    set_deadline(600)
    return await waits_of(work)


@pytest.mark.parametrize("name", WORK)
async def test_a_unit_of_work_waits_for_the_database_alone(
    on_database: tuple[str, Repositories], name: str
) -> None:
    kind, repositories = on_database
    await elsewhere(WORK[name](repositories))  # opens the connection

    waits = await elsewhere(_waits_before_the_deadline(WORK[name](repositories)))

    assert waits == WAITS[kind, name]


async def test_what_is_short_for_sqlite_waits_for_no_thread_however_often_it_runs(
    sqlite_url: str,
) -> None:
    """Others get turns in between. SQLite counts on from one run of a statement to the next."""
    numbers = (
        "WITH RECURSIVE numbers(number) AS "
        "(SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 2000) "
        "SELECT count(*) FROM numbers"
    )
    database = open_database(sqlite_url)
    snapshot = database.snapshot()
    await snapshot.begin()

    for _ in range(20):
        assert _without_thread(snapshot.rows(numbers, ())) == [(2000,)]

    await snapshot.end()
    await close_database(database)


def _without_thread(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing but its next turn."""
    try:
        while work.send(None) is None:
            pass
    except StopIteration as stop:
        return stop.value
    pytest.fail("it waits for something")
