"""The server is killed again and again while clients save, one follows, and webhooks are sent to a
receiver that fails, hangs and dies: at the end the log, the follower and the receiver agree."""

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from websockets.exceptions import WebSocketException

from domain.history import Event
from schema.cursors import encode_log_position
from tests import inputs
from tests.e2e.test_crashes import log_of
from tests.support.graphql import Json
from tests.support.patience import SECONDS
from tests.support.receivers import Received, receiving
from tests.support.servers import OverHttp, Server, running_server, stored_in
from tests.support.serving import until
from tests.support.sockets import connected
from tests.support.tcp_relay import TcpRelay, relayed
from tests.tools.hasty_server import hasten

KILLS = 8
SAVES_BETWEEN = (5, 30)
KEYS = [f"draft-{number}" for number in range(6)]
CLIENTS = 4
TIMEOUT = 0.3
NOWHERE = "127.0.0.1:1"

FOLLOW = """subscription ($after: String) {
  events(after: $after) { cursor eventId key revisionBefore revisionAfter state }
}"""
ADD_ENDPOINT = """mutation ($input: SaveWebhookEndpointInput!) {
  saveWebhookEndpoint(input: $input) { errors { message } }
}"""


@dataclass(slots=True)
class Servers:
    """A server that can be killed, and starts again then, at another address."""

    settings: dict[str, str]
    folder: Path
    starts: int = 0
    _server: Server | None = None
    _is_up: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        self.starts += 1
        log = self.folder / f"server-{self.starts}.log"
        running = running_server(self.settings, log, first=hasten)
        self._server = await asyncio.to_thread(running.__enter__)
        self._is_up.set()
        try:
            yield self._server
        finally:
            self._is_up.clear()
            await asyncio.to_thread(running.__exit__, None, None, None)
        assert " ERROR " not in log.read_text(), log.read_text()

    async def url(self) -> str:
        await self._is_up.wait()
        assert self._server is not None
        return self._server.graphql_url


@dataclass(slots=True)
class Saves:
    """What clients know of their saves: each has a name, and may have been acknowledged."""

    sent: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    has_another: asyncio.Event = field(default_factory=asyncio.Event)

    async def go_on(self, servers: Servers, dice: random.Random) -> None:
        """Save, whatever happens, until cancelled."""
        async with httpx.AsyncClient(timeout=SECONDS) as http:
            while True:
                api = OverHttp(http, await servers.url())
                name = f"save-{len(self.sent)}"
                self.sent.append(name)
                draft = inputs.save_draft(draftId=dice.choice(KEYS), title=name)
                with suppress(httpx.HTTPError):
                    await api.do("saveDraft", draft)
                    self.acknowledged.append(name)
                    self.has_another.set()

    async def more(self, number: int) -> None:
        """Returns when so many more were acknowledged."""
        wanted = len(self.acknowledged) + number
        while len(self.acknowledged) < wanted:
            self.has_another.clear()
            await self.has_another.wait()


async def follow(servers: Servers, told: list[Json]) -> None:
    """Subscribe, and again with the last cursor whenever the connection breaks, until cancelled."""
    cursor = encode_log_position(0)
    while True:
        url = (await servers.url()).replace("http", "ws")
        with suppress(WebSocketException, OSError):
            async with connected(url) as socket:
                await socket.subscribe("1", FOLLOW, after=cursor)
                while True:
                    message = await socket.next()
                    assert message["type"] == "next", message
                    event = message["payload"]["data"]["events"]
                    told.append(event)
                    cursor = event["cursor"]


@dataclass(slots=True)
class BadReceiver:
    """Fails, hangs and loses its responses, until it's good."""

    dice: random.Random
    received: list[Json] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    is_good: bool = False

    async def respond(self, received: Received) -> web.StreamResponse:
        fate = 1.0 if self.is_good else self.dice.random()
        if fate < 0.1:
            await asyncio.sleep(3 * TIMEOUT)
        if fate < 0.3:
            return web.Response(status=503)
        self.received.append(json.loads(received.body))
        self.ids.add(received.id)
        if fate < 0.5:
            assert received.request.transport is not None
            received.request.transport.abort()
        return web.Response(status=204)

    async def die_now_and_then(self, relay: TcpRelay) -> None:
        """Without a connection for a moment, in the middle of whatever it does, until cancelled."""
        alive = relay.target
        while True:
            await asyncio.sleep(self.dice.uniform(0, 1))
            relay.target = NOWHERE
            relay.cut()
            await asyncio.sleep(self.dice.uniform(0, 0.5))
            relay.target = alive


async def test_log_follower_and_receiver_agree_whatever_is_killed(
    migrated_database_url: str, tmp_path: Path
) -> None:
    dice = random.Random(11)
    settings = {
        **stored_in(migrated_database_url),
        "AICMO_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "AICMO_WEBHOOK_SECONDS": str(TIMEOUT),
    }
    servers, saves, told = Servers(settings, tmp_path), Saves(), list[Json]()
    async with (
        receiving() as receiver,
        relayed(f"127.0.0.1:{receiver.port}") as relay,
        asyncio.TaskGroup() as all_of_it,
    ):
        bad = BadReceiver(random.Random(12))
        receiver.respond = bad.respond
        async with servers.running() as server, httpx.AsyncClient(timeout=SECONDS) as http:
            endpoint = {"endpointId": "receiver", "url": f"http://{relay.address}/"}
            await OverHttp(http, server.graphql_url).ask(ADD_ENDPOINT, input=endpoint)
        following = all_of_it.create_task(follow(servers, told))
        saving = [all_of_it.create_task(saves.go_on(servers, dice)) for _ in range(CLIENTS)]
        dying = all_of_it.create_task(bad.die_now_and_then(relay))
        for _ in range(KILLS):
            async with servers.running() as server:
                await saves.more(dice.randint(*SAVES_BETWEEN))
                await asyncio.sleep(dice.uniform(0, 0.05))
                server.kill()
        for task in (*saving, dying):
            task.cancel()
        await asyncio.wait({*saving, dying})
        bad.is_good, relay.target = True, f"127.0.0.1:{receiver.port}"
        async with servers.running() as server, httpx.AsyncClient(timeout=SECONDS) as http:
            last = inputs.save_draft(draftId="last", title="last")
            await OverHttp(http, server.graphql_url).do("saveDraft", last)
            await until(lambda: bool(told) and told[-1]["key"] == "last", SECONDS)
            await until(lambda: {it["eventId"] for it in told} <= bad.ids, SECONDS)
        following.cancel()

    log = await log_of(migrated_database_url)
    require_log(log, saves)
    assert [it["eventId"] for it in told] == [event.event_id for event in log]
    assert [it["state"] for it in told] == [_state(event) for event in log]
    require_received(bad, log)


def require_log(log: Sequence[Event], saves: Saves) -> None:
    """It has what was acknowledged once, each revision in its order, and nothing invented."""
    assert [event.position for event in log] == [*range(1, len(log) + 1)]
    revisions: Counter[str] = Counter()
    for event in log:
        revision = revisions[event.entity_key]
        assert (event.revision_before, event.revision_after) == (revision, revision + 1)
        revisions[event.entity_key] += 1
    names = Counter(_state(event)["title"] for event in log)
    assert {*names.values()} == {1}
    assert names.keys() <= {*saves.sent, "last"}
    assert names.keys() >= {*saves.acknowledged, "last"}


def require_received(receiver: BadReceiver, log: Sequence[Event]) -> None:
    """It got each event of the log, those of an entity in their order, perhaps more than once."""
    logged = {event.event_id: event for event in log}
    assert receiver.ids == logged.keys()
    positions = defaultdict(list)
    for payload in receiver.received:
        data = payload["data"]
        event = logged[data["eventId"]]
        assert (data["key"], data["revisionAfter"]) == (event.entity_key, event.revision_after)
        assert data["state"] == _state(event)
        positions[event.entity_key].append(event.position or 0)
    assert [key for key, them in positions.items() if any(b < a for a, b in pairwise(them))] == []


def _state(event: Event) -> Any:
    assert event.state is not None
    return event.state.to_python()
