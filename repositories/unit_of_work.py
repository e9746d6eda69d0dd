"""Units of work: a caller reads one snapshot in each, or writes one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, TypeVar

from domain.access import AccessToken, Pepper
from domain.callers import Caller
from domain.documents import TrustedDocument
from domain.entity import Entity
from domain.history import Event
from domain.sources import NewKey
from domain.webhooks import WebhookEndpoint
from domain.workflow import ModelExchange
from repositories.access.contract import AccessReads, AccessRepository
from repositories.contract import EntityRepository
from repositories.criteria import AttributeMask
from repositories.documents.contract import DocumentReads, DocumentRepository
from repositories.history.contract import EventReads
from repositories.history.feed import EventFeed
from repositories.jobs import JobQueue, JobReads, Queue
from repositories.lazy import lazy
from repositories.registry import ENTITY_TYPES, Entities
from repositories.transfers.contract import TransferJobQueue, TransferJobReads
from repositories.webhooks.contract import WebhookReads, WebhookRepository
from repositories.workflow.contract import ExchangeReads, ExchangeRepository

R = TypeVar("R", bound=Entity)
T = TypeVar("T")
RepositoryClasses = Mapping[str, Callable[[Any], Any]]


class Session(Protocol):
    """What all repositories of a unit of work read and write through."""

    caller: Caller


class Snapshot(Entities):
    """Reads that all see one and the same state of everything stored.

    It has the reads of each type of entity, under the type's name.
    """

    session: Session

    def __init__(self, repositories: RepositoryClasses, session: Session) -> None:
        """`repositories` has those of the session's persistence mode, by the records' names."""
        self.repositories = repositories
        self.session = session

    @lazy
    def events(self) -> EventReads:
        """The log of all changes."""
        reads: EventReads = self.repositories[Event.__name__](self.session)
        return reads

    @lazy
    def webhooks(self) -> WebhookReads:
        """Endpoints of webhooks, and their deliveries."""
        return self._webhooks

    @lazy
    def documents(self) -> DocumentReads:
        """Trusted documents."""
        return self._documents

    @lazy
    def access(self) -> AccessReads:
        """Access tokens."""
        return self._access

    @lazy
    def jobs(self) -> TransferJobReads:
        """The work on transfers."""
        return self._jobs

    @lazy
    def exchanges(self) -> ExchangeReads:
        """What runs have said to language models."""
        return self._exchanges

    def queue(self, queue: Queue) -> JobReads:
        """The work of a queue."""
        return self._queue(queue)

    @property
    def _webhooks(self) -> WebhookRepository:
        repository: WebhookRepository = self.repositories[WebhookEndpoint.__name__](self.session)
        return repository

    @property
    def _documents(self) -> DocumentRepository:
        repository: DocumentRepository = self.repositories[TrustedDocument.__name__](self.session)
        return repository

    @property
    def _access(self) -> AccessRepository:
        repository: AccessRepository = self.repositories[AccessToken.__name__](self.session)
        return repository

    @property
    def _jobs(self) -> TransferJobQueue:
        jobs: TransferJobQueue = self.repositories[Queue.TRANSFERS](self.session)
        return jobs

    @property
    def _exchanges(self) -> ExchangeRepository:
        repository: ExchangeRepository = self.repositories[ModelExchange.__name__](self.session)
        return repository

    def _queue(self, queue: Queue) -> JobQueue:
        jobs: JobQueue = self.repositories[queue](self.session)
        return jobs


class UnitOfWork(Snapshot):
    """Reads and writes that are stored together or not at all.

    It has a repository for each type of entity, under the type's name.

    `now` is the unit's time, the same for all it writes; `new_key` makes business keys. Secrets of
    access tokens are hashed by `pepper`; None: no token can be issued.
    """

    def __init__(
        self,
        repositories: RepositoryClasses,
        session: "Session",
        now: datetime,
        new_key: NewKey,
        pepper: Pepper | None = None,
    ) -> None:
        self.repositories = repositories
        self.session = session
        self.now = now
        self.new_key = new_key
        self.pepper = pepper

    @property
    def caller(self) -> Caller:
        """In whose name it is written."""
        return self.session.caller

    @lazy
    def webhooks(self) -> WebhookRepository:
        """Endpoints of webhooks, and their deliveries, to be changed."""
        return self._webhooks

    @lazy
    def documents(self) -> DocumentRepository:
        """Trusted documents, to be changed."""
        return self._documents

    @lazy
    def access(self) -> AccessRepository:
        """Access tokens, to be changed."""
        return self._access

    @lazy
    def jobs(self) -> TransferJobQueue:
        """The work on transfers, to be changed."""
        return self._jobs

    @lazy
    def exchanges(self) -> ExchangeRepository:
        """What runs have said to language models, to be added to."""
        return self._exchanges

    def queue(self, queue: Queue) -> JobQueue:
        """The work of a queue, to be changed."""
        return self._queue(queue)

    def of(self, record: R) -> EntityRepository[R]:
        """The repository of the record's type of entity."""
        type_ = ENTITY_TYPES[type(record).__name__]
        repository: EntityRepository[R] = getattr(self, type_.attribute)
        return repository


class SnapshotHandle(Protocol):
    """A snapshot between its beginning and its end, also as an async context manager."""

    def begin(self) -> Snapshot:
        """Begin. Raises RuntimeError inside another unit of work of the same task."""
        ...

    async def end(self) -> None:
        """Release the connection; later reads fail."""
        ...

    async def __aenter__(self) -> Snapshot: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Repositories(Protocol):
    """Everything that is stored, for one caller, reached through units of work only.

    A unit of work can't be opened inside another of the same task: RuntimeError, at once.
    """

    def read(
        self, *, selected: AttributeMask | None = None, single_statement: bool = False
    ) -> SnapshotHandle:
        """A snapshot, which is taken at its first statement and released at the end.

        Statements of several tasks queue. Raises Unavailable when storage can't be reached.

        `selected` names the attributes of records that will be looked at, None: all of them. Others
        may be None, but for keys and what a page is ordered by. `single_statement` promises that a
        repository is called once: it needs no transaction then. A second call is a RuntimeError.
        """
        ...

    async def write(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        single_statement: bool = False,
        rolls_back: bool = False,
    ) -> T:
        """Run `work` and commit what it wrote; any exception stores nothing.

        `single_statement` promises that `work` calls a repository once, and nothing that may fail
        comes after: a database may then commit with the call. A second call is a RuntimeError.
        `work` is repeated whole, a bounded number of times, when another writer came between;
        after that, and when storage can't be reached, Unavailable is raised. Once the commit has
        begun it is carried through, and its outcome returned, whoever cancels the caller.
        `rolls_back` undoes what `work` wrote where it would be committed: nothing is stored, and
        the same is returned and raised.
        """
        ...


class Storage(Protocol):
    """Everything that is stored. It is opened once; each caller has repositories of its own."""

    def as_(self, caller: Caller) -> Repositories:
        """The repositories with which this caller reads and writes."""
        ...

    @property
    def feed(self) -> EventFeed:
        """The events of the log, for those who subscribe to them in this process."""
        ...

    @property
    def peppers(self) -> Sequence[Pepper]:
        """By which secrets of access tokens may be hashed; new ones are by the first."""
        ...

    @property
    def token_changes(self) -> int:
        """How often this process has changed access tokens."""
        ...

    @property
    def committed(self) -> asyncio.Event:
        """Each commit of this process sets it; the waiter clears it."""
        ...

    async def sequence_events(self, apart: float = 0.0) -> int | None:
        """Give committed events that have none yet their positions in the log; how many it were.

        None: somebody else does it at this time, or did so less than `apart` seconds ago. On SQLite
        and in memory events have their positions at once.
        """
        ...

    async def prune_events(self, keep: timedelta, limit: int = 500) -> int:
        """Look at the next events older than `keep`, `limit` of them, and remove those before them
        of the same keys; how many it looked at, 0: none is so old.

        It's one short transaction.
        """
        ...

    async def note_periods(self, limit: int = 10) -> int:
        """Note from when to when the events of the next thousands of positions occurred, `limit` of
        them; how many it were. Filters by time find their positions by that. In memory: 0.
        """
        ...

    async def require_health(self) -> None:
        """Raises Unavailable or TimedOut, within seconds, unless reads and saves can succeed."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
