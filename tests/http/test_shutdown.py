"""Subscriptions end properly when the server stops."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from repositories.factory import PersistenceMode
from server.app import create_app
from server.settings import load_settings
from tests import inputs
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, OverHttp, running_server
from tests.support.sockets import FOLLOW, connected, streamed


async def test_followers_are_let_go_and_the_server_ends(tmp_path: Path) -> None:
    with running_server(IN_MEMORY, tmp_path / "log") as server:
        async with (
            httpx.AsyncClient(timeout=SECONDS, verify=False) as http,
            connected(f"ws://{urlsplit(server.url).netloc}/graphql") as socket,
            streamed(http, server.graphql_url, FOLLOW, key="package-1") as stream,
        ):
            await socket.subscribe("1", FOLLOW, key="package-1")
            await socket.is_served()
            api = OverHttp(http, server.graphql_url)
            await api.do("saveDeliveryPackage", inputs.save_package())
            await socket.next()
            await stream.next()

            server.process.terminate()

            assert (await socket.closed())[0] == 1012
            assert await stream.next() == ("end", None)
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        assert server.log.read_text() == ""


async def test_what_never_ends_does_not_keep_the_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.app.CLEANUP_SECONDS", 0.05)
    app = create_app(load_settings(persistence_mode=PersistenceMode.INMEMORY))
    endless = asyncio.create_task(asyncio.Event().wait())
    app.state.running = {endless}

    async with asyncio.timeout(20), app.router.lifespan_context(app):
        """It's told to stop at once."""

    assert not endless.done()
    assert "still running after 0.05 seconds: 1 requests" in caplog.text
    caplog.clear()
    endless.cancel()
