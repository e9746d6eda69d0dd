"""The one place that knows both implementations, and how each runs a unit of work."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from domain.sources import Clock, NewKey, UlidKeys, utc_now
from repositories.changes import ChangeFeed
from repositories.database_session import DatabaseSession
from repositories.delivery.contract import PackageRepository
from repositories.delivery.database import DatabasePackageRepository
from repositories.delivery.memory import MemoryPackageRepository
from repositories.engine import Database
from repositories.memory_repository import MemorySession, Root
from repositories.onboarding.contract import BriefRepository
from repositories.onboarding.database import DatabaseBriefRepository
from repositories.onboarding.memory import MemoryBriefRepository
from repositories.production.contract import CampaignRepository, DraftRepository
from repositories.production.database import DatabaseCampaignRepository, DatabaseDraftRepository
from repositories.production.memory import MemoryCampaignRepository, MemoryDraftRepository
from repositories.qc.contract import QcResultRepository
from repositories.qc.database import DatabaseQcResultRepository
from repositories.qc.memory import MemoryQcResultRepository
from repositories.strategy.contract import PlanRepository
from repositories.strategy.database import DatabasePlanRepository
from repositories.strategy.memory import MemoryPlanRepository
from repositories.unit_of_work import (
    MAX_ATTEMPTS,
    Interference,
    Repositories,
    Selected,
    Snapshot,
    Unit,
    UnitOfWork,
)

T = TypeVar("T")


class PersistenceMode(StrEnum):
    INMEMORY = "inmemory"
    DB = "db"


def create_repositories(
    mode: PersistenceMode,
    engine: Database | None = None,
    *,
    clock: Clock = utc_now,
    new_key: NewKey | None = None,
) -> Repositories:
    """The repositories of a mode; `engine` is needed for `db` and ignored in memory."""
    keys = new_key or UlidKeys(clock)
    if mode is PersistenceMode.INMEMORY:
        return _MemoryRepositories(clock, keys)
    if engine is None:
        raise ValueError("persistence mode 'db' needs a database")
    return _DatabaseRepositories(engine, clock, keys)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Both a Snapshot and a UnitOfWork: the Protocols tell callers which of the two they hold."""

    now: datetime
    new_key: NewKey
    briefs: BriefRepository
    strategy_plans: PlanRepository
    campaigns: CampaignRepository
    drafts: DraftRepository
    qc_results: QcResultRepository
    delivery_packages: PackageRepository


class _MemoryRepositories:
    """Writers queue on one lock from begin to commit; a commit swaps the root."""

    def __init__(self, clock: Clock, new_key: NewKey) -> None:
        self._clock = clock
        self._new_key = new_key
        self._root: Root = {}
        self.changes = ChangeFeed()
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def read(
        self, *, selected: Selected | None = None, in_one_call: bool = False
    ) -> AsyncIterator[Snapshot]:
        session = MemorySession(self._root)
        unit = Unit()
        try:
            yield self._unit(session)
        finally:
            session.close()
            unit.end()

    async def write(
        self, work: Callable[[UnitOfWork], Awaitable[T]], *, in_one_call: bool = False
    ) -> T:
        unit = Unit()
        try:
            async with self._writing:
                return await _repeated(lambda: self._attempt(work))
        finally:
            unit.end()

    async def close(self) -> None:
        """Nothing is open."""

    async def _attempt(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        session = MemorySession(self._root)
        try:
            result = await work(self._unit(session))
            self._root = session.outcome()
            self.changes.publish(session.changes)
            return result
        finally:
            session.close()

    def _unit(self, session: MemorySession) -> _Unit:
        return _Unit(
            now=self._clock(),
            new_key=self._new_key,
            briefs=MemoryBriefRepository(session),
            strategy_plans=MemoryPlanRepository(session),
            campaigns=MemoryCampaignRepository(session),
            drafts=MemoryDraftRepository(session),
            qc_results=MemoryQcResultRepository(session),
            delivery_packages=MemoryPackageRepository(session),
        )


class _DatabaseRepositories:
    """A unit of work is a transaction on a connection of its own."""

    def __init__(self, database: Database, clock: Clock, new_key: NewKey) -> None:
        self._database = database
        self.changes = ChangeFeed()
        self._clock = clock
        self._new_key = new_key

    @asynccontextmanager
    async def read(
        self, *, selected: Selected | None = None, in_one_call: bool = False
    ) -> AsyncIterator[Snapshot]:
        unit = Unit()
        session = DatabaseSession(
            self._database.snapshot(in_one_call),
            is_sqlite=self._database.is_sqlite,
            selected=selected,
        )
        try:
            yield self._unit(session)
        finally:
            unit.end()
            await session.close()

    async def write(
        self, work: Callable[[UnitOfWork], Awaitable[T]], *, in_one_call: bool = False
    ) -> T:
        unit = Unit()
        try:
            return await _repeated(lambda: self._attempt(work, in_one_call))
        finally:
            unit.end()

    async def close(self) -> None:
        await self._database.close()

    async def _attempt(self, work: Callable[[UnitOfWork], Awaitable[T]], in_one_call: bool) -> T:
        session = DatabaseSession(
            self._database.transaction(in_one_call), is_sqlite=self._database.is_sqlite
        )
        try:
            result = await work(self._unit(session))
            await session.commit()
            self.changes.publish(session.changes)
            return result
        finally:
            await session.close()

    def _unit(self, session: DatabaseSession) -> _Unit:
        return _Unit(
            now=self._clock(),
            new_key=self._new_key,
            briefs=DatabaseBriefRepository(session),
            strategy_plans=DatabasePlanRepository(session),
            campaigns=DatabaseCampaignRepository(session),
            drafts=DatabaseDraftRepository(session),
            qc_results=DatabaseQcResultRepository(session),
            delivery_packages=DatabasePackageRepository(session),
        )


async def _repeated(attempt: Callable[[], Awaitable[T]]) -> T:
    """The one place where a unit of work is repeated."""
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            return await attempt()
        except Interference:
            if number == MAX_ATTEMPTS:
                raise
            # Writers that met once should not meet again at the same moment.
            await asyncio.sleep(random.uniform(0, 0.002 * 2**number))  # noqa: S311
    raise AssertionError("unreachable")
