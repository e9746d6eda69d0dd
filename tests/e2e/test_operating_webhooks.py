"""Webhooks by hand, as GraphiQL's tabs show it; and where a server sends nothing, whoever asks."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from server.graphiql import graphiql_tabs
from tests import inputs
from tests.e2e.conftest import starter
from tests.support.graphql import GraphQLClient, Json
from tests.support.patience import SECONDS
from tests.support.receivers import Receiver, receiving
from tests.support.servers import IN_MEMORY

TABS = {tab.file.partition("-")[2].removesuffix(".graphql"): tab for tab in graphiql_tabs()}
LOOPBACK = {**IN_MEMORY, "AICMO_WEBHOOK_NETWORKS": "127.0.0.0/8"}


async def run(api: GraphQLClient, tab: str, change: Callable[[Json], None] | None = None) -> Json:
    """The data of a tab of GraphiQL, with its variables changed by hand."""
    variables = json.loads(TABS[tab].variables or "{}")
    if change is not None:
        change(variables)
    return await api.ask(TABS[tab].query, **variables)


async def eventually(read: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
    """What is read as soon as it's what is wanted."""
    async with asyncio.timeout(SECONDS):
        while not wanted(found := await read()):  # noqa: ASYNC110 - the server's, too
            await asyncio.sleep(0.01)
    return found


async def test_an_operator_adds_a_webhook_sees_its_deliveries_and_replays_them(
    tmp_path: Path,
) -> None:
    start = starter(LOOPBACK, tmp_path)
    async with receiving() as receiver, start() as running:
        api = running.api

        async def deliveries() -> list[Json]:
            data = await run(api, "webhook-deliveries")
            nodes: list[Json] = data["webhookDeliveries"]["nodes"]
            return nodes

        def delivered(number: int) -> Callable[[list[Json]], bool]:
            return lambda them: [it["state"] for it in them] == ["DELIVERED"] * number

        added = await run(api, "add-webhook", lambda it: it["endpoint"].update(url=receiver.url))
        [tested] = await eventually(deliveries, delivered(1))
        await api.do("saveDraft", inputs.save_draft())
        saved, _ = await eventually(deliveries, delivered(2))
        replayed = await run(api, "replay-webhooks")
        again = await eventually(
            deliveries, lambda them: [len(it["attempts"]) for it in them] == [2, 2]
        )

    secret = added["saveWebhookEndpoint"]["secret"]
    told = [Webhook(secret).verify(it.body, it.headers) for it in receiver.received]
    types = ["webhook_endpoint.tested", "draft.saved"]
    assert [it["type"] for it in told[:2]] == types
    assert [tested["eventType"], saved["eventType"]] == types
    assert tested["deliveryId"] == added["testWebhookEndpoint"]["webhookDelivery"]["deliveryId"]
    assert replayed["replayWebhookDeliveries"]["count"] == 2
    assert {it["state"] for it in again} == {"DELIVERED"}
    ids = [it.id for it in receiver.received]
    assert sorted(ids[:2]) == sorted(ids[2:])


# Addresses

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "0.0.0.0",
    "0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::1]",
    "[::]",
    "localhost",
    "①②⑦.0.0.1",
]


async def test_no_spelling_of_this_machine_leads_a_server_to_it(tmp_path: Path) -> None:
    async with receiving("127.0.0.1", "::1") as receiver:
        async with starter(IN_MEMORY, tmp_path)() as running:
            outcomes = await attempts_at(running.api, receiver, SPELLINGS)
        refused = receiver.connections
        async with starter(LOOPBACK, tmp_path)() as running:
            allowed = await attempts_at(running.api, receiver, ["127.0.0.1"])

    assert [(it["status"], bool(it["error"])) for it in outcomes] == [(None, True)] * len(SPELLINGS)
    assert refused == 0
    assert ([it["status"] for it in allowed], receiver.connections) == ([204], 1)


async def attempts_at(api: GraphQLClient, receiver: Receiver, hosts: list[str]) -> list[Json]:
    """What came of a test event to an endpoint at each of the hosts."""
    for number, host in enumerate(hosts):
        key, url = f"endpoint-{number}", f"http://{host}:{receiver.port}/"

        def change(it: Json, key: str = key, url: str = url) -> None:
            it["endpoint"] |= {"endpointId": key, "url": url, "eventTypes": []}
            it["test"]["endpointId"] = key

        data = await run(api, "add-webhook", change)
        assert data["testWebhookEndpoint"]["errors"] == [], url

    async def attempted() -> list[Json]:
        data = await api.ask(
            "{ webhookDeliveries(first: 100) { nodes { attempts { status error } } } }"
        )
        nodes = data["webhookDeliveries"]["nodes"]
        return [attempt for node in nodes for attempt in node["attempts"][:1]]

    found: list[Json] = await eventually(attempted, lambda them: len(them) == len(hosts))
    return found
