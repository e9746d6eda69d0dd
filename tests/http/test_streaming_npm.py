"""Subscriptions by streams over HTTP, with the clients that frontends and gateways use."""

import json

import pytest

from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.patience import SECONDS
from tests.support.serving import Served, until
from tests.support.tcp_relay import relayed
from tests.tools import node_tools
from tests.tools.following import Follower, following

pytestmark = pytest.mark.timeout(300)

CLIENTS = ("apollo", "apolloByGet", "graphqlSse", "graphqlSseByGet", "eventSource", "urlLoader")


async def lines(follower: Follower, number: int) -> list[Json]:
    return [json.loads(await follower.next()) for _ in range(number)]


async def save(server: Served, key: str) -> None:
    await server.api.do("saveDeliveryPackage", inputs.save_package(packageId=key, artifacts=[]))


async def test_every_client_is_told_what_happens_until_it_leaves(server: Served) -> None:
    script = ("streaming_clients.mjs", server.url, *CLIENTS)
    async with following(*script, folder=node_tools().folder) as follower:
        await until(lambda: server.watched == len(CLIENTS), SECONDS)
        for key in CLIENTS:
            await save(server, key)
        saved = await lines(follower, len(CLIENTS))
        for key in CLIENTS:
            await server.api.do("deleteDeliveryPackage", {"packageId": key})
        deleted = await lines(follower, len(CLIENTS))

        assert {it["packageId"]: it["kind"] for it in saved} == dict.fromkeys(CLIENTS, "SAVED")
        assert {it["packageId"]: it["kind"] for it in deleted} == dict.fromkeys(CLIENTS, "DELETED")
        assert await follower.leave() == 0
        await until(lambda: server.service.streams.in_use == 0, SECONDS)


async def test_apollo_is_told_that_the_server_stops(serve: Serve) -> None:
    """An error is what its RetryLink waits for; without one it doesn't subscribe again."""
    old, new = await serve(), await serve()
    async with relayed(old.address) as relay:
        script = ("streaming_clients.mjs", f"http://{relay.address}/graphql")
        clients = ("apollo", "apolloRetrying")
        async with following(*script, *clients, folder=node_tools().folder) as follower:
            await until(lambda: old.watched == 2, SECONDS)
            relay.target = new.address
            old.let_go()

            [line] = await lines(follower, 1)
            assert line == {"client": "apollo", "message": "The server stops; subscribe again."}
            await until(lambda: new.watched == 1, SECONDS)
            await save(new, "apolloRetrying")
            [line] = await lines(follower, 1)
            assert (line["kind"], line["packageId"]) == ("SAVED", "apolloRetrying")
