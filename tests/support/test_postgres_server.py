import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.support.patience import SECONDS
from tests.support.postgres_server import create_database, drop_database, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
async def database(server: str) -> AsyncIterator[str]:
    url = await create_database(server)
    yield url
    await drop_database(server, url)


async def test_a_new_database_sorts_as_people_do_where_the_server_can(database: str) -> None:
    connection = await asyncpg.connect(database)
    linguistic = await connection.fetchval("SELECT 'a' < 'B' AND 'B' < 'c'")
    by_code_point = await connection.fetchval("""SELECT 'B' COLLATE "C" < 'a' COLLATE "C" """)
    await connection.close()
    assert by_code_point
    if not linguistic:
        pytest.skip("the server has no such collation: a missing COLLATE stays unseen")


async def test_a_copy_has_what_its_template_has(server: str, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE things AS SELECT 'a thing' AS name")
    await connection.close()

    copy = await create_database(server, template=database)

    connection = await asyncpg.connect(copy)
    assert await connection.fetchval("SELECT name FROM things") == "a thing"
    await connection.close()
    await drop_database(server, copy)


async def test_a_database_is_dropped_while_someone_is_connected(server: str) -> None:
    url = await create_database(server)
    connection = await asyncpg.connect(url)

    await drop_database(server, url)

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    connection.terminate()


@pytest.mark.skipif("AICMO_TEST_POSTGRES_URL" in os.environ, reason="the server is not our own")
def test_a_server_of_our_own_ends_with_a_killed_process_and_leaves_nothing() -> None:
    program = """
from tests.support.postgres_server import postgres_server
with postgres_server() as url:
    print(url, flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = make_url(process.stdout.readline())
        process.kill()

    folder = Path(str(url.query["host"]))
    assert folder.is_absolute()
    deadline = time.monotonic() + SECONDS
    while folder.exists():
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.05)
