"""Checks of drafts in threads of the test's own process: nothing has to start, or to be stopped."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ThreadWorker:
    """A `Worker`. The first call holds up the event loop, and nothing bounds it."""

    async def call(self, function: Callable[[], T]) -> T:
        return await asyncio.to_thread(function)

    async def close(self) -> None:
        """Does nothing: threads end with their calls."""
