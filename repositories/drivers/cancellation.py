"""Runs work that continues, or ends, although its caller is cancelled."""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from types import coroutine
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


async def run_to_completion(
    work: Coroutine[Any, Any, T],
) -> tuple[T, list[asyncio.CancelledError]]:
    """Await `work` to its end. Returns its outcome, and the caller's cancellations meanwhile.

    `work` runs in the caller's task until it first waits. Only then is a task made for the rest, so
    work that doesn't wait needs none.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as end:
        return end.value, []
    return await uninterrupted(asyncio.ensure_future(resume(work, waits_for)))


async def uninterrupted(task: asyncio.Future[T]) -> tuple[T, list[asyncio.CancelledError]]:
    """The outcome of the task, and the caller's cancellations meanwhile."""
    cancellations = []
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancellation:
            cancellations.append(cancellation)
    return task.result(), cancellations


class Cancelled(NamedTuple, Generic[T]):
    """A cancellation of a caller, and the rest of the work that it awaited."""

    cancellation: asyncio.CancelledError
    task: asyncio.Task[T]


async def detach_on_cancel(work: Coroutine[Any, Any, T]) -> T | Cancelled[T]:
    """Await `work`; if the caller is cancelled, `work` goes on as a task.

    The task is made only then, since most callers aren't cancelled. `work` may wait for futures
    only, as drivers do.
    """
    while True:
        try:
            waits_for = work.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            await _settled(waits_for)
        except asyncio.CancelledError as cancellation:
            return Cancelled(cancellation, asyncio.create_task(resume(work, waits_for)))


async def _settled(future: asyncio.Future[Any]) -> None:
    """Returns when the future is done; a cancellation of the caller doesn't cancel the future."""
    waiter = asyncio.get_running_loop().create_future()

    def wake(_: object) -> None:
        if not waiter.done():
            waiter.set_result(None)

    future.add_done_callback(wake)
    await waiter


@coroutine
def resume(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that was started by hand, and now waits."""
    while True:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001 - it's for the coroutine
            try:
                waits_for = work.throw(error)
            except StopIteration as end:
                result: T = end.value
                return result
        else:
            return (yield from work.__await__())


def uncancel(cancellations: Sequence[asyncio.CancelledError]) -> None:
    """Drop the cancellations of the present task."""
    if (task := asyncio.current_task()) is not None:
        for _ in cancellations:
            task.uncancel()
