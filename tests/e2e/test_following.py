"""Subscribers are told what any of the server processes on a database changed."""

import asyncio
from pathlib import Path

import httpx

from tests import inputs
from tests.support.patience import SECONDS
from tests.support.servers import OverHttp, running_server, stored_in
from tests.support.sockets import connected

LOG = "subscription ($after: String) { events(after: $after) { cursor key } }"
SAVES = 20


async def test_two_servers_tell_the_same_events_in_the_same_order(
    postgresql_url: str, tmp_path: Path
) -> None:
    settings = stored_in(postgresql_url)
    with (
        running_server(settings, tmp_path / "one.log") as one,
        running_server(settings, tmp_path / "two.log") as two,
    ):
        async with (
            httpx.AsyncClient(timeout=SECONDS) as http,
            connected(one.graphql_url.replace("http", "ws")) as first,
            connected(two.graphql_url.replace("http", "ws")) as second,
        ):
            for socket in (first, second):
                await socket.subscribe("1", LOG)
                await socket.is_served()

            async def save(server: str, name: str) -> None:
                api = OverHttp(http, server)
                for number in range(SAVES):
                    await api.do("saveDraft", inputs.save_draft(draftId=f"{name}-{number}"))

            await asyncio.gather(save(one.graphql_url, "one"), save(two.graphql_url, "two"))
            told = [await socket.rest(2 * SAVES) for socket in (first, second)]

        # What a server told is a place to go on from at the other.
        events = [message["payload"]["data"]["events"] for message in told[0]]
        async with connected(two.graphql_url.replace("http", "ws")) as third:
            await third.subscribe("1", LOG, after=events[4]["cursor"])
            rest = [it["payload"]["data"]["events"] for it in await third.rest(2 * SAVES - 5)]

    assert told[0] == told[1]
    assert {it["key"] for it in events} == {
        f"{name}-{number}" for name in ("one", "two") for number in range(SAVES)
    }
    assert rest == events[5:]
