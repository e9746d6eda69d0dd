"""`run_to_completion` runs work to its end, although its caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from repositories.drivers.cancellation import resume, run_to_completion
from tests.support.tasks import elsewhere


async def _result() -> str:
    return "done"


async def _fail() -> str:
    raise ZeroDivisionError


async def test_what_does_not_wait_is_done_at_once() -> None:
    with pytest.raises(StopIteration) as ended:
        run_to_completion(_result()).send(None)

    assert ended.value.value == ("done", [])


@pytest.mark.parametrize("waits", [0, 1, 3])
async def test_its_failure_is_told(waits: int) -> None:
    async def work() -> str:
        for _ in range(waits):
            await asyncio.sleep(0)
        return await _fail()

    with pytest.raises(ZeroDivisionError):
        await run_to_completion(work())


@pytest.mark.parametrize("cancellations", [0, 1, 3])
async def test_what_waits_ends_though_its_caller_is_cancelled(cancellations: int) -> None:
    over = asyncio.Event()

    async def work() -> str:
        await over.wait()
        await asyncio.sleep(0)
        return "done"

    task = elsewhere(run_to_completion(work()))
    for _ in range(cancellations):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    over.set()
    outcome, seen = await task

    assert (outcome, len(seen)) == ("done", cancellations)


# Coroutines that were begun by hand


async def _begun(work: Coroutine[Any, Any, Any]) -> Any:
    return await resume(work, work.send(None))


async def test_a_coroutine_that_was_begun_goes_on_to_its_end() -> None:
    async def work() -> list[str]:
        return [await asyncio.sleep(0, result) for result in "abc"]

    assert await _begun(work()) == ["a", "b", "c"]


async def test_it_is_told_that_it_is_cancelled() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            told.append("cancelled")
            raise

    task = elsewhere(_begun(work()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled"]


@pytest.mark.parametrize("waits", [0, 1])
async def test_it_may_go_on_though_it_was_cancelled(waits: int) -> None:
    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for _ in range(waits):
                await asyncio.sleep(0)
        return "went on"

    task = elsewhere(_begun(work()))
    await asyncio.sleep(0)
    task.cancel()

    assert await task == "went on"
