"""Clients that lose their connections go on where they were: those of npm that frontends use."""

from schema.cursors import encode_log_position
from tests import inputs
from tests.http.conftest import Serve
from tests.support.patience import SECONDS
from tests.support.serving import until
from tests.support.tcp_relay import relayed
from tests.tools import node_tools
from tests.tools.following import following

CLIENTS = ("graphqlWs", "graphqlSse", "apolloWs", "apolloHttp", "urqlWs", "urqlHttp")
ROUNDS = 6
NOWHERE = "127.0.0.1:1"


async def test_events_come_once_and_in_order_whenever_the_connection_is_cut(serve: Serve) -> None:
    server = await serve()
    saved: list[str] = []
    told: dict[str, list[str]] = {client: [] for client in CLIENTS}

    async def save(*keys: str) -> None:
        for key in keys:
            saved.append(key)
            await server.api.do("saveDraft", inputs.save_draft(draftId=key))

    async with relayed(server.address) as relay:
        url, start = f"http://{relay.address}/graphql", encode_log_position(0)
        script = ("resuming_client.mjs", url, start, *CLIENTS)
        async with following(*script, folder=node_tools().folder) as follower:

            async def hear() -> None:
                """Returns when each client was told of all that was saved."""
                while min(map(len, told.values())) < len(saved):
                    client, _, key = (await follower.next()).strip().partition(" ")
                    told[client].append(key)

            for number in range(ROUNDS):
                await save(f"{number}-a")
                await hear()
                await save(f"{number}-b", f"{number}-c")  # it may be told, or not, before the cut
                relay.target = NOWHERE
                relay.cut()
                await until(lambda: server.watched == 0, SECONDS)
                await save(f"{number}-d")
                relay.target = server.address
                await hear()
            await until(lambda: server.watched == len(CLIENTS), SECONDS)
            assert await follower.leave() == 0

    assert told == dict.fromkeys(CLIENTS, saved)


async def test_clients_whose_cursor_is_of_another_log_begin_anew(serve: Serve) -> None:
    server = await serve()
    script = ("resuming_client.mjs", f"http://{server.address}/graphql", encode_log_position(7))

    async with following(*script, *CLIENTS, folder=node_tools().folder) as follower:
        await until(lambda: server.watched == len(CLIENTS), SECONDS)
        await server.api.do("saveDraft", inputs.save_draft(draftId="new"))
        told = {(await follower.next()).strip() for _ in CLIENTS}
        assert await follower.leave() == 0

    assert told == {f"{client} new" for client in CLIENTS}
