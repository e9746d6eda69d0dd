"""Opening what checks drafts, by the server's settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestration.evaluations import Evaluations
from orchestration.producers.qc.evaluator import BuiltInQc
from orchestration.producers.worker import ProcessWorker
from repositories.unit_of_work import Storage
from server.settings import Settings


@asynccontextmanager
async def opened_evaluations(storage: Storage, settings: Settings) -> AsyncIterator[Evaluations]:
    """The evaluations of a server. Its process that checks drafts starts at the first of them."""
    worker = ProcessWorker("checks drafts")
    try:
        yield Evaluations(storage, BuiltInQc(settings.qc_pass_score, worker))
    finally:
        await worker.close()
