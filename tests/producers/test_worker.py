"""The processes of producers: what they're called for, how they end, and that others follow."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from functools import partial

import pytest

from domain.errors import TimedOut, Unavailable
from orchestration.producers import worker as module
from orchestration.producers.qc.evaluator import BuiltInQc
from orchestration.producers.qc.registry import BY_ID
from orchestration.producers.worker import ProcessWorker
from tests.producers.checking import draft
from tests.support.patience import SECONDS
from tests.support.thread_worker import ThreadWorker


@pytest.fixture
async def worker() -> AsyncIterator[ProcessWorker]:
    worker = ProcessWorker("checks drafts", seconds=SECONDS)
    yield worker
    await worker.close()


async def test_drafts_are_checked_in_one_other_process(worker: ProcessWorker) -> None:
    subject = draft("The the bread, recieve it.")

    elsewhere = await BuiltInQc(0.8, worker).evaluate(subject, [*BY_ID])
    here = await BuiltInQc(0.8, ThreadWorker()).evaluate(subject, [*BY_ID])

    assert elsewhere == here
    first, second = await asyncio.gather(worker.call(os.getpid), worker.call(os.getpid))
    assert first == second != os.getpid()


async def test_another_process_follows_one_that_ended(worker: ProcessWorker) -> None:
    first = await worker.call(os.getpid)

    with pytest.raises(Unavailable, match="ended"):
        await worker.call(partial(signal.raise_signal, signal.SIGKILL))

    assert await worker.call(os.getpid) != first


@pytest.fixture
async def impatient_worker() -> AsyncIterator[ProcessWorker]:
    """A call that comes to its end has all the time that it could need on a busy machine."""
    worker = ProcessWorker("checks drafts", seconds=1.0)
    yield worker
    await worker.close()


async def test_a_call_that_takes_too_long_fails_alone(impatient_worker: ProcessWorker) -> None:
    worker = impatient_worker

    endless, *others = await asyncio.gather(
        worker.call(partial(time.sleep, 600)),
        *(worker.call(os.getpid) for _ in range(3)),
        return_exceptions=True,
    )

    assert isinstance(endless, TimedOut)
    assert len(set(others)) == 1
    assert isinstance(others[0], int)


async def test_a_call_that_nobody_waits_for_any_more_fails_alone(
    impatient_worker: ProcessWorker,
) -> None:
    given_up = asyncio.create_task(impatient_worker.call(partial(time.sleep, 600)))
    await asyncio.sleep(0)
    given_up.cancel()

    assert await impatient_worker.call(os.getpid)
    assert given_up.cancelled()


async def test_who_waits_at_the_end_hears_that_the_server_ends(
    impatient_worker: ProcessWorker,
) -> None:
    running = asyncio.create_task(impatient_worker.call(partial(time.sleep, 600)))
    waiting = [asyncio.create_task(impatient_worker.call(os.getpid)) for _ in range(2)]
    await asyncio.sleep(0)

    await impatient_worker.close()

    with pytest.raises((TimedOut, Unavailable)):
        await running
    for each in waiting:
        with pytest.raises(Unavailable, match="ending"):
            await each


async def test_a_call_that_takes_too_much_memory_ends_the_process() -> None:
    worker = ProcessWorker("checks drafts", seconds=SECONDS, max_bytes=256 * 1024 * 1024)
    try:
        with pytest.raises(Unavailable, match="ended"):
            await worker.call(partial(bytearray, 512 * 1024 * 1024))

        assert await worker.call(partial(len, b"12")) == 2
    finally:
        await worker.close()


async def test_what_the_function_raises_is_raised_here(worker: ProcessWorker) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await worker.call(partial(int, "x"))


async def test_so_many_may_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 0)

    with pytest.raises(Unavailable, match="Too much waits for the process that checks drafts"):
        await ProcessWorker("checks drafts").call(os.getpid)


async def test_nothing_is_called_after_the_end() -> None:
    worker = ProcessWorker("checks drafts")
    await worker.close()

    with pytest.raises(Unavailable, match="ending"):
        await worker.call(os.getpid)
