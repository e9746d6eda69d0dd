"""How units of work share connections, and what happens when there is none."""

import asyncio
import socket
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from domain.errors import Unavailable
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, PACKAGE
from tests.support.pools import connections_in_use
from tests.support.tasks import elsewhere, together

# A pool of one


async def test_one_connection_is_enough_for_any_number_of_callers(database_url: str) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=60)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    await PACKAGE.save(repositories, build.package("package"))

    outcomes = await together(
        *(PACKAGE.load(repositories, "package") for _ in range(30)),
        *(BRIEF.save(repositories, build.brief(f"brief {n}")) for n in range(30)),
        *(PACKAGE.load(repositories, "package") for _ in range(30)),
    )
    async with repositories.read() as snapshot:
        number_of_briefs = await snapshot.briefs.count(None)

    await database.close()
    assert outcomes[:30] == outcomes[60:] == [build.package("package")] * 30
    assert outcomes[30:60] == [build.brief(f"brief {n}") for n in range(30)]
    assert number_of_briefs == 30


async def test_one_connection_is_enough_after_errors_of_every_kind(database_url: str) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=1)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async def fail(unit: UnitOfWork) -> None:
        await unit.briefs.save(build.brief("failed"))
        raise ZeroDivisionError

    async def violate(unit: UnitOfWork) -> None:
        await unit.strategy_plans.save(build.plan("plan", version=-1))

    async def fail_to_read() -> None:
        async with repositories.read() as snapshot:
            await snapshot.briefs.count(None)
            raise ZeroDivisionError

    for _ in range(3):
        outcomes = await together(
            repositories.write(fail), repositories.write(violate), fail_to_read()
        )
        assert all(isinstance(outcome, Exception) for outcome in outcomes)
        assert connections_in_use(database) == 0
    await BRIEF.save(repositories, build.brief("key"))

    assert await BRIEF.load(repositories, "key") == build.brief("key")
    await database.close()


# A full pool


async def _count(repositories: Repositories) -> int:
    async with repositories.read() as snapshot:
        return await snapshot.briefs.count(None)


async def test_a_reader_that_gets_no_connection_in_time_is_told_so(database_url: str) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=0.01)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async with repositories.read() as snapshot:
        await snapshot.briefs.count(None)
        with pytest.raises(Unavailable):
            await elsewhere(_count(repositories))

    assert await _count(repositories) == 0
    await database.close()


async def test_a_writer_that_gets_no_connection_in_time_is_told_so(database_url: str) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=0.01)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async def work(unit: UnitOfWork) -> None:
        await unit.briefs.save(build.brief("first"))
        with pytest.raises(Unavailable):
            await elsewhere(BRIEF.save(repositories, build.brief("second")))

    await repositories.write(work)

    assert await _count(repositories) == 1
    await database.close()


async def test_who_waits_gets_the_connection_when_it_is_given_back(database_url: str) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=60)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async with repositories.read() as snapshot:
        await snapshot.briefs.count(None)
        waiting = elsewhere(_count(repositories))
        await asyncio.sleep(0)
        assert not waiting.done()

    assert await waiting == 0
    await database.close()


# Storage that can't be reached


async def _read_and_write(url: str) -> list[object]:
    database = open_database(url, pool_timeout=1)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    outcomes = await together(_count(repositories), BRIEF.save(repositories, build.brief("key")))
    await database.close()
    return [type(outcome) for outcome in outcomes]


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

        assert await _read_and_write(f"postgresql://user@127.0.0.1:{port}/aicmo") == [
            Unavailable,
            Unavailable,
        ]


async def test_a_socket_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql://user@/aicmo?host={tmp_path}"

    assert await _read_and_write(url) == [Unavailable, Unavailable]


async def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/absent/aicmo.db"

    assert await _read_and_write(url) == [Unavailable, Unavailable]


async def test_a_server_without_connections_left_is_unavailable(postgres_url: str) -> None:
    server = open_database(postgres_url)
    role = "aicmo_test_without_connections"
    async with server.writers.begin() as connection:
        await connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        await connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'p' CONNECTION LIMIT 0"))

    url = make_url(postgres_url).set(username=role, password="p")
    outcomes = await _read_and_write(url.render_as_string(hide_password=False))

    async with server.writers.begin() as connection:
        await connection.execute(text(f"DROP ROLE {role}"))
    await server.close()
    assert outcomes == [Unavailable, Unavailable]


async def test_a_connection_that_breaks_makes_its_unit_of_work_unavailable_and_no_other(
    postgresql_url: str,
) -> None:
    database = open_database(postgresql_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async def work(unit: UnitOfWork) -> None:
        await unit.briefs.save(build.brief("key"))
        await elsewhere(_end_all_other_connections(database))
        await unit.briefs.count(None)

    with pytest.raises(Unavailable):
        await repositories.write(work)

    assert await BRIEF.load(repositories, "key") is None
    await database.close()


async def _end_all_other_connections(database: Database) -> None:
    """End all other connections to the database, those of the same pool included."""
    async with database.readers.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
