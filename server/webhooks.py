"""Sending events to webhooks, as long as the server runs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Final

from orchestration.webhooks import Dispatcher, Pace, Sender
from repositories.unit_of_work import Storage
from server.settings import Settings

_LEASE_MARGIN: Final = 30.0
"""How much longer than two attempts, in seconds, it may take to tell what came of one."""
_END_SECONDS: Final = 5.0
"""How long the end may take until it's cut short."""

log = logging.getLogger("aicmo.webhooks")


@asynccontextmanager
async def sending_webhooks(storage: Storage, settings: Settings) -> AsyncIterator[None]:
    """Within it events are sent, unless the settings say that this server sends none."""
    if settings.webhook_concurrency == 0:
        yield
        return
    pace = Pace(
        concurrency=settings.webhook_concurrency,
        lease=2 * settings.webhook_seconds + _LEASE_MARGIN,
        retention=timedelta(days=settings.webhook_days).total_seconds(),
    )
    dispatcher = Dispatcher(storage, lambda: _new_sender(settings), pace)
    running = asyncio.create_task(dispatcher.run())
    running.add_done_callback(_log_failure)
    try:
        yield
    finally:
        dispatcher.stop()
        await asyncio.wait([running], timeout=_END_SECONDS)
        running.cancel()
        await asyncio.wait([running], timeout=_END_SECONDS)


def _log_failure(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        log.error("webhooks are sent no more", exc_info=error)


def _new_sender(settings: Settings) -> Sender:
    # Imported for the first attempt: most servers never need what it needs.
    from orchestration.sending import HttpSender  # noqa: PLC0415

    return HttpSender(
        timeout=settings.webhook_seconds,
        networks=[ip_network(network) for network in settings.webhook_networks],
    )
