"""The memory that requests and responses of all clients together may take."""

import asyncio
from collections import deque
from typing import Self

from domain.errors import Unavailable
from server.requests import RequestRefused, at_capacity


class MemoryBudget:
    """Counts the bytes of requests and of their unsent responses, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        self.waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def fits(self, amount: int) -> bool:
        return self.in_use + amount <= self.limit

    async def acquire(self, amount: int, seconds: float) -> None:
        """Acquire so many bytes, in the order of the calls.

        Raises RequestRefused when they aren't released in time.
        """
        if self.waiting or not self.fits(amount):
            granted = asyncio.get_running_loop().create_future()
            self.waiting.append((amount, granted))
            try:
                async with asyncio.timeout(seconds):
                    await granted
            except BaseException as error:
                # The memory may have been granted together with the error.
                self.release(amount if granted.done() and not granted.cancelled() else 0)
                if isinstance(error, TimeoutError):
                    raise _full() from None
                raise
        else:
            self.in_use += amount

    def release(self, amount: int) -> None:
        self.in_use -= amount
        self.wake_waiters()

    def wake_waiters(self) -> None:
        """Grant waiting requests their memory, as far as it's free."""
        while self.waiting:
            wanted, granted = self.waiting[0]
            if not granted.done():
                if not self.fits(wanted):
                    return
                self.in_use += wanted
                granted.set_result(None)
            self.waiting.popleft()

    def share(self) -> "MemoryShare":
        """A share that can grow; a context manager that releases all of it."""
        return MemoryShare(self)


class MemoryShare:
    """The memory that one request holds of a budget."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._amount = 0
        self._reserved = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Like `release`, without a call for each request.
        budget = self._budget
        budget.in_use -= self._amount + self._reserved
        if budget.waiting:
            budget.wake_waiters()

    def transferred(self) -> "MemoryShare":
        """Another share, which takes over all that this one held."""
        other = MemoryShare(self._budget)
        other._amount, self._amount = self._amount, 0
        other._reserved, self._reserved = self._reserved, 0
        return other

    @property
    def amount(self) -> int:
        """The bytes that it holds, without reserved ones."""
        return self._amount

    def shrink_to(self, amount: int) -> None:
        """Release the bytes beyond `amount`, and reserved ones."""
        beyond = max(self._amount - amount, 0)
        self._amount -= beyond
        beyond += self._reserved
        self._reserved = 0
        if beyond:
            self._budget.release(beyond)

    async def reserve(self, amount: int, seconds: float) -> None:
        """Wait until so many bytes are reserved, or all that the budget has if that is less.

        Raises RequestRefused when they aren't released in time.
        """
        amount = self._largest(amount)
        await self._budget.acquire(amount, seconds)
        self._reserved += amount

    def reserve_nowait(self, amount: int) -> None:
        """Like `reserve`, without waiting. Raises Unavailable, an error of the domain."""
        amount = self._largest(amount)
        if not self._budget.fits(amount):
            raise Unavailable(_full().message)
        self._budget.in_use += amount
        self._reserved += amount

    def _largest(self, amount: int) -> int:
        return min(amount, self._budget.limit - self._amount - self._reserved)

    def grow(self, amount: int) -> None:
        """Hold so many bytes more, reserved ones first. Raises RequestRefused if too few are
        free.
        """
        budget = self._budget
        if amount > self._reserved:
            beyond = amount - self._reserved
            if budget.in_use + beyond > budget.limit:
                raise _full()
            budget.in_use += beyond
            self._reserved = 0
        else:
            self._reserved -= amount
        self._amount += amount

    def hold(self, amount: int) -> None:
        """Like `grow`, but raises Unavailable, an error of the domain."""
        budget = self._budget
        if not self._reserved and budget.in_use + amount <= budget.limit:
            budget.in_use += amount
            self._amount += amount
            return
        try:
            self.grow(amount)
        except RequestRefused as refusal:
            raise Unavailable(refusal.message) from None


def _full() -> RequestRefused:
    return at_capacity("Other requests acquire up all the memory for requests and answers")
