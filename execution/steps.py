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
        self._done: list[asyncio.Task[Values]] = []
        self._waker: asyncio.Future[None] | None = None

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
                    for wait, then in self._waits:
                        task = asyncio.create_task(wait)
                        task.add_done_callback(self._note)
                        tasks[task] = then
                    self._waits.clear()
                    for task in await self._some_done():
                        tasks.pop(task)(task.result())
        except (Exception, asyncio.CancelledError):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        while self._put_off:
            self._put_off.pop()()

    def _note(self, task: asyncio.Task[Values]) -> None:
        self._done.append(task)
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    async def _some_done(self) -> list[asyncio.Task[Values]]:
        """Those that are done, in order; at least one."""
        if not self._done:
            self._waker = asyncio.get_running_loop().create_future()
            await self._waker
        done, self._done = self._done, []
        return done

    def _take_ready(self) -> bool:
        """Whether there is something to wait for then."""
        while self._ready:
            self._ready.popleft()()
        return bool(self._waits)
