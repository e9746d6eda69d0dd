"""How much text one operation may still read for its answer."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar

from domain.errors import AnswerTooLarge


def _held_by_nobody(_: int) -> None: ...


class AnswerSize:
    """Counts the texts that are read for one answer, in characters or bytes; `left` are some.

    `hold` is told about each amount before it counts, and may raise Unavailable.
    """

    def __init__(self, allowed: int, hold: Callable[[int], None] = _held_by_nobody) -> None:
        self.left = self._allowed = allowed
        self._hold = hold

    def add(self, amount: int) -> None:
        """Raises AnswerTooLarge when the answer can't have so much more."""
        if amount > self.left:
            raise self.exceeded()
        self._hold(amount)
        self.left -= amount

    def add_texts(self, texts: Iterable[str | None]) -> None:
        """Count texts that were read. Raises AnswerTooLarge."""
        self.add(sum(map(len, filter(None, texts))))

    def exceeded(self) -> AnswerTooLarge:
        """What to raise; nothing more is read for the answer then."""
        self.left = 0
        return AnswerTooLarge(self._allowed)


UNLIMITED = 2**53

ANSWER_BYTES = "answer_bytes"
"""The parameter by which a statement is told how much a limited answer may still have."""

ANSWER: ContextVar[AnswerSize | None] = ContextVar("answer", default=None)
"""What counts for the present task; None: its answer has no limit."""


def limit_answer(allowed: int, hold: Callable[[int], None] = _held_by_nobody) -> None:
    """Count what the present task reads, and the tasks that it starts, as one answer."""
    ANSWER.set(AnswerSize(allowed, hold))


def answer_left() -> int:
    """How much the answer may still have."""
    answer = ANSWER.get()
    return UNLIMITED if answer is None else answer.left
