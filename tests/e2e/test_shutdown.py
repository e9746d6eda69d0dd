"""A server that is told to stop answers what it has begun, and then ends as if by itself."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from repositories.drivers.engine import open_database
from tests import inputs
from tests.e2e.conftest import Running, Start
from tests.support.graphql import Json, mutation
from tests.support.patience import SECONDS


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=lambda sent: sent.name)
async def test_a_server_without_work_ends_at_once(
    start_in_memory: Start, sent: signal.Signals
) -> None:
    async with start_in_memory() as running:
        await running.api.ask("{ __typename }")

        running.server.process.send_signal(sent)

        assert running.server.process.wait(SECONDS) == 0
        assert running.server.log.read_text() == ""


async def test_requests_in_flight_are_answered_or_never_begun(start: Start) -> None:
    saved: list[str] = []

    async def save(running: Running, key: str) -> None:
        try:
            await running.api.do("saveDeliveryPackage", inputs.save_package(packageId=key))
        except httpx.TransportError:
            return
        saved.append(key)
        if len(saved) == 5:
            running.server.process.terminate()

    async with start() as running:
        await asyncio.gather(*(save(running, f"package-{number}") for number in range(60)))
        assert running.server.process.wait(SECONDS) == 0
        assert running.server.log.read_text() == ""

    async with start() as running:
        packages = (await running.api.everything())["deliveryPackages"]["nodes"]
    assert {package["packageId"] for package in packages} >= set(saved)
    assert {len(package["artifacts"]) for package in packages} == {2}


async def test_what_has_begun_is_finished_though_it_takes_its_time(
    start: Start, migrated_database_url: str
) -> None:
    async with start() as running:
        async with nobody_else_writing(migrated_database_url):
            reader, writer = await send(running, "saveDraft", inputs.save_draft())
            # The save waits for its turn. It has begun: what came later is answered.
            assert await running.api.everything()
            running.server.process.terminate()
            await until_nobody_is_let_in(running)

        response = await reader.read()
        writer.close()
        assert running.server.process.wait(SECONDS) == 0

    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["data"]["saveDraft"]["draft"]["draftId"] == "draft-1"
    async with start() as running:
        assert (await running.api.everything())["drafts"]["totalCount"] == 1


@asynccontextmanager
async def nobody_else_writing(database_url: str) -> AsyncIterator[None]:
    database = open_database(database_url)
    async with database.writers.begin() as connection:
        if not database.is_sqlite:
            await connection.execute(text("LOCK TABLE production_drafts IN EXCLUSIVE MODE"))
        yield
    await database.close()


async def send(
    running: Running, name: str, input: Json
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a mutation, without waiting for its response."""
    body = json.dumps({"query": mutation(name), "variables": {"input": input}}).encode()
    address = urlsplit(running.server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    await writer.drain()
    return reader, writer


async def until_nobody_is_let_in(running: Running) -> None:
    address = urlsplit(running.server.url)
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(address.hostname, address.port)
            except (ConnectionError, socket.gaierror):
                return
            writer.close()
