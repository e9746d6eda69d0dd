"""Clients that lose their connections go on where they were: npm's graphql-ws and graphql-sse."""

import pytest

from schema.cursors import encode_log_position
from tests import inputs
from tests.http.conftest import Serve
from tests.support.patience import SECONDS
from tests.support.serving import until
from tests.support.tcp_relay import relayed
from tests.tools import node_tools
from tests.tools.following import following

ROUNDS = 6


@pytest.mark.parametrize("transport", ["ws", "sse"])
async def test_events_come_once_and_in_order_whenever_the_connection_is_cut(
    serve: Serve, transport: str
) -> None:
    server = await serve()
    saved: list[str] = []
    told: list[str] = []

    async def save(*keys: str) -> None:
        for key in keys:
            saved.append(key)
            await server.api.do("saveDraft", inputs.save_draft(draftId=key))

    async with relayed(server.address) as relay:
        url, start = f"http://{relay.address}/graphql", encode_log_position(0)
        script = ("resuming_client.mjs", url, transport, start)
        async with following(*script, folder=node_tools().folder) as client:
            for number in range(ROUNDS):
                await save(f"{number}-a")
                told.append((await client.next()).strip())
                await save(f"{number}-b", f"{number}-c")  # it may be told, or not, before the cut
                relay.cut()
                await until(lambda: server.watched == 0, SECONDS)
                await save(f"{number}-d")
                told += [(await client.next()).strip() for _ in range(3)]
            assert await client.leave() == 0

    assert told == saved
