"""Packages that are multiplied are those that would have been seeded; chains fill their pages."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.filling import SEEDED, add_chains, multiply
from benchmarks.scenarios import chain
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.metadata import Timestamp, metadata
from schema.root import create_schema
from server.seed.bulk import seed_bulk
from tests import builders as build
from tests.conftest import empty_database
from tests.support.graphql import InProcess


async def seeded(database: Database, size: int) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    async for _ in seed_bulk(repositories, size):
        pass


async def keys_and_times(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    """Of every row of the entities; copies have the client of the first plan, and no events."""
    found = {}
    async with database.readers.connect() as connection:
        for table in (it for it in metadata.sorted_tables if it.name != "events"):
            columns = [
                column
                for column in table.columns
                if (column.name.endswith("_id") and column.name != "client_id")
                or column.name in ("position", "version", "revision")
                or isinstance(column.type, Timestamp)
            ]
            if not columns:
                continue
            rows = (await connection.execute(select(*columns))).all()
            found[table.name] = {tuple(row) for row in rows}
            assert len(found[table.name]) == len(rows)
    return found


@pytest.fixture
async def database(migrated_database_url: str) -> AsyncIterator[Database]:
    """A migrated database, as servers have it: `aicmo migrate` precedes `aicmo seed`."""
    database = open_database(migrated_database_url)
    yield database
    await database.close()


async def test_copies_have_the_keys_and_times_that_seeding_gives(database: Database) -> None:
    await seeded(database, 3 * SEEDED)
    wanted = await keys_and_times(database)
    await empty_database(database)

    await seeded(database, SEEDED)
    await multiply(database.url.render_as_string(hide_password=False), 3 * SEEDED)

    assert await keys_and_times(database) == wanted
    assert len(wanted["delivery_packages"]) == 3 * SEEDED


async def test_every_page_of_a_chain_has_a_next_one(database: Database) -> None:
    await seeded(database, 1)
    await add_chains(database.url.render_as_string(hide_password=False))

    client = InProcess(create_schema(), create_storage(PersistenceMode.DB, database))
    for variables in chain().variables:
        response = await client.send(chain().query, variables)
        chain().check(response["data"])
