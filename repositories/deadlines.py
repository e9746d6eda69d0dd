"""The time until which statements may run."""

import asyncio
from contextvars import ContextVar

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When, by the event loop's clock, statements of the present task raise TimedOut; None: never."""


def set_deadline(seconds: float) -> None:
    """Let statements of the present task, and of those that it starts, raise TimedOut from then."""
    DEADLINE.set(asyncio.get_running_loop().time() + seconds)


def seconds_left(grace: float) -> float | None:
    """How long the present task may wait for what can't be undone; None: however long it takes."""
    deadline = DEADLINE.get()
    if deadline is None:
        return None
    return max(deadline - asyncio.get_running_loop().time(), 0) + grace
