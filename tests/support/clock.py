"""Time that passes when a test says so."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Timer:
    due: float
    call: Callable[[], object]
    is_over: bool = False

    def cancel(self) -> None:
        self.is_over = True


class Clock:
    """An event loop whose timers wait until the test puts the clock forward."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._now = 0.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self._now

    def call_later(self, seconds: float, call: Callable[..., object], *arguments: Any) -> Timer:
        timer = Timer(self._now + seconds, lambda: call(*arguments))
        self._timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let so much time pass, and call whatever is due by then, the earliest first."""
        until = self._now + seconds
        while due := [each for each in self._timers if each.due <= until and not each.is_over]:
            timer = min(due, key=lambda each: each.due)
            self._now, timer.is_over = timer.due, True
            timer.call()
        self._now = until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


def clock_of(connection: Any) -> Clock:
    """The time of a server's connection, which stands still from now on."""
    connection.loop = clock = Clock(connection.loop)
    return clock
