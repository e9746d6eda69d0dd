"""The one place that knows both implementations, and how each runs a unit of work."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Generic, TypeVar

from sqlalchemy import false, select, text

from domain.sources import Clock, NewKey, UlidKeys, utc_now
from repositories.cache import Cache
from repositories.changes import ChangeFeed
from repositories.database_json import JsonStatements
from repositories.database_session import DatabaseSession
from repositories.delivery.contract import PackageRepository
from repositories.delivery.database import DatabasePackageRepository
from repositories.delivery.memory import MemoryPackageRepository
from repositories.engine import Database
from repositories.kept_statements import KeptStatements
from repositories.lazy import lazy
from repositories.memory_repository import MemorySession, Root
from repositories.metadata import metadata
from repositories.onboarding.contract import BriefRepository
from repositories.onboarding.database import DatabaseBriefRepository
from repositories.onboarding.memory import MemoryBriefRepository
from repositories.production.contract import CampaignRepository, DraftRepository
from repositories.production.database import DatabaseCampaignRepository, DatabaseDraftRepository
from repositories.production.memory import MemoryCampaignRepository, MemoryDraftRepository
from repositories.qc.contract import QcResultRepository
from repositories.qc.database import DatabaseQcResultRepository
from repositories.qc.memory import MemoryQcResultRepository
from repositories.statements import written
from repositories.strategy.contract import PlanRepository
from repositories.strategy.database import DatabasePlanRepository
from repositories.strategy.memory import MemoryPlanRepository
from repositories.unit_of_work import (
    MAX_ATTEMPTS,
    Interference,
    Reading,
    Repositories,
    SchemaChanged,
    Selected,
    Snapshot,
    Unit,
    UnitOfWork,
    set_deadline,
)

S = TypeVar("S")
T = TypeVar("T")

HEALTH_SECONDS = 2.0
"""How long a database may take to show that it can be read and written."""

RequireSchema = Callable[[], Awaitable[None]]
"""Raises why the database isn't at the revision of the schema that this code needs."""


class PersistenceMode(StrEnum):
    INMEMORY = "inmemory"
    DB = "db"


def create_repositories(
    mode: PersistenceMode,
    engine: Database | None = None,
    *,
    clock: Clock = utc_now,
    new_key: NewKey | None = None,
    require_schema: RequireSchema | None = None,
    cache: Cache | None = None,
) -> Repositories:
    """The repositories of a mode; `engine` is needed for `db` and ignored in memory.

    `require_schema` is asked when the database lacks something. Statements are kept in the `cache`.
    """
    keys = new_key or UlidKeys(clock)
    if mode is PersistenceMode.INMEMORY:
        return _MemoryRepositories(clock, keys)
    if engine is None:
        raise ValueError("persistence mode 'db' needs a database")
    return _DatabaseRepositories(
        engine, clock, keys, require_schema, Cache() if cache is None else cache
    )


@dataclass(frozen=True, slots=True)
class _Kinds(Generic[S]):
    """What makes the repositories of an implementation, for a session."""

    briefs: Callable[[S], BriefRepository]
    strategy_plans: Callable[[S], PlanRepository]
    campaigns: Callable[[S], CampaignRepository]
    drafts: Callable[[S], DraftRepository]
    qc_results: Callable[[S], QcResultRepository]
    delivery_packages: Callable[[S], PackageRepository]

    def __iter__(self) -> Iterator[Any]:
        """The repositories' classes."""
        return (getattr(self, field.name) for field in fields(self))


_IN_MEMORY: _Kinds[MemorySession] = _Kinds(
    briefs=MemoryBriefRepository,
    strategy_plans=MemoryPlanRepository,
    campaigns=MemoryCampaignRepository,
    drafts=MemoryDraftRepository,
    qc_results=MemoryQcResultRepository,
    delivery_packages=MemoryPackageRepository,
)

_IN_DATABASE: _Kinds[DatabaseSession] = _Kinds(
    briefs=DatabaseBriefRepository,
    strategy_plans=DatabasePlanRepository,
    campaigns=DatabaseCampaignRepository,
    drafts=DatabaseDraftRepository,
    qc_results=DatabaseQcResultRepository,
    delivery_packages=DatabasePackageRepository,
)


_MEMORY_KINDS = {kind.record_type.__name__: kind for kind in _IN_MEMORY}
_TABLES = tuple(table.name for table in metadata.sorted_tables)
_READS_OF_TABLES = tuple(
    written(select(table).where(false()), is_sqlite=False).sql for table in metadata.sorted_tables
)
_FUNCTIONS = tuple(f"save_{kind.table.name}" for kind in _IN_DATABASE)
_STORED = {kind.record_type.__name__: kind.stored() for kind in _IN_DATABASE}


_SAME_REVISION = written(
    text("UPDATE alembic_version SET version_num = version_num"), is_sqlite=True
)
"""Changes nothing, but is committed like a save."""


class _Unit(Generic[S]):
    """Both a Snapshot and a UnitOfWork: the Protocols tell callers which of the two they hold.

    A repository is made when it's first asked for: few units of work need more than one.
    """

    def __init__(self, kinds: _Kinds[S], session: S, now: datetime, new_key: NewKey) -> None:
        self.now = now
        self.new_key = new_key
        self._kinds = kinds
        self._session = session

    @lazy
    def briefs(self) -> BriefRepository:
        return self._kinds.briefs(self._session)

    @lazy
    def strategy_plans(self) -> PlanRepository:
        return self._kinds.strategy_plans(self._session)

    @lazy
    def campaigns(self) -> CampaignRepository:
        return self._kinds.campaigns(self._session)

    @lazy
    def drafts(self) -> DraftRepository:
        return self._kinds.drafts(self._session)

    @lazy
    def qc_results(self) -> QcResultRepository:
        return self._kinds.qc_results(self._session)

    @lazy
    def delivery_packages(self) -> PackageRepository:
        return self._kinds.delivery_packages(self._session)


class _MemoryRepositories:
    """Writers queue on one lock from begin to commit; a commit swaps the root."""

    def __init__(self, clock: Clock, new_key: NewKey) -> None:
        self._clock = clock
        self._new_key = new_key
        self._root: Root = {}
        self.changes = ChangeFeed()
        self._writing = asyncio.Lock()

    def read(self, *, selected: Selected | None = None, in_one_call: bool = False) -> Reading:
        session = MemorySession(self._root, _MEMORY_KINDS)
        return _Reading(session, self._unit(session))

    async def write(
        self, work: Callable[[UnitOfWork], Awaitable[T]], *, in_one_call: bool = False
    ) -> T:
        unit = Unit()
        try:
            async with self._writing:
                return await _repeated(lambda: self._attempt(work))
        finally:
            unit.end()

    async def require_health(self) -> None:
        """Memory is always there."""

    async def close(self) -> None:
        """Nothing is open."""

    async def _attempt(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        session = MemorySession(self._root, _MEMORY_KINDS)
        try:
            result = await work(self._unit(session))
            self._root = session.outcome()
            self.changes.publish(session.changes)
            return result
        finally:
            await session.close()

    def _unit(self, session: MemorySession) -> _Unit[MemorySession]:
        return _Unit(_IN_MEMORY, session, self._clock(), self._new_key)


class _DatabaseRepositories:
    """A unit of work is a transaction on a connection of its own."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        new_key: NewKey,
        require_schema: RequireSchema | None,
        cache: Cache,
    ) -> None:
        self._database = database
        self._require_schema = require_schema
        self._statements = KeptStatements(cache)
        self.changes = ChangeFeed()
        self._clock = clock
        self._new_key = new_key
        self._json = JsonStatements(_STORED, is_sqlite=database.is_sqlite)

    def read(self, *, selected: Selected | None = None, in_one_call: bool = False) -> Reading:
        session = DatabaseSession(
            self._database.snapshot(in_one_call),
            is_sqlite=self._database.is_sqlite,
            json=self._json,
            statements=self._statements,
            selected=selected,
        )
        return _Reading(session, self._unit(session))

    async def write(
        self, work: Callable[[UnitOfWork], Awaitable[T]], *, in_one_call: bool = False
    ) -> T:
        unit = Unit()
        try:
            return await _repeated(lambda: self._attempt(work, in_one_call))
        finally:
            unit.end()

    async def require_health(self) -> None:
        try:
            if self._database.probe is None:
                set_deadline(HEALTH_SECONDS)
                await self._require_file()
            else:
                await self._database.probe.require_writable(_FUNCTIONS, _TABLES, _READS_OF_TABLES)
        except SchemaChanged:
            if self._require_schema is not None:
                await self._require_schema()
            raise

    async def _require_file(self) -> None:
        """Read from all tables of SQLite, and write to the disk, which may be full."""
        session = DatabaseSession(
            self._database.transaction(),
            is_sqlite=True,
            json=self._json,
            statements=self._statements,
        )
        try:
            for table in metadata.sorted_tables:
                await session.rows(written(select(table).where(false()), is_sqlite=True))
            await session.rows(_SAME_REVISION)
            await session.commit()
        finally:
            await session.close()

    async def close(self) -> None:
        await self._database.close()

    async def _attempt(self, work: Callable[[UnitOfWork], Awaitable[T]], in_one_call: bool) -> T:
        session = DatabaseSession(
            self._database.transaction(in_one_call),
            is_sqlite=self._database.is_sqlite,
            json=self._json,
            statements=self._statements,
            keys=self._database.keys,
        )
        try:
            result = await work(self._unit(session))
            await session.commit()
            self.changes.publish(session.changes)
            return result
        finally:
            await session.close()

    def _unit(self, session: DatabaseSession) -> _Unit[DatabaseSession]:
        return _Unit(_IN_DATABASE, session, self._clock(), self._new_key)


class _Reading:
    """A snapshot, read by a session."""

    def __init__(self, session: MemorySession | DatabaseSession, snapshot: Snapshot) -> None:
        self._session = session
        self._snapshot = snapshot
        self._unit: Unit | None = None

    def begin(self) -> Snapshot:
        self._unit = Unit()
        return self._snapshot

    async def end(self) -> None:
        if self._unit is not None:
            self._unit.end()
        await self._session.close()

    async def __aenter__(self) -> Snapshot:
        return self.begin()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.end()


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
