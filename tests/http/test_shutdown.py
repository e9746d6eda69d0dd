"""What happens to those who follow something when the server is told to stop."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx

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
