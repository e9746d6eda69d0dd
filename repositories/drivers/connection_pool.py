"""The connections that units of work take and give back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from repositories.semaphores import FairSemaphore


class Connection(Protocol):
    """A connection of a driver."""

    def is_closed(self) -> bool: ...

    def terminate(self) -> None:
        """Close it at once, whatever state it is in."""
        ...

    async def close(self) -> None: ...


C = TypeVar("C", bound=Connection)

_CLOSING_SECONDS = 2.0
"""How long a connection may take to close properly before it's terminated."""


class ConnectionPool(Generic[C]):
    """At most `size` connections; callers get them first come, first served.

    `open_connection` opens one, or leaves none behind. SQLAlchemy's own pool costs more than a
    statement does: here callers don't wait while a connection is free, not even for a turn of the
    event loop.
    """

    def __init__(
        self, open_connection: Callable[[], Awaitable[C]], size: int, acquire_timeout: float
    ) -> None:
        self._open_connection = open_connection
        self._acquire_timeout = acquire_timeout
        self._turns = FairSemaphore(size)
        self._idle: list[C] = []
        self._used: set[C] = set()
        self._suspected: set[C] = set()
        self._is_closed = False
        self.in_use = 0

    async def acquire(self) -> C:
        """Take an open connection. Raises Unavailable when none is free in time."""
        if not self._turns.try_acquire():
            await self._turns.acquire(self._acquire_timeout)
        self.in_use += 1
        try:
            while self._idle:
                # The server may have ended it meanwhile.
                if not (connection := self._idle.pop()).is_closed():
                    break
            else:
                connection = await self._open_connection()
        except BaseException:
            self._leave()
            raise
        self._used.add(connection)
        return connection

    def give_back(self, connection: C, *, is_sound: bool = True) -> None:
        """Give the connection back; a connection that isn't sound is closed."""
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
        """How many open connections are free."""
        return len(self._idle)

    def close_idle(self) -> None:
        """Close the free connections; later callers get new ones."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    def suspect_all(self) -> None:
        """Retire all open connections: one of them leads nowhere, or to a wrong server.

        Connections in use go on, and are closed when they are released.
        """
        self.close_idle()
        self._suspected = set(self._used)

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are released."""
        self._is_closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_closed(each) for each in idle))

    def _leave(self) -> None:
        self.in_use -= 1
        self._turns.release()


async def _closed(connection: Connection) -> None:
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await connection.close()
    except Exception:  # noqa: BLE001 - there is nothing to save
        connection.terminate()
