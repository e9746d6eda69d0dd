"""Carrying out what waits in queues, as long as a process runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from files.service import Files
from orchestration.evaluations import Evaluations
from orchestration.leases import Lease
from orchestration.producers.drafts.generator import BuiltInDraftGenerator
from orchestration.producers.packager.packager import (
    BuiltInPackager,
    document_processes,
)
from orchestration.producers.ports import Packager
from orchestration.producers.strategy.generator import BuiltInStrategyGenerator
from orchestration.runs.engine import Runs
from orchestration.runs.steps import Producers, Writers
from orchestration.transfers import Transfers
from orchestration.workers import Pace, Worker
from repositories.unit_of_work import Storage
from schema.model_answers import ModelAnswers
from schema.root import CompiledSchema
from schema.transfer_rows import TransferRows
from server.settings import Settings

_END_SECONDS: Final = 5.0
"""How long the end may take until it's cut short."""

_DOCUMENT_PROCESSES: Final = 2
"""How many processes make documents: one makes those of some 15 runs a second."""

log = logging.getLogger("aicmo.workers")


@asynccontextmanager
async def carrying_out(
    storage: Storage,
    files: Files | None,
    evaluations: Evaluations,
    schema: CompiledSchema,
    settings: Settings,
) -> AsyncIterator[None]:
    """Within it transfers and runs are carried out, as many as the settings say."""
    async with AsyncExitStack() as stack:
        if files is not None and settings.transfer_concurrency:
            pace = Pace(concurrency=settings.transfer_concurrency)
            transfers = Transfers(storage, files.store, TransferRows(schema.definition), pace)
            await stack.enter_async_context(working(transfers))
        if settings.run_concurrency:
            pace = Pace(concurrency=settings.run_concurrency)
            opened = opened_producers(files, evaluations, schema, settings)
            runs = Runs(storage, await stack.enter_async_context(opened), pace)
            await stack.enter_async_context(working(runs))
        yield


@asynccontextmanager
async def opened_producers(
    files: Files | None, evaluations: Evaluations, schema: CompiledSchema, settings: Settings
) -> AsyncIterator[Producers]:
    """Who does the work of runs: the built-in producers, but that a model plans and writes where
    one is set up. Its connections, and the process that makes documents, are closed in the end."""
    packager = BuiltInPackager(document_processes(_DOCUMENT_PROCESSES))
    packager.start()
    producers = producers_of(files, evaluations, packager)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(packager.close)
        if settings.model_url:
            writers_of = await stack.enter_async_context(_opened_model(schema, settings))
            producers = replace(producers, writers_of=writers_of)
        yield producers


@asynccontextmanager
async def _opened_model(
    schema: CompiledSchema, settings: Settings
) -> AsyncIterator[Callable[[Lease], Writers]]:
    """Those who plan and write by asking the model of the settings."""
    # Imported where a model is set up: most servers never need what it needs.
    from orchestration.producers.models.asking import Bounds  # noqa: PLC0415
    from orchestration.producers.models.endpoint import (  # noqa: PLC0415
        Endpoint,
        EndpointSettings,
    )
    from orchestration.runs.models import model_writers  # noqa: PLC0415

    endpoint = Endpoint(
        EndpointSettings(
            url=settings.model_url,
            model=settings.model_name,
            api_key=settings.model_api_key or None,
            seconds=settings.model_seconds,
        )
    )
    bounds = Bounds(
        run_tokens=settings.model_run_tokens, answer_tokens=settings.model_answer_tokens
    )
    try:
        yield model_writers(endpoint, ModelAnswers(schema.definition), bounds)
    finally:
        await endpoint.close()


def producers_of(files: Files | None, evaluations: Evaluations, packager: Packager) -> Producers:
    """Those that are built in."""
    return Producers(
        strategy=BuiltInStrategyGenerator(),
        drafts=BuiltInDraftGenerator(),
        evaluator=evaluations.evaluator,
        packager=packager,
        store=None if files is None else files.store,
    )


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
