"""Taking turns: so many at once, the others in the order in which they came."""

import asyncio
from collections import deque

from domain.errors import Unavailable


class Turns:
    """A semaphore whose waiters give up, by one timer each and no task.

    Whoever leaves hands the turn to who waits first, so that nobody can come between.
    """

    def __init__(self, number: int) -> None:
        self._left = number
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, patience: float | None = None) -> None:
        """At once, if there is one left. Raises Unavailable when there is none in so many seconds;
        None: however long it takes.
        """
        if self._left:
            self._left -= 1
        else:
            await self._wait(patience)

    def leave(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._left += 1

    async def _wait(self, patience: float | None) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        timer = None if patience is None else loop.call_later(patience, _give_up, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                # It came together with the turn.
                self.leave()
            raise
        finally:
            if timer is not None:
                timer.cancel()


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(Unavailable("All database connections are in use."))
