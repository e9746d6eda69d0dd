"""Work that blocks, in a bounded number of threads."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """Runs functions in threads. Whoever is cancelled meanwhile goes on when the function ended.

    So a file is never closed, and its number never given to another file, while a thread uses it.
    """

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(lambda: work(*args, **kwargs), lambda _: None)

    async def acquire(self, work: Callable[[], R], release: Callable[[R], object]) -> R:
        """Like `run`; what the function returned is released where nobody is there to take it."""
        return await self._run(work, release)

    async def _run(self, work: Callable[[], R], release: Callable[[R], object]) -> R:
        running = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([running])
            if not running.cancelled() and running.exception() is None:
                release(running.result())
            raise

    async def close(self) -> None:
        """Returns when the last function has ended."""
        await asyncio.to_thread(self._executor.shutdown)


class Behind:
    """Runs functions in threads, one after the other, while who asks for them goes on."""

    def __init__(self, run: Callable[[Callable[[], object]], Coroutine[Any, Any, object]]) -> None:
        self._run = run
        self._running: asyncio.Task[object] | None = None

    async def start(self, work: Callable[[], object]) -> None:
        """Returns when the one before has ended. Raises what that one raised."""
        await self.wait()
        self._running = asyncio.create_task(self._run(work))

    async def wait(self) -> None:
        """Returns when the last one has ended. Raises what it raised."""
        running, self._running = self._running, None
        if running is not None:
            try:
                await running
            except asyncio.CancelledError:
                self._running = running
                raise

    async def settle(self) -> None:
        """Returns when the last one has ended, whatever came of it."""
        if self._running is not None:
            await asyncio.wait([self._running])
            if not self._running.cancelled():
                self._running.exception()
