"""The server and its client, whole: what a test here does, users do."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, OverHttp, Server, running_server, stored_in


@dataclass(frozen=True, slots=True)
class Running:
    """A server, and a client of it."""

    server: Server
    api: OverHttp
    http: httpx.AsyncClient


Start = Callable[[], AbstractAsyncContextManager[Running]]
"""Starts a server, again and again if need be, on what the one before has stored."""


def starter(settings: Mapping[str, str], folder: Path, *options: str) -> Start:
    numbers = itertools.count(1)

    @asynccontextmanager
    async def start() -> AsyncIterator[Running]:
        log = folder / f"server-{next(numbers)}.log"
        running = running_server(settings, log, *options)
        # Not to stand in the way of what the server may need from this event loop to start.
        server = await asyncio.to_thread(running.__enter__)
        try:
            async with httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as http:
                yield Running(server, OverHttp(http, server.graphql_url), http)
        finally:
            running.__exit__(None, None, None)
        assert " ERROR " not in log.read_text(), log.read_text()

    return start


@pytest.fixture
def start_in_memory(tmp_path: Path) -> Start:
    return starter(IN_MEMORY, tmp_path)


@pytest.fixture
def start(migrated_database_url: str, tmp_path: Path) -> Start:
    """On SQLite and on PostgreSQL."""
    return starter(stored_in(migrated_database_url), tmp_path)
