"""Work that goes on beside all units of work, for as long as the storage is open."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Final

AGAIN_SECONDS: Final = 1.0
_MAX_CANCELLATIONS: Final = 10

log = logging.getLogger("aicmo.history")


@asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Within it the work goes on; at the end it's cancelled, and has ended some seconds later.

    Work that ended by an error of its own is logged.
    """
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await _end(task)


async def _end(task: asyncio.Task[None]) -> None:
    for _ in range(_MAX_CANCELLATIONS):
        # A commit that is under way is carried through, and the work goes on after it.
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_SECONDS)
        if task.done():
            break
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        log.error("work beside the requests has failed", exc_info=error)
