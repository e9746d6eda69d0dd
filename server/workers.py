"""Carrying out what waits in queues, as long as a process runs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from files.service import Files
from orchestration.evaluations import Evaluations
from orchestration.formats import TransferFormat
from orchestration.runs.engine import Runs
from orchestration.runs.steps import Producers
from orchestration.transfers import Transfers
from orchestration.workers import Pace, Worker
from repositories.unit_of_work import Storage
from server.settings import Settings

_END_SECONDS: Final = 5.0
"""How long the end may take until it's cut short."""

log = logging.getLogger("aicmo.workers")


@asynccontextmanager
async def carrying_out(
    storage: Storage,
    files: Files | None,
    evaluations: Evaluations,
    format: TransferFormat,
    settings: Settings,
) -> AsyncIterator[None]:
    """Within it transfers and runs are carried out, as many as the settings say."""
    async with AsyncExitStack() as stack:
        if files is not None and settings.transfer_concurrency:
            pace = Pace(concurrency=settings.transfer_concurrency)
            transfers = Transfers(storage, files.store, format, pace)
            await stack.enter_async_context(working(transfers))
        if settings.run_concurrency:
            pace = Pace(concurrency=settings.run_concurrency)
            runs = Runs(storage, producers_of(files, evaluations), pace)
            await stack.enter_async_context(working(runs))
        yield


def producers_of(files: Files | None, evaluations: Evaluations) -> Producers:
    """Who does the work of runs."""
    return Producers(evaluator=evaluations.evaluator, store=None if files is None else files.store)


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """Within it the worker carries out what waits."""
    running = asyncio.create_task(worker.run())
    running.add_done_callback(_log_failure)
    try:
        yield
    finally:
        worker.stop()
        await asyncio.wait([running], timeout=_END_SECONDS)
        running.cancel()
        await asyncio.wait([running], timeout=_END_SECONDS)


def _log_failure(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        log.error("a worker works no more", exc_info=error)
