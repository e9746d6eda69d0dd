"""Semaphores and locks that serve their waiters first come, first served."""

import asyncio
from collections import deque
from collections.abc import Hashable
from types import TracebackType

from domain.errors import Unavailable


class FairSemaphore:
    """A semaphore whose waiters give up, by one timer each and no task.

    `release` hands the turn to the first waiter, so that no later caller can take it.
    """

    def __init__(self, number: int) -> None:
        self._number = self._left = number
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Take a turn if one is left. Returns whether the caller has it now."""
        if not self._left:
            return False
        self._left -= 1
        return True

    async def acquire(self, acquire_timeout: float | None = None) -> None:
        """Take a turn, after earlier callers. Raises Unavailable when none is free in so many
        seconds; None: it waits without a limit.
        """
        if not self.try_acquire():
            await self._wait(acquire_timeout)

    def release(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._left += 1

    async def __aenter__(self) -> None:
        if not self.try_acquire():
            await self._wait(None)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def is_free(self) -> bool:
        """Whether no turn is taken."""
        return self._left == self._number

    async def _wait(self, acquire_timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        timer = (
            None if acquire_timeout is None else loop.call_later(acquire_timeout, _give_up, waiter)
        )
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                # It came together with the turn.
                self.release()
            raise
        finally:
            if timer is not None:
                timer.cancel()


class KeyedLocks:
    """One turn for each key. A key that nobody holds takes no memory."""

    def __init__(self) -> None:
        self._turns: dict[Hashable, FairSemaphore | None] = {}
        """The turns of keys that are held; None where nobody has waited."""

    async def acquire(self, key: Hashable) -> None:
        """Take the key's turn; waits without a limit while another caller holds it."""
        if key not in self._turns:
            self._turns[key] = None
            return
        turns = self._turns[key]
        if turns is None:
            turns = self._turns[key] = FairSemaphore(1)
            turns.try_acquire()  # by who holds it
        try:
            await turns.acquire()
        except BaseException:
            self._forget(key, turns)
            raise

    def release(self, key: Hashable) -> None:
        turns = self._turns[key]
        if turns is None:
            del self._turns[key]
        else:
            turns.release()
            self._forget(key, turns)

    def _forget(self, key: Hashable, turns: FairSemaphore) -> None:
        if turns.is_free and self._turns.get(key) is turns:
            del self._turns[key]


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(Unavailable("All database connections are in use."))
