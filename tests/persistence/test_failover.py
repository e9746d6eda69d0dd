"""The primary goes, its standby takes over, and comes back as a standby."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from domain.errors import Unavailable
from migrations.runner import upgrade
from repositories.drivers.engine import open_database
from repositories.errors import SchemaChanged
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.persistence.types_under_test import PACKAGE
from tests.support.patience import SECONDS
from tests.support.postgres_pair import Pair, postgres_pair


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with postgres_pair() as pair:
        asyncio.run(migrate(pair.url(pair.primary)))
        yield pair


async def migrate(url: str) -> None:
    database = open_database(url)
    await upgrade(database)
    await database.close()


def kept_in(url: str) -> Storage:
    return create_storage(PersistenceMode.DB, open_database(url, pool_size=3))


async def save(storage: Storage, key: str) -> None:
    await PACKAGE.save(storage.as_(build.caller()), build.package(key))


async def fails(storage: Storage, key: str) -> str:
    with pytest.raises(Unavailable) as raised:
        await save(storage, key)
    with pytest.raises(Unavailable):
        await storage.require_health()
    return str(raised.value)


async def test_a_failover(pair: Pair) -> None:
    """One test, since what is done to the servers can't be undone."""
    both = kept_in(pair.url(pair.standby, pair.primary))
    old = kept_in(pair.url(pair.primary))
    standby = kept_in(pair.url(pair.standby))

    # However the hosts are ordered, what is written goes to the primary.
    await save(both, "before")
    await both.require_health()
    await arrives(standby, "before")
    await fails(standby, "refused")

    # The primary goes: nobody takes writes.
    await asyncio.to_thread(pair.primary.stop)
    await fails(both, "lost")
    await fails(old, "lost")

    # The standby takes over, and its connections take writes from now on.
    await asyncio.to_thread(pair.standby.promote)
    for storage in (both, standby):
        await save(storage, "after")
        await storage.require_health()

    # The old primary comes back, and only reads.
    pair.primary.follow(pair.standby)
    await asyncio.to_thread(pair.primary.start)
    await arrives(old, "after")
    await fails(old, "refused")
    await save(both, "in the end")
    await arrives(old, "in the end")

    for storage in (both, old, standby):
        await storage.close()


async def arrives(storage: Storage, key: str) -> None:
    async def is_there() -> bool:
        try:
            return await PACKAGE.load(storage.as_(build.caller()), key) is not None
        except SchemaChanged:
            return False  # the tables come to a standby as late as what is in them

    async with asyncio.timeout(SECONDS):
        while not await is_there():
            pass


async def test_only_one_host_of_those_that_will_not_do_is_no_reason_to_give_up(pair: Pair) -> None:
    database = open_database(pair.url(pair.standby, pair.primary, target_session_attrs="primary"))

    async def in_recovery() -> Any:
        async with database.writers.connect() as connection:
            return await connection.scalar(text("SELECT pg_is_in_recovery()"))

    assert [await in_recovery() for _ in range(2)] == [False, False]
    await database.close()
