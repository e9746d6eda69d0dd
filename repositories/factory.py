"""The one place that knows both implementations, and how each runs a unit of work."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import TypeVar, cast

from sqlalchemy import false, select, text

from domain.access import AccessToken, Pepper
from domain.callers import Caller, system
from domain.documents import TrustedDocument
from domain.history import Event
from domain.sources import Clock, NewKey, UlidKeys, utc_now
from domain.webhooks import WebhookEndpoint
from domain.workflow import ModelExchange
from repositories.access.database import DatabaseAccessRepository
from repositories.access.memory import MemoryAccessRepository
from repositories.cache import Cache
from repositories.client_guard import ClientGuard
from repositories.criteria import AttributeMask
from repositories.deadlines import set_deadline
from repositories.documents.database import DatabaseDocumentRepository
from repositories.documents.memory import MemoryDocumentRepository
from repositories.drivers.engine import Database
from repositories.errors import SchemaChanged, WriteConflict
from repositories.history.database import DatabaseEventReads
from repositories.history.feed import POLL_SECONDS, EventFeed
from repositories.history.memory import MemoryEventReads, MemoryEventRecorder
from repositories.history.periods import PERIODS_AT_ONCE, DatabasePeriods
from repositories.history.recording import EventRecorder
from repositories.history.retention import EVENTS_AT_ONCE, DatabaseEventPruner
from repositories.history.sequencing import sequence_events
from repositories.jobs import Queue
from repositories.memory.session import MemorySession, Root
from repositories.nesting import NestingGuard
from repositories.registry import ENTITY_TYPES, OWNED_TYPES
from repositories.sql.dialects import POSTGRESQL, SQLITE, dialect_of
from repositories.sql.json_dialects import json_statements_of
from repositories.sql.metadata import metadata
from repositories.sql.session import DatabaseSession
from repositories.sql.statement_cache import StatementCache
from repositories.transfers.database import DatabaseTransferJobs
from repositories.transfers.memory import MemoryTransferJobs
from repositories.unit_of_work import (
    Repositories,
    RepositoryClasses,
    Snapshot,
    SnapshotHandle,
    Storage,
    UnitOfWork,
)
from repositories.webhooks.database import DatabaseWebhookRepository
from repositories.webhooks.hidden import HiddenWebhookRepository
from repositories.webhooks.memory import MemoryWebhookRepository
from repositories.workflow.database import DatabaseExchangeRepository, DatabaseRunJobs
from repositories.workflow.memory import MemoryExchangeRepository, MemoryRunJobs

T = TypeVar("T")

MAX_ATTEMPTS = 8
"""How often a unit of work is tried before it fails with Unavailable."""

_POOLED_POLL_SECONDS = 0.2
"""How often the log is read behind a pooler, which passes no notifications on."""

HEALTH_SECONDS = 2.0
"""How many seconds the health check of a database may take."""

RequireSchema = Callable[[], Awaitable[None]]
"""Raises why the database isn't at the revision of the schema that this code needs."""


class PersistenceMode(StrEnum):
    INMEMORY = "inmemory"
    DB = "db"


def create_storage(
    mode: PersistenceMode,
    engine: Database | None = None,
    *,
    clock: Clock = utc_now,
    new_key: NewKey | None = None,
    require_schema: RequireSchema | None = None,
    cache: Cache | None = None,
    peppers: Sequence[Pepper] = (),
) -> Storage:
    """The storage of a mode; `engine` is needed for `db` and ignored in memory.

    `require_schema` is called when the database lacks something. The `cache` keeps statements.
    Secrets of access tokens may be hashed by any of the `peppers`; new ones are by the first.
    """
    keys = new_key or UlidKeys(clock)
    if mode is PersistenceMode.INMEMORY:
        return _MemoryStorage(clock, keys, peppers)
    if engine is None:
        raise ValueError("persistence mode 'db' needs a database")
    return _DatabaseStorage(
        engine, clock, keys, peppers, require_schema, Cache() if cache is None else cache
    )


_IN_MEMORY = {type_.name: type_.in_memory for type_ in ENTITY_TYPES.values()}
_IN_DATABASE = {type_.name: type_.in_database for type_ in ENTITY_TYPES.values()}
_OWNED_IN_MEMORY = {
    name: tuple(it.in_memory for it in types) for name, types in OWNED_TYPES.items()
}
_OWNED_IN_DATABASE = {
    name: tuple(it.in_database for it in types) for name, types in OWNED_TYPES.items()
}
_HIDDEN = {WebhookEndpoint.__name__: HiddenWebhookRepository}
"""Webhooks are set up for all clients, so a caller who is bound to some sees none."""

_READS_IN_MEMORY = {
    **_IN_MEMORY,
    Event.__name__: MemoryEventReads,
    WebhookEndpoint.__name__: MemoryWebhookRepository,
    TrustedDocument.__name__: MemoryDocumentRepository,
    AccessToken.__name__: MemoryAccessRepository,
    Queue.TRANSFERS: MemoryTransferJobs,
    Queue.RUNS: MemoryRunJobs,
    ModelExchange.__name__: MemoryExchangeRepository,
}
_OF_THE_BOUND_IN_MEMORY = {**_READS_IN_MEMORY, **_HIDDEN}
_READS_IN_DATABASE = {
    **_IN_DATABASE,
    Event.__name__: DatabaseEventReads,
    WebhookEndpoint.__name__: DatabaseWebhookRepository,
    TrustedDocument.__name__: DatabaseDocumentRepository,
    AccessToken.__name__: DatabaseAccessRepository,
    Queue.TRANSFERS: DatabaseTransferJobs,
    Queue.RUNS: DatabaseRunJobs,
    ModelExchange.__name__: DatabaseExchangeRepository,
}
_OF_THE_BOUND_IN_DATABASE = {**_READS_IN_DATABASE, **_HIDDEN}
_MAPPINGS = {name: repository.mapping for name, repository in _IN_DATABASE.items()}
_FUNCTIONS = (
    *(
        f"{name}_{mapping.table.name}"
        for mapping in _MAPPINGS.values()
        for name in ("save", "save_many")
    ),
    *(
        f"{name}_of_{_MAPPINGS[owner].table.name}"
        for owner in OWNED_TYPES
        for name in ("client", "clients")
    ),
    *(
        f"pass_client_to_{_MAPPINGS[type_.name].table.name}"
        for types in OWNED_TYPES.values()
        for type_ in types
    ),
    "record_event",
    "record_events",
    "last_revision",
    "last_revisions",
    "sequence_events",
)
_TABLES = tuple(table.name for table in metadata.sorted_tables)
_READS_OF_TABLES = tuple(
    POSTGRESQL.compile(select(table).where(false())).sql for table in metadata.sorted_tables
)


_SAME_REVISION = SQLITE.compile(text("UPDATE alembic_version SET version_num = version_num"))
"""Changes nothing, but is committed like a save."""

_RETENTION = system("retention", "retention")
"""The caller of what removes old events; it looks at no entity."""

_PERIODS = system("periods", "periods")
"""The caller of what notes the periods of the log; it looks at no entity."""

_HEALTH = system("health", "health")
"""The caller of the health check, which reads no entity."""


class _MemoryStorage:
    """Writers queue on one lock from begin to commit; a commit swaps the root."""

    def __init__(self, clock: Clock, new_key: NewKey, peppers: Sequence[Pepper]) -> None:
        self.clock = clock
        self.new_key = new_key
        self.peppers = peppers
        self.token_changes = 0
        self.root: Root = {}
        self.feed = EventFeed(self.as_)
        self.committed = asyncio.Event()
        self.writing = asyncio.Lock()

    def as_(self, caller: Caller) -> Repositories:
        return _MemoryRepositories(self, caller)

    async def sequence_events(self, apart: float = 0.0) -> int | None:
        """Events have their positions at once."""
        return 0

    async def prune_events(self, keep: timedelta, limit: int = EVENTS_AT_ONCE) -> int:
        async with self.writing:
            session = MemorySession(_RETENTION, self.root)
            before = session.log
            session.log = before.pruned(self.clock() - keep, limit)
            count = session.log.pruned_position - before.pruned_position
            self.root = session.outcome()
        return count

    async def note_periods(self, limit: int = PERIODS_AT_ONCE) -> int:
        """Memory looks at all of its events, which are few."""
        return 0

    async def require_health(self) -> None:
        """Memory is always there."""

    async def close(self) -> None:
        await self.feed.close()


class _MemoryRepositories:
    """One caller's units of work in memory."""

    def __init__(self, storage: _MemoryStorage, caller: Caller) -> None:
        self._storage = storage
        self._caller = caller

    def read(
        self, *, selected: AttributeMask | None = None, single_statement: bool = False
    ) -> SnapshotHandle:
        session = MemorySession(self._caller, self._storage.root, _IN_MEMORY)
        return _SnapshotHandle(session, Snapshot(_in_memory(self._caller), session))

    async def write(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        single_statement: bool = False,
        rolls_back: bool = False,
    ) -> T:
        guard = NestingGuard()
        try:
            async with self._storage.writing:
                return await _with_retries(partial(self._attempt, work, rolls_back))
        finally:
            guard.end()

    async def _attempt(self, work: Callable[[UnitOfWork], Awaitable[T]], rolls_back: bool) -> T:
        storage = self._storage
        now = storage.clock()
        recorder = MemoryEventRecorder(self._caller, now, storage.new_key)
        guard, new_key = _guarded(self._caller, storage.new_key)
        session = MemorySession(
            self._caller, storage.root, _IN_MEMORY, recorder, owned=_OWNED_IN_MEMORY, guard=guard
        )
        pepper = next(iter(storage.peppers), None)
        unit = UnitOfWork(_in_memory(self._caller), session, now, new_key, pepper)
        try:
            result = await work(unit)
            if rolls_back:
                session.require_committable()
                return result
            storage.root = session.outcome()
            storage.token_changes += session.changes_tokens
            storage.committed.set()
            storage.feed.notify()
            return result
        finally:
            await session.close()


class _DatabaseStorage:
    """A database, and the statements that were made for it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        new_key: NewKey,
        peppers: Sequence[Pepper],
        require_schema: RequireSchema | None,
        cache: Cache,
    ) -> None:
        self.database = database
        self.clock = clock
        self.new_key = new_key
        self.peppers = peppers
        self.token_changes = 0
        self.statements = StatementCache(cache)
        self.json = json_statements_of(_MAPPINGS, dialect_of(is_sqlite=database.is_sqlite))
        self.feed = EventFeed(
            self.as_,
            notifications=database.notifications,
            poll_seconds=_POOLED_POLL_SECONDS if database.has_pooler else POLL_SECONDS,
        )
        self.committed = asyncio.Event()
        self._require_schema = require_schema

    def as_(self, caller: Caller) -> Repositories:
        return _DatabaseRepositories(self, caller)

    async def sequence_events(self, apart: float = 0.0) -> int | None:
        if self.database.sequencer is None:
            return 0
        count = await sequence_events(self.database.sequencer, apart)
        if count:
            self.feed.notify()
        return count

    async def prune_events(self, keep: timedelta, limit: int = EVENTS_AT_ONCE) -> int:
        async def prune(unit: UnitOfWork) -> int:
            session = cast(DatabaseSession, unit.session)
            return await DatabaseEventPruner(session).prune(unit.now - keep, limit)

        return await self.as_(_RETENTION).write(prune)

    async def note_periods(self, limit: int = PERIODS_AT_ONCE) -> int:
        repositories = self.as_(_PERIODS)
        async with repositories.read() as snapshot:
            over = await DatabasePeriods(cast(DatabaseSession, snapshot.session)).over(limit)
        if over:
            await repositories.write(
                lambda unit: DatabasePeriods(cast(DatabaseSession, unit.session)).note(over)
            )
        return len(over)

    async def require_health(self) -> None:
        try:
            if self.database.probe is None:
                set_deadline(HEALTH_SECONDS)
                await self._require_file()
            else:
                await self.database.probe.require_writable(_FUNCTIONS, _TABLES, _READS_OF_TABLES)
        except SchemaChanged:
            if self._require_schema is not None:
                await self._require_schema()
            raise

    async def close(self) -> None:
        await self.feed.close()
        await self.database.close()

    async def _require_file(self) -> None:
        """Read from all tables of SQLite, and write to the disk, which may be full."""
        session = DatabaseSession(
            _HEALTH,
            self.database.transaction(),
            json=self.json,
            statements=self.statements,
        )
        try:
            for table in metadata.sorted_tables:
                await session.rows(SQLITE.compile(select(table).where(false())))
            await session.rows(_SAME_REVISION)
            await session.commit()
        finally:
            await session.close()


class _DatabaseRepositories:
    """One caller's units of work: each is a transaction on its own connection."""

    def __init__(self, storage: _DatabaseStorage, caller: Caller) -> None:
        self._storage = storage
        self._caller = caller

    def read(
        self, *, selected: AttributeMask | None = None, single_statement: bool = False
    ) -> SnapshotHandle:
        storage = self._storage
        session = DatabaseSession(
            self._caller,
            storage.database.snapshot(single_statement),
            json=storage.json,
            statements=storage.statements,
            selected=selected,
        )
        return _SnapshotHandle(session, Snapshot(_in_database(self._caller), session))

    async def write(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        single_statement: bool = False,
        rolls_back: bool = False,
    ) -> T:
        guard = NestingGuard()
        # A single statement would commit itself.
        single_statement = single_statement and not rolls_back
        try:
            return await _with_retries(partial(self._attempt, work, single_statement, rolls_back))
        finally:
            guard.end()

    async def _attempt(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        single_statement: bool,
        rolls_back: bool,
    ) -> T:
        storage = self._storage
        now = storage.clock()
        guard, new_key = _guarded(self._caller, storage.new_key)
        session = DatabaseSession(
            self._caller,
            # A guard looks at what was saved before it's committed.
            storage.database.transaction(single_statement and guard is None),
            json=storage.json,
            statements=storage.statements,
            keys=storage.database.keys,
            recorder=EventRecorder(self._caller, now, storage.new_key),
            owned=_OWNED_IN_DATABASE,
            guard=guard,
        )
        pepper = next(iter(storage.peppers), None)
        unit = UnitOfWork(_in_database(self._caller), session, now, new_key, pepper)
        try:
            result = await work(unit)
            if rolls_back:
                session.require_committable()
                return result
            await session.commit()
            storage.token_changes += session.changes_tokens
            storage.committed.set()
            if storage.database.sequencer is None:
                storage.feed.notify()
            return result
        finally:
            await session.close()


class _SnapshotHandle:
    """A snapshot, read by a session."""

    def __init__(self, session: MemorySession | DatabaseSession, snapshot: Snapshot) -> None:
        self._session = session
        self._snapshot = snapshot
        self._guard: NestingGuard | None = None

    def begin(self) -> Snapshot:
        self._guard = NestingGuard()
        return self._snapshot

    async def end(self) -> None:
        if self._guard is not None:
            self._guard.end()
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


def _in_memory(caller: Caller) -> RepositoryClasses:
    return _READS_IN_MEMORY if caller.clients is None else _OF_THE_BOUND_IN_MEMORY


def _in_database(caller: Caller) -> RepositoryClasses:
    return _READS_IN_DATABASE if caller.clients is None else _OF_THE_BOUND_IN_DATABASE


def _guarded(caller: Caller, new_key: NewKey) -> tuple[ClientGuard | None, NewKey]:
    """The guard of a caller who is bound to clients, and what makes keys for the caller."""
    if caller.clients is None:
        return None, new_key
    guard = ClientGuard(caller.clients, new_key)
    return guard, guard.new_key


async def _with_retries(attempt: Callable[[], Awaitable[T]]) -> T:
    """The one place where a unit of work is repeated."""
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            return await attempt()
        except WriteConflict:
            if number == MAX_ATTEMPTS:
                raise
            # Writers that met once should not meet again at the same moment.
            await asyncio.sleep(random.uniform(0, 0.002 * 2**number))  # noqa: S311
    raise AssertionError("unreachable")
