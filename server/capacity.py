"""What all clients together may take up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from domain.errors import Unavailable
from server.requests import RequestRefused

_TAKEN_UP = "Other requests take up all the memory for requests and answers"


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

    def share(self) -> "Share":
        """A part of it that grows; a context manager that gives it back whole."""
        return Share(self)


class Share:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._amount = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.in_use -= self._amount

    def handed_over(self) -> "Share":
        """Another one that holds what this one held."""
        other = Share(self._budget)
        other._amount, self._amount = self._amount, 0
        return other

    @property
    def amount(self) -> int:
        return self._amount

    def shrink_to(self, amount: int) -> None:
        """Give back what it holds beyond that."""
        self._budget.in_use -= max(self._amount - amount, 0)
        self._amount = min(self._amount, amount)

    def grow(self, amount: int) -> None:
        """Raises RequestRefused when so much isn't left."""
        budget = self._budget
        if budget.in_use + amount > budget.limit:
            raise _at_capacity(_TAKEN_UP)
        budget.in_use += amount
        self._amount += amount

    def hold(self, amount: int) -> None:
        """As `grow`, for who only knows the domain's errors: raises Unavailable."""
        budget = self._budget
        if budget.in_use + amount > budget.limit:
            raise Unavailable(f"{_TAKEN_UP}; try again later.")
        budget.in_use += amount
        self._amount += amount


def _at_capacity(why: str) -> RequestRefused:
    return RequestRefused(
        503, f"{why}; try again later.", code="LIMIT_EXCEEDED", headers={"Retry-After": "5"}
    )
