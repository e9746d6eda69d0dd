"""The part of a storage that those which stand in front of another one have in common."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from domain.access import Pepper
from domain.callers import Caller
from repositories.history.feed import EventFeed
from repositories.unit_of_work import Repositories, Storage


class WrappedStorage:
    """Stands in front of a storage, and passes everything on to it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def as_(self, caller: Caller) -> Repositories:
        return self._storage.as_(caller)

    @property
    def feed(self) -> EventFeed:
        return self._storage.feed

    @property
    def peppers(self) -> Sequence[Pepper]:
        return self._storage.peppers

    @property
    def token_changes(self) -> int:
        return self._storage.token_changes

    @property
    def committed(self) -> asyncio.Event:
        return self._storage.committed

    async def sequence_events(self, apart: float = 0.0) -> int | None:
        return await self._storage.sequence_events(apart)

    async def prune_events(self, keep: timedelta, most: int = 500) -> int:
        return await self._storage.prune_events(keep, most)

    async def note_periods(self, most: int = 10) -> int:
        return await self._storage.note_periods(most)

    async def require_health(self) -> None:
        await self._storage.require_health()

    async def close(self) -> None:
        await self._storage.close()
