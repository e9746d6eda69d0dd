"""The time until which statements may run."""

import asyncio
from contextvars import ContextVar

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
"""The time, by the event loop's clock, when statements of the present task raise TimedOut."""


def set_deadline(seconds: float) -> None:
    """Let statements of the present task, and of those that it starts, raise TimedOut then."""
    DEADLINE.set(asyncio.get_running_loop().time() + seconds)


def seconds_left(grace: float) -> float | None:
    """How long the present task may wait for what can't be undone; None: without a limit."""
    deadline = DEADLINE.get()
    if deadline is None:
        return None
    return max(deadline - asyncio.get_running_loop().time(), 0) + grace
