"""Somebody migrates a database that is in use: what lacks something now has it again later."""

from collections.abc import AsyncIterator

import pytest

from migrations.revisions import revisions
from migrations.runner import downgrade, upgrade
from repositories.drivers.engine import Database, open_database
from repositories.errors import SchemaChanged
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage
from tests import builders as build
from tests.conftest import close_database
from tests.persistence.types_under_test import PACKAGE


@pytest.fixture
async def used(migrated_database_url: str) -> AsyncIterator[Database]:
    database = open_database(migrated_database_url, pool_timeout=60)
    yield database
    await close_database(database)


@pytest.fixture
def storage(used: Database) -> Storage:
    return create_storage(PersistenceMode.DB, used)


async def use_once(repositories: Repositories, key: str) -> None:
    await PACKAGE.save(repositories, build.package(key))
    await repositories.write(
        lambda unit: unit.delivery_packages.save(build.package(key)), single_statement=True
    )
    assert await PACKAGE.load(repositories, key)


async def test_what_lacks_a_table_is_unavailable_until_it_is_there_again(
    storage: Storage, repositories: Repositories, migrated_database_url: str
) -> None:
    await use_once(repositories, "before")
    await migrate(migrated_database_url, "0004")

    for work in (
        PACKAGE.save(repositories, build.package("lost")),
        PACKAGE.load(repositories, "before"),
        storage.require_health(),
    ):
        with pytest.raises(SchemaChanged):
            await work

    await migrate(migrated_database_url, "head")
    await storage.require_health()
    await use_once(repositories, "after")


async def test_each_step_back_and_forth_is_survived(
    repositories: Repositories, migrated_database_url: str
) -> None:
    await use_once(repositories, "before")

    for revision in revisions()[-2:3:-1]:
        await migrate(migrated_database_url, revision)
        try:
            await use_once(repositories, "meanwhile")
        except SchemaChanged:
            """Only that."""

    await migrate(migrated_database_url, "head")
    await use_once(repositories, "after")


async def migrate(url: str, revision: str) -> None:
    """Migrate as another process does."""
    other = open_database(url)
    await (upgrade if revision == "head" else downgrade)(other, revision)
    await other.close()
