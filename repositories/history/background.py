"""Work that goes on beside all units of work, for as long as the storage is open."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Final

from domain.errors import DomainError

AGAIN_SECONDS: Final = 1.0
_MAX_CANCELLATIONS: Final = 10

log = logging.getLogger("aicmo.history")


async def keep_stepping(
    step: Callable[[], Awaitable[int]],
    failure: str,
    *,
    apart: float,
    idle: float,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Do a step again and again, until it's cancelled; one that returns 0 had nothing to do.

    Between two steps it pauses for `apart` seconds, after nothing was done, or could be, for `idle`
    ones. Of several failures in a row the first one is logged, with the words of `failure`.
    """
    has_failed = False
    while True:
        try:
            count = await step()
            has_failed = False
        except DomainError as error:
            if not has_failed:
                log.warning("%s: %s", failure, error)
            has_failed = True
            count = 0
        except Exception:
            # Such as a right that is missing: it may be given later.
            if not has_failed:
                log.exception(failure)
            has_failed = True
            count = 0
        await pause(apart if count else idle)


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
