"""Carrying out transfers, as long as the server runs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from files.service import Files
from orchestration.transfers import Transfers
from orchestration.workers import Pace
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from schema.transfer_rows import TransferRows
from server.settings import Settings

_END_SECONDS: Final = 5.0
"""How long the end may take until it's cut short."""

log = logging.getLogger("aicmo.transfers")


@asynccontextmanager
async def carrying_out_transfers(
    storage: Storage, files: Files | None, schema: CompiledSchema, settings: Settings
) -> AsyncIterator[None]:
    """Within it transfers are carried out, unless the settings say that this server does none."""
    if files is None or settings.transfer_concurrency == 0:
        yield
        return
    pace = Pace(concurrency=settings.transfer_concurrency)
    transfers = Transfers(storage, files.store, TransferRows(schema.definition), pace)
    running = asyncio.create_task(transfers.run())
    running.add_done_callback(_log_failure)
    try:
        yield
    finally:
        transfers.stop()
        await asyncio.wait([running], timeout=_END_SECONDS)
        running.cancel()
        await asyncio.wait([running], timeout=_END_SECONDS)


def _log_failure(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        log.error("transfers are carried out no more", exc_info=error)
