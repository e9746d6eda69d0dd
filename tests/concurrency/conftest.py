"""Callers enough to get into each other's way, and connections enough for them to do it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

from repositories.changes import ChangeFeed
from repositories.factory import PersistenceMode, create_repositories
from repositories.unit_of_work import Reading, Repositories, Selected, UnitOfWork
from tests.conftest import close_database, open_emptied

T = TypeVar("T")


class Interleaved:
    """Repositories whose units of work let others run before and after what they do.

    In memory nothing else would ever wait.
    """

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    def read(self, *, selected: Selected | None = None, in_one_call: bool = False) -> Reading:
        return self._repositories.read(selected=selected, in_one_call=in_one_call)

    async def write(
        self, work: Callable[[UnitOfWork], Awaitable[T]], *, in_one_call: bool = False
    ) -> T:
        async def interleaved(unit: UnitOfWork) -> T:
            await asyncio.sleep(0)
            result = await work(unit)
            await asyncio.sleep(0)
            return result

        return await self._repositories.write(interleaved, in_one_call=in_one_call)

    @property
    def changes(self) -> ChangeFeed:
        return self._repositories.changes

    async def require_health(self) -> None:
        await self._repositories.require_health()

    async def close(self) -> None:
        await self._repositories.close()


@pytest.fixture
async def repositories(_storage: str | None) -> AsyncIterator[Repositories]:
    """The repositories of each implementation in turn."""
    if _storage is None:
        yield Interleaved(create_repositories(PersistenceMode.INMEMORY))
        return
    database = await open_emptied(_storage, pool_size=16)
    yield Interleaved(create_repositories(PersistenceMode.DB, database))
    await close_database(database)
