"""Callers enough to get into each other's way, and connections enough for them to do it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from domain.callers import Caller
from repositories.criteria import AttributeMask
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import (
    Repositories,
    SnapshotHandle,
    Storage,
    UnitOfWork,
)
from tests.conftest import close_database, open_emptied
from tests.support.wrapped_storage import WrappedStorage

T = TypeVar("T")


class Interleaved(WrappedStorage):
    """Storage whose units of work let others run before and after what they do.

    In memory nothing else would ever wait.
    """

    def as_(self, caller: Caller) -> Repositories:
        return _InterleavedRepositories(self._storage.as_(caller))


class _InterleavedRepositories:
    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    def read(
        self, *, selected: AttributeMask | None = None, single_statement: bool = False
    ) -> SnapshotHandle:
        return self._repositories.read(selected=selected, single_statement=single_statement)

    async def write(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        single_statement: bool = False,
        rolls_back: bool = False,
    ) -> T:
        async def interleaved(unit: UnitOfWork) -> T:
            await asyncio.sleep(0)
            result = await work(unit)
            await asyncio.sleep(0)
            return result

        return await self._repositories.write(
            interleaved, single_statement=single_statement, rolls_back=rolls_back
        )


@pytest.fixture
async def storage(_storage: str | None) -> AsyncIterator[Storage]:
    """The storage of each implementation in turn."""
    if _storage is None:
        yield Interleaved(create_storage(PersistenceMode.INMEMORY))
        return
    database = await open_emptied(_storage, pool_size=16)
    yield Interleaved(create_storage(PersistenceMode.DB, database))
    await close_database(database)


@pytest.fixture
async def processes(postgresql_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two processes on one database: nothing within a process brings them in order."""
    databases = open_database(postgresql_url), open_database(postgresql_url)
    yield databases
    for database in databases:
        await close_database(database)


async def until_waiting_or_done(database: Database, task: asyncio.Task[Any]) -> None:
    """Return when the task is done, or its transaction waits for a lock."""
    async with database.readers.connect() as connection:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        while not task.done() and not (await connection.execute(waiting)).scalar():
            await connection.rollback()
