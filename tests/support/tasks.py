"""Work that goes on beside a test's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from functools import partial
from itertools import count
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def elsewhere(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """The work as another caller's: a task that knows nothing of the units of work open here."""
    return asyncio.create_task(work, context=Context())


async def together(*work: Awaitable[Any]) -> list[Any]:
    """The outcome of each, result or exception, of all of them run at once by as many callers."""
    return await asyncio.gather(*(elsewhere(_awaited(it)) for it in work), return_exceptions=True)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The work goes on inside the block, and is cancelled at its end. What it raised is raised."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@coroutine
def cancelled_at(
    step: int, work: Coroutine[Any, Any, T], *, late: bool = False
) -> Generator[Any, Any, T]:
    """Run the work, and cancel this task as it begins to wait for the step-th time, from 0.

    `late`: as that wait ends, so that what was waited for has come. Raises NotReached if the work
    ends before that.
    """
    resume = partial(work.send, None)
    for number in count():
        try:
            waited_for = resume()
        except StopIteration as end:
            if number <= step:
                raise NotReached from None
            result: T = end.value
            return result
        if number == step and not late and (task := asyncio.current_task()) is not None:
            task.cancel()
        try:
            found = yield waited_for
            if number == step and late:
                resume = partial(work.throw, asyncio.CancelledError())
            else:
                resume = partial(work.send, found)
        except BaseException as error:  # noqa: BLE001
            resume = partial(work.throw, error)
    raise AssertionError("unreachable")


class NotReached(Exception):
    """The work waits less often."""
