"""How much text one operation may still read for its answer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from sys import getsizeof
from typing import Final

from domain.errors import AnswerTooLarge

AT_ONCE: Final = 256 * 1024
"""Bytes that one statement may read before there is room in memory for a large answer."""


def _held_by_nobody(_: int) -> None: ...


def _is_there() -> None: ...


class AnswerSize:
    """Counts the texts that are read for one answer, in characters or bytes; `left` are allowed.

    `hold` is told how much memory each amount takes before it counts, and may raise Unavailable.
    A statement reads `at_once` at most, until `make_room` was called and didn't raise. None makes
    no room: the operation has to be run again where there is some.
    """

    def __init__(
        self,
        allowed: int,
        hold: Callable[[int], None] = _held_by_nobody,
        *,
        at_once: int | None = None,
        make_room: Callable[[], None] | None = _is_there,
    ) -> None:
        self.left = self._allowed = allowed
        self.readable = allowed if at_once is None else min(allowed, at_once)
        """How much the next statement may read."""
        self.lacks_room = False
        """Whether the answer could have been read, had there been room for it."""
        self._hold = hold
        self._make_room = make_room

    @property
    def may_be_larger(self) -> bool:
        """Whether a statement may read more as soon as there is room for it."""
        return self.readable < self.left

    def make_room(self) -> None:
        """Let statements read all that is left. Raises Unavailable, or AnswerTooLarge where the
        operation has to be run again."""
        if self._make_room is None:
            self.lacks_room = True
            raise self._too_large()
        self._make_room()
        self.readable = self.left

    def add(self, amount: int, memory: int | None = None) -> None:
        """Counts the amount. Raises AnswerTooLarge when the answer can't have so much more.

        `memory` is what it takes in bytes, where this is more than the amount.
        """
        if amount > self.left:
            raise self._too_large()
        self._hold(amount if memory is None else memory)
        self.left -= amount
        if self.left < self.readable:
            self.readable = self.left

    def add_texts(self, texts: Sequence[str | None]) -> None:
        """Count texts that were read. Raises AnswerTooLarge."""
        amount = sum(map(len, filter(None, texts)))
        # One character that isn't Latin makes all others of its text take more, too.
        self.add(amount, sum(map(getsizeof, texts)) if amount > AT_ONCE else None)

    def exceeded(self) -> AnswerTooLarge:
        """The error to raise; nothing more is read for the answer, unless there may be room."""
        return AnswerTooLarge(self._allowed) if self.may_be_larger else self._too_large()

    def _too_large(self) -> AnswerTooLarge:
        self.left = self.readable = 0
        return AnswerTooLarge(self._allowed)


UNLIMITED = 2**53

ANSWER_BYTES = "answer_bytes"
"""The parameter by which a statement is told how much a limited answer may still have."""

FITS: Final = "fits_answer"
"""The function by which SQLite asks whether the answer may have so much more."""

ANSWER: ContextVar[AnswerSize | None] = ContextVar("answer", default=None)
"""The counter of the present task; None: its answer has no limit."""


def limit_answer(
    allowed: int,
    hold: Callable[[int], None] = _held_by_nobody,
    *,
    at_once: int | None = None,
    make_room: Callable[[], None] | None = _is_there,
) -> AnswerSize:
    """Count what the present task reads, and the tasks that it starts, as one answer."""
    answer = AnswerSize(allowed, hold, at_once=at_once, make_room=make_room)
    ANSWER.set(answer)
    return answer


@contextmanager
def answer_limited(allowed: int) -> Iterator[None]:
    """Within it, what the present task reads counts as one answer."""
    before = ANSWER.set(AnswerSize(allowed))
    try:
        yield
    finally:
        ANSWER.reset(before)


def readable() -> int:
    """How much the next statement may read for the answer."""
    answer = ANSWER.get()
    return UNLIMITED if answer is None else answer.readable
