"""What all clients together may take up."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from domain.errors import Unavailable
from server.requests import RequestRefused


class Slots:
    """Counts the streams that are open, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.in_use = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Holds a slot. Raises RequestRefused when there is none."""
        if self.in_use >= self._limit:
            raise _at_capacity(f"There are {self._limit:,} open streams already")
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1


class Budget:
    """Counts the bytes of requests and of their answers until these are sent, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0
        self.waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def fits(self, amount: int) -> bool:
        return self.in_use + amount <= self.limit

    async def take(self, amount: int, seconds: float) -> None:
        """Count so much more, when those who came before have theirs.

        Raises RequestRefused when so much isn't given back in time.
        """
        if self.waiting or not self.fits(amount):
            room = asyncio.get_running_loop().create_future()
            self.waiting.append((amount, room))
            try:
                async with asyncio.timeout(seconds):
                    await room
            except BaseException as error:
                # It may have come together with the room.
                self.give_back(amount if room.done() and not room.cancelled() else 0)
                if isinstance(error, TimeoutError):
                    raise _full() from None
                raise
        else:
            self.in_use += amount

    def give_back(self, amount: int) -> None:
        self.in_use -= amount
        self.let_in()

    def let_in(self) -> None:
        """Give those who wait what they wait for, as far as it's there."""
        while self.waiting:
            wanted, room = self.waiting[0]
            if not room.done():
                if not self.fits(wanted):
                    return
                self.in_use += wanted
                room.set_result(None)
            self.waiting.popleft()

    def share(self) -> "Share":
        """A part of it that grows; a context manager that gives it back whole."""
        return Share(self)


class Share:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._amount = 0
        self._reserved = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # As `give_back`, without a call for each request.
        budget = self._budget
        budget.in_use -= self._amount + self._reserved
        if budget.waiting:
            budget.let_in()

    def handed_over(self) -> "Share":
        """Another one that holds what this one held."""
        other = Share(self._budget)
        other._amount, self._amount = self._amount, 0
        other._reserved, self._reserved = self._reserved, 0
        return other

    @property
    def amount(self) -> int:
        """What it holds, but for what is only reserved."""
        return self._amount

    def shrink_to(self, amount: int) -> None:
        """Give back what it holds beyond that, and what is reserved."""
        beyond = max(self._amount - amount, 0)
        self._amount -= beyond
        beyond += self._reserved
        self._reserved = 0
        if beyond:
            self._budget.give_back(beyond)

    async def reserve(self, amount: int, seconds: float) -> None:
        """Wait for room to grow by so much, or by all that the budget has.

        Raises RequestRefused when there is none in time.
        """
        amount = self._largest(amount)
        await self._budget.take(amount, seconds)
        self._reserved += amount

    def reserve_now(self, amount: int) -> None:
        """As `reserve`, for who can't wait, and only knows the domain's errors: raises
        Unavailable."""
        amount = self._largest(amount)
        if not self._budget.fits(amount):
            raise Unavailable(_full().message)
        self._budget.in_use += amount
        self._reserved += amount

    def _largest(self, amount: int) -> int:
        return min(amount, self._budget.limit - self._amount - self._reserved)

    def grow(self, amount: int) -> None:
        """Raises RequestRefused when so much isn't left."""
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
        """As `grow`, for who only knows the domain's errors: raises Unavailable."""
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
    return _at_capacity("Other requests take up all the memory for requests and answers")


def _at_capacity(why: str) -> RequestRefused:
    return RequestRefused(
        503, f"{why}; try again later.", code="LIMIT_EXCEEDED", headers={"Retry-After": "5"}
    )
