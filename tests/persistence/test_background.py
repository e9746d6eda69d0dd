"""Work beside the requests ends with the storage, whatever it's doing."""

import asyncio
import logging

import pytest

from repositories.history import background
from repositories.history.background import running


async def test_work_that_carries_something_through_is_ended_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a commit does, the first cancellation is put aside."""
    monkeypatch.setattr(background, "AGAIN_SECONDS", 0.001)
    committing, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            try:
                committing.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.Event().wait()
        finally:
            ended.set()

    async with running(work()):
        await committing.wait()

    assert ended.is_set()


async def test_work_that_failed_by_itself_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise RuntimeError("a bug")

    async with running(work()):
        await asyncio.sleep(0)

    [record] = [it for it in caplog.records if it.levelno == logging.ERROR]
    assert record.exc_info is not None
