"""The scheduler of a run: the steps that are still to do, and their order."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from inspect import iscoroutine
from typing import Any, Final

MAX_VALUES_PER_TURN: Final = 2_000
"""How many values a run handles before it yields to the event loop; this takes some milliseconds.
"""

Step = Callable[[], None]
Values = list[Any]
Wait = Coroutine[Any, Any, Values]
Then = Callable[[Values], None]


class Scheduler:
    """Runs the steps of a run.

    It first runs the steps that are ready, and those that wait for values when the values have
    come; all waits run side by side. Then it runs the deferred steps, the last one first.

    Between steps it yields to the event loop as soon as `handled` reaches MAX_VALUES_PER_TURN:
    `handled` counts the values that were handled since the last yield.
    """

    def __init__(self) -> None:
        self.handled = 0
        self._ready: deque[Step] = deque()
        self._waits: list[tuple[Wait, Then, Sequence[Any]]] = []
        self._deferred: list[tuple[Step, int]] = []
        self._done: list[asyncio.Task[Values]] = []
        self._waker: asyncio.Future[None] | None = None

    def add(self, step: Step) -> None:
        self._ready.append(step)

    def add_when(self, wait: Wait, then: Then, held: Sequence[Any] = ()) -> None:
        """Add a step that gets the values of the wait, which may hold these awaitables."""
        self._waits.append((wait, then, held))

    def defer(self, step: Step, size: int) -> None:
        """Add a step that runs after all that are added later, and handles so many values."""
        self._deferred.append((step, size))

    async def run(self) -> None:
        """Run all steps."""
        tasks: dict[asyncio.Task[Values], Then] = {}
        try:
            while self._ready or self._waits or tasks:
                while self._ready:
                    self._ready.popleft()()
                    if self.handled >= MAX_VALUES_PER_TURN:
                        # The waits that were added so far begin together with those that come next.
                        await self._yield_to_others()
                if len(self._waits) == 1 and not tasks:
                    # A single wait needs no task of its own.
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
                        if self.handled >= MAX_VALUES_PER_TURN:
                            await self._yield_to_others()
        except (Exception, asyncio.CancelledError):
            for task in tasks:
                task.cancel()
            self._discard_waits()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        while self._deferred:
            step, size = self._deferred.pop()
            step()
            self.handled += size
            if self.handled >= MAX_VALUES_PER_TURN:
                await self._yield_to_others()

    async def _yield_to_others(self) -> None:
        self.handled = 0
        await asyncio.sleep(0)

    def _discard_waits(self) -> None:
        """Close the coroutines that nothing will await."""
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
        """The tasks that are done, at least one, in the order in which they ended."""
        if not self._done:
            self._waker = asyncio.get_running_loop().create_future()
            await self._waker
        done, self._done = self._done, []
        return done
