"""What a run has still to do, and the order of doing it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from inspect import iscoroutine
from typing import Any, Final

AT_ONCE: Final = 2_000
"""How many values steps may handle until others get their turn; this takes a few milliseconds."""

Step = Callable[[], None]
Values = list[Any]
Wait = Coroutine[Any, Any, Values]
Then = Callable[[Values], None]


class Scheduler:
    """Goes down first: takes the steps that are ready, and those that wait for values when these
    have come, all waits side by side. Then up: takes the steps that were put off, the last first.

    Others get their turns of the event loop between steps, as `handled` tells: how many values were
    handled since they had one.
    """

    def __init__(self) -> None:
        self.handled = 0
        self._ready: deque[Step] = deque()
        self._waits: list[tuple[Wait, Then, Sequence[Any]]] = []
        self._put_off: list[tuple[Step, int]] = []
        self._done: list[asyncio.Task[Values]] = []
        self._waker: asyncio.Future[None] | None = None

    def add(self, step: Step) -> None:
        self._ready.append(step)

    def add_when(self, wait: Wait, then: Then, held: Sequence[Any] = ()) -> None:
        """Add a step that takes the values that are waited for. The wait may hold awaitables."""
        self._waits.append((wait, then, held))

    def defer(self, step: Step, size: int) -> None:
        """Add a step that comes after all that are added later, and handles so many values."""
        self._put_off.append((step, size))

    async def take(self) -> None:
        """Take all steps."""
        tasks: dict[asyncio.Task[Values], Then] = {}
        try:
            while self._ready or self._waits or tasks:
                while self._ready:
                    self._ready.popleft()()
                    if self.handled >= AT_ONCE:
                        # What was begun to be waited for begins with what comes next: together.
                        await self._give_way()
                if len(self._waits) == 1 and not tasks:
                    # One needs no task of its own.
                    wait, then, _ = self._waits.pop()
                    then(await wait)
                elif self._waits or tasks:
                    for wait, then, _ in self._waits:
                        task = asyncio.create_task(wait)
                        task.add_done_callback(self._note)
                        tasks[task] = then
                    self._waits.clear()
                    for task in await self._some_done():
                        tasks.pop(task)(task.result())
                        if self.handled >= AT_ONCE:
                            await self._give_way()
        except (Exception, asyncio.CancelledError):
            for task in tasks:
                task.cancel()
            self._discard_waits()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        while self._put_off:
            step, size = self._put_off.pop()
            step()
            self.handled += size
            if self.handled >= AT_ONCE:
                await self._give_way()

    async def _give_way(self) -> None:
        self.handled = 0
        await asyncio.sleep(0)

    def _discard_waits(self) -> None:
        """Close what will never be awaited."""
        for wait, _, held in self._waits:
            wait.close()
            for value in held:
                if iscoroutine(value):
                    value.close()
        self._waits.clear()

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
