"""Whether clients come back by themselves: npm's graphql-ws, which most frontends use."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.stream_limits import StreamLimits
from server.websocket_protocol import QuietWebSocket
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.patience import SECONDS
from tests.support.serving import Served, until
from tests.support.sockets import connected
from tests.support.tcp_relay import TcpRelay, relayed
from tests.tools import node_tools
from tests.tools.following import Follower, following

pytestmark = pytest.mark.timeout(300)

PACKAGE = "package-1"
NOWHERE = "127.0.0.1:1"
IMPATIENT = StreamLimits(ping_interval_seconds=600, ping_timeout_seconds=0.01)
"""Nobody is pinged before a test does it."""


@asynccontextmanager
async def client(address: str) -> AsyncIterator[Follower]:
    """graphql-ws, following the package, set up as docs/clients.md says."""
    url, folder = f"http://{address}/graphql", node_tools().folder
    async with following("ws_returning_client.mjs", url, PACKAGE, folder=folder) as follower:
        yield follower


async def next_of(follower: Follower, kind: str) -> Any:
    """The text of the next line of this type; others are skipped."""
    while True:
        line: Json = json.loads(await follower.next())
        if kind in line:
            return line[kind]


def socket_of(server: Served) -> QuietWebSocket:
    """The server's side of the one WebSocket that there is."""
    [socket] = [it for it in server.state.connections if isinstance(it, QuietWebSocket)]
    return socket


async def follows(server: Served) -> None:
    """Returns when the client follows the package on this server."""
    await until(lambda: server.watched == 1, SECONDS)


async def is_told_of_a_save(server: Served, follower: Follower) -> None:
    await follows(server)
    await server.api.do("saveDeliveryPackage", inputs.save_package(packageId=PACKAGE))
    assert await next_of(follower, "kind") == "SAVED"


@pytest.fixture
async def relay() -> AsyncIterator[TcpRelay]:
    async with relayed(NOWHERE) as relay:
        yield relay


async def test_a_client_that_slept_comes_back(serve: Serve, relay: TcpRelay) -> None:
    server = await serve(streams=IMPATIENT)
    relay.target = server.address
    async with client(relay.address) as follower:
        await is_told_of_a_save(server, follower)
        relay.sleep()
        socket_of(server).send_keepalive_ping()
        await until(lambda: server.service.streams.in_use == 0, SECONDS)
        relay.wake()

        assert await next_of(follower, "closed") == 1001
        await is_told_of_a_save(server, follower)


async def test_a_client_that_answers_stays(serve: Serve) -> None:
    server = await serve(
        streams=StreamLimits(ping_interval_seconds=0.01, ping_timeout_seconds=SECONDS)
    )
    async with client(server.address) as follower:
        await follows(server)
        protocol = socket_of(server)
        await until(lambda: protocol.last_ping_rtt > 0, SECONDS)

        await is_told_of_a_save(server, follower)
        assert socket_of(server) is protocol


async def test_a_client_that_slept_in_the_middle_of_much_leaves_nothing_behind(
    serve: Serve, relay: TcpRelay
) -> None:
    """The server doesn't buffer unread data for as long as the network tries to deliver it."""
    server = await serve(streams=IMPATIENT)
    relay.target = server.address
    artifact = {"name": "A" * 500, "url": f"https://files.example/{'a' * 2_000}", "format": "pdf"}
    large = inputs.save_package(packageId=PACKAGE, artifacts=[artifact] * 500)
    fields = "{ deliveryPackage { artifacts { name url format } } }"
    follow = f'subscription {{ deliveryPackageChanged(packageId: "{PACKAGE}") {fields} }}'
    async with connected(f"ws://{relay.address}/graphql") as socket:
        for number in range(20):
            await socket.subscribe(str(number), follow)
        await socket.is_served()
        protocol = socket_of(server)
        relay.sleep()
        await server.api.do("saveDeliveryPackage", large)
        await until(lambda: protocol.transport.get_write_buffer_size() > 0, SECONDS)
        protocol.send_keepalive_ping()

        await until(lambda: protocol not in server.state.connections, SECONDS)
        await until(lambda: server.watched == 0)
        relay.wake()


async def test_clients_come_back_when_the_server_does(serve: Serve, relay: TcpRelay) -> None:
    old, new = await serve(), await serve()
    relay.target = old.address
    async with client(relay.address) as follower:
        await is_told_of_a_save(old, follower)
        relay.target = NOWHERE
        old.let_go()
        assert await next_of(follower, "closed") == 1012
        assert await next_of(follower, "closed") == 1006  # there is no server yet
        relay.target = new.address

        await is_told_of_a_save(new, follower)


async def test_a_client_that_was_one_too_many_tries_again(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(connections=1))
    async with connected(server.socket_url) as first:
        await first.is_served()
        async with client(server.address) as follower:
            assert await next_of(follower, "closed") == 1013
            await first.connection.close()

            await is_told_of_a_save(server, follower)


async def test_a_client_does_not_repeat_what_a_bug_answers(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve()

    def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("server.websocket.graphql_request_of", broken)
    async with client(server.address) as follower:
        assert await next_of(follower, "closed") == 4500
        assert await next_of(follower, "gaveUp") == 4500
    caplog.clear()


async def test_a_client_does_not_repeat_what_is_too_big(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(message_bytes=50))
    async with client(server.address) as follower:
        assert await next_of(follower, "closed") == 1009
        assert await next_of(follower, "gaveUp") == 1009
