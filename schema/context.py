"""The context that the resolvers of one operation share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import strawberry

from domain.callers import Caller
from domain.errors import Unavailable
from domain.history import Event, EventFilter
from files.service import require
from orchestration.evaluations import Evaluations
from orchestration.formats import TransferFormat
from orchestration.uploads import Uploads
from repositories.criteria import AttributeMask
from repositories.history.feed import EventSubscription
from repositories.lazy import lazy
from repositories.unit_of_work import SnapshotHandle, Storage, UnitOfWork
from resolvers.loaders import Loaders
from schema.addresses import Addresses
from schema.pacing import Pacer

T = TypeVar("T")


class Context:
    """One operation: its caller, and the snapshot and dataloaders that it reads through.

    An async context manager: what was read from is given back at its end. In the context in which
    a subscription begins nothing is read; its `subscription` has to be closed when it ends.

    Until it's entered, it may be told the `selected` attributes of records, and that the operation
    is a `single_statement`, both as `Repositories.read` is told; and how many characters were
    `given` with the request.

    `uploads` are those of the server; None: it keeps no files. `base` tells under which address
    the client reaches it. `evaluations` are those of the server; None: it checks no drafts.
    `transfer_format` is how transfers look to clients; None: it carries none out, since it keeps no
    files.
    """

    def __init__(
        self,
        storage: Storage,
        caller: Caller,
        uploads: Uploads | None = None,
        base: Callable[[], str] = str,
        evaluations: Evaluations | None = None,
        transfer_format: TransferFormat | None = None,
    ) -> None:
        self.caller = caller
        self._base = base
        self._uploads = uploads
        self._evaluations = evaluations
        self._transfer_format = transfer_format
        self.selected: AttributeMask | None = None
        self.single_statement = False
        self.given: int | None = None
        self.subscription: EventSubscription | None = None
        self._storage = storage
        self._is_open = False
        self._reading: SnapshotHandle | None = None
        self._loaders: Loaders | None = None

    @lazy
    def pacer(self) -> Pacer:
        """The pacing that the operation's fields share."""
        return Pacer()

    @lazy
    def base(self) -> str:
        """What addresses of the server begin with, for the client of this operation."""
        return self._base()

    @lazy
    def addresses(self) -> Addresses:
        """The addresses of files that the operation gives out."""
        return Addresses(
            None if self._uploads is None else self._uploads.files, self.base, self.caller
        )

    @property
    def uploads(self) -> Uploads:
        """Raises Unavailable where the server keeps no files."""
        require(None if self._uploads is None else self._uploads.files)
        assert self._uploads is not None
        return self._uploads

    @property
    def evaluations(self) -> Evaluations:
        """Raises Unavailable where drafts aren't checked."""
        if self._evaluations is None:
            raise Unavailable("Drafts aren't checked here.")
        return self._evaluations

    def require_transfers(self) -> TransferFormat:
        """How they look to clients. Raises Unavailable where none are carried out."""
        if self._transfer_format is None:
            raise Unavailable("Nothing is imported or exported here: no files are kept.")
        return self._transfer_format

    @property
    def loaders(self) -> Loaders:
        """The reads of the operation; all see the same snapshot, from the first one on."""
        if self._loaders is None:
            self._loaders = self._begun()
        return self._loaders

    async def subscribe(self, filter: EventFilter, after: int | None) -> AsyncIterator[Event]:
        """The matching events of the log after a position; None: from now on.

        Raises as `EventFeed.subscribe` does.
        """
        self.subscription = await self._storage.feed.subscribe(self.caller, filter, after=after)
        return self.subscription

    async def write(
        self,
        work: Callable[[UnitOfWork], Awaitable[T]],
        *,
        single_statement: bool = False,
        rolls_back: bool = False,
    ) -> T:
        """Run a unit of work as `Repositories.write` does; reads after it see what it stored.

        The snapshot is given back first, so that no operation ever holds two connections.
        """
        if self._reading is not None:
            await self._end_reading()
        repositories = self._storage.as_(self.caller)
        return await repositories.write(
            work, single_statement=single_statement, rolls_back=rolls_back
        )

    async def apart(self, work: Awaitable[T]) -> T:
        """Await what opens units of work of its own. The snapshot is given back first, as it is
        before `write`, and reads after it see what was stored."""
        await self._end_reading()
        return await work

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        await self._end_reading()

    def _begun(self) -> Loaders:
        if not self._is_open:
            raise RuntimeError("this operation has ended")
        repositories = self._storage.as_(self.caller)
        self._reading = repositories.read(
            selected=self.selected, single_statement=self.single_statement
        )
        return Loaders(self._reading.begin(), single_statement=self.single_statement)

    async def _end_reading(self) -> None:
        reading, self._reading, self._loaders = self._reading, None, None
        if reading is not None:
            await reading.end()


Info = strawberry.Info[Context, None]
