"""What a run has still to do, and the order of doing it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

Step = Callable[[], None]
Values = list[Any]
Wait = Coroutine[Any, Any, Values]
Then = Callable[[Values], None]


class Steps:
    """Goes down first: takes the steps that are ready, and those that wait for values when these
    have come, all waits side by side. Then up: takes the steps that were put off, the last first.
    """

    def __init__(self) -> None:
        self._ready: deque[Step] = deque()
        self._waits: list[tuple[Wait, Then]] = []
        self._put_off: list[Step] = []

    def add(self, step: Step) -> None:
        self._ready.append(step)

    def add_when(self, wait: Wait, then: Then) -> None:
        """Add a step that takes the values that are waited for."""
        self._waits.append((wait, then))

    def put_off(self, step: Step) -> None:
        """Add a step that comes after all that are added later."""
        self._put_off.append(step)

    async def take(self) -> None:
        """Take all steps."""
        tasks: dict[asyncio.Task[Values], Then] = {}
        try:
            while self._take_ready() or tasks:
                if len(self._waits) == 1 and not tasks:
                    # One needs no task of its own.
                    wait, then = self._waits.pop()
                    then(await wait)
                else:
                    tasks |= {asyncio.create_task(wait): then for wait, then in self._waits}
                    self._waits.clear()
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in [task for task in tasks if task.done()]:
                        tasks.pop(task)(task.result())
        except (Exception, asyncio.CancelledError):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        while self._put_off:
            self._put_off.pop()()

    def _take_ready(self) -> bool:
        """Whether there is something to wait for then."""
        while self._ready:
            self._ready.popleft()()
        return bool(self._waits)
