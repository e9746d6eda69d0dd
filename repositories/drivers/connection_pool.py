"""The connections that units of work take and give back."""

import asyncio
from typing import Generic, Protocol, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from repositories.semaphores import FairSemaphore


class Connection(Protocol):
    """A driver's own."""

    def is_closed(self) -> bool: ...

    def terminate(self) -> None:
        """Close it at once, whatever state it is in."""
        ...

    async def close(self) -> None: ...


C = TypeVar("C", bound=Connection)

_CLOSING_SECONDS = 2.0
"""How long a connection may take to say goodbye before it's closed without."""


class ConnectionPool(Generic[C]):
    """At most `size` connections, for callers in the order in which they came.

    SQLAlchemy opens them, as its engine says. Its own pool costs more than a statement does: while
    one is free, here nobody waits, not for a turn of the event loop either.
    """

    def __init__(self, engine: AsyncEngine, size: int, acquire_timeout: float) -> None:
        self._engine = engine
        self._acquire_timeout = acquire_timeout
        self._turns = FairSemaphore(size)
        self._idle: list[C] = []
        self._used: set[C] = set()
        self._suspected: set[C] = set()
        self._is_closed = False
        self.in_use = 0

    async def acquire(self) -> C:
        """One that nobody has closed. Raises Unavailable when none is free in time."""
        if not self._turns.try_acquire():
            await self._turns.acquire(self._acquire_timeout)
        self.in_use += 1
        try:
            while self._idle:
                # The server may have ended it meanwhile.
                if not (connection := self._idle.pop()).is_closed():
                    break
            else:
                connection = await self._opened()
        except BaseException:
            self._leave()
            raise
        self._used.add(connection)
        return connection

    def give_back(self, connection: C, *, is_sound: bool = True) -> None:
        """Unless it's sound, nobody else gets it: whatever state it's in."""
        self._used.discard(connection)
        if self._suspected and connection in self._suspected:
            self._suspected.discard(connection)
            is_sound = False
        if is_sound and not self._is_closed:
            self._idle.append(connection)
        else:
            connection.terminate()
        self._leave()

    @property
    def idle(self) -> int:
        """How many are open, and nobody's."""
        return len(self._idle)

    def close_idle(self) -> None:
        """Close those that nobody uses; the next ones are opened anew."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    def suspect_all(self) -> None:
        """Let nobody else get any that is open now: one of them leads nowhere, or to a wrong place.

        Those that are in use go on, and are closed when they are given back.
        """
        self.close_idle()
        self._suspected = set(self._used)

    async def close(self) -> None:
        """Close them all: those that are in use when they are given back."""
        self._is_closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_closed(each) for each in idle))

    async def _opened(self) -> C:
        pooled = await self._engine.raw_connection()
        connection = cast(C, pooled.driver_connection)
        pooled.detach()
        return connection

    def _leave(self) -> None:
        self.in_use -= 1
        self._turns.release()


async def _closed(connection: Connection) -> None:
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await connection.close()
    except Exception:  # noqa: BLE001 - there is nothing to save
        connection.terminate()
