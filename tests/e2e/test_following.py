"""Subscribers are told what any of the server processes on a database changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import make_url

from repositories.drivers.engine import open_database
from repositories.drivers.postgresql_connector import PostgresConnection
from repositories.factory import PersistenceMode, create_storage
from tests import builders as build
from tests import inputs
from tests.support.graphql import Json
from tests.support.patience import SECONDS
from tests.support.servers import OverHttp, Server, running_server, stored_in
from tests.support.sockets import Socket, connected

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


TAKEOVER_SECONDS = 5
"""Within what time subscribers are told again after the server that gives positions was killed."""


@dataclass(frozen=True, slots=True)
class Both:
    """Two servers on one database, with what their subscribers are told of the whole log."""

    servers: Mapping[str, Server]
    sockets: Mapping[str, Socket]
    http: httpx.AsyncClient

    def api(self, name: str) -> OverHttp:
        return OverHttp(self.http, self.servers[name].graphql_url)

    async def save(self, name: str, *keys: str) -> None:
        """By the server of this name."""
        for key in keys:
            await self.api(name).do("saveDraft", inputs.save_draft(draftId=key))

    async def told(self, name: str, number: int) -> list[Json]:
        """The next events that the subscriber of the server is told of."""
        messages = await self.sockets[name].rest(number)
        return [message["payload"]["data"]["events"] for message in messages]

    def other(self, name: str) -> str:
        [other] = self.servers.keys() - {name}
        return other


@asynccontextmanager
async def both(postgresql_url: str, folder: Path) -> AsyncIterator[Both]:
    """Each has its own name at the database."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=SECONDS))
        servers, sockets = {}, {}
        for name in ("one", "two"):
            url = make_url(postgresql_url).update_query_dict({"application_name": name})
            settings = {
                **stored_in(url.render_as_string(hide_password=False)),
                # They look for what is due all the time, and whoever commits looks for events.
                "AICMO_WEBHOOK_CONCURRENCY": "0",
            }
            servers[name] = stack.enter_context(running_server(settings, folder / f"{name}.log"))
        for name, server in servers.items():
            address = server.graphql_url.replace("http", "ws")
            sockets[name] = await stack.enter_async_context(connected(address))
            await sockets[name].subscribe("1", f"subscription {{ {TOLD} }}")
            await sockets[name].is_served()
        yield Both(servers, sockets, http)


TOLD = "events { cursor key revisionBefore revisionAfter }"


async def log_of(servers: Both, name: str) -> list[Json]:
    data = await servers.api(name).ask(
        "{ events(first: 100) { edges { cursor node { key revisionBefore revisionAfter } } } }"
    )
    return [{"cursor": it["cursor"], **it["node"]} for it in data["events"]["edges"]]


async def test_a_server_killed_while_it_gives_positions_is_replaced_by_another(
    postgresql_url: str, tmp_path: Path
) -> None:
    database = open_database(postgresql_url)
    assert database.postgres is not None
    keys = [f"key-{number % 3}" for number in range(9)]
    async with both(postgresql_url, tmp_path) as servers:
        sequencer, blocker = [await database.postgres.connect() for _ in range(2)]
        # Nobody gives positions until all events are there; whoever does it then, is held there.
        async with sequencer.transaction():
            await sequencer.fetchval("SELECT sequence_events(1, '0 s')")
            for number, key in enumerate(keys):
                await servers.save(("one", "two")[number % 2], key)
            held = blocker.transaction()
            await held.start()
            await blocker.fetchval("SELECT id FROM events ORDER BY id DESC LIMIT 1 FOR UPDATE")
        killed = await who_is_held(sequencer)
        left = servers.other(killed)

        servers.servers[killed].kill()
        await held.rollback()
        async with asyncio.timeout(TAKEOVER_SECONDS):
            told = await servers.told(left, len(keys))

        await servers.save(left, *keys)
        told += await servers.told(left, len(keys))
        assert told == await log_of(servers, left)
        for connection in (sequencer, blocker):
            connection.terminate()
    await database.close()
    assert [event["key"] for event in told] == 2 * keys
    require_whole(told)


async def who_is_held(connection: PostgresConnection) -> str:
    """The name of the server that gives positions and waits for somebody in the middle of it."""
    async with asyncio.timeout(SECONDS):
        while True:
            name: str | None = await connection.fetchval(
                "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
                "AND cardinality(pg_blocking_pids(pid)) > 0 AND query LIKE '%sequence_events%'"
            )
            if name is not None:
                return name
            await asyncio.sleep(0.01)


async def test_a_server_killed_amid_saves_leaves_nothing_untold(
    postgresql_url: str, tmp_path: Path
) -> None:
    acknowledged: list[str] = []
    many = 60

    async def save_at(servers: Both, name: str, writer: int) -> None:
        """Until there are enough, or the server is gone."""
        while len(acknowledged) < 2 * many:
            key = f"key-{writer}-{len(acknowledged) % 5}"
            try:
                await servers.save(name, key)
            except httpx.HTTPError:
                assert name == "one"
                return
            acknowledged.append(key)
            if len(acknowledged) == many:
                servers.servers["one"].kill()

    async with both(postgresql_url, tmp_path) as servers:
        async with asyncio.TaskGroup() as writers:
            for writer in range(6):
                writers.create_task(save_at(servers, ("one", "two")[writer % 2], writer))
        told: list[Json] = []
        for key in ("last", "after the last"):
            async with asyncio.timeout(TAKEOVER_SECONDS):
                await save_and_die(postgresql_url, key)
                while not told or told[-1]["key"] != key:
                    told += await servers.told("two", 1)

    require_whole(told)
    # What wasn't acknowledged may have been stored.
    assert not Counter(acknowledged) - Counter(event["key"] for event in told)


async def save_and_die(url: str, key: str) -> None:
    """What a server does that is killed between a commit and the event's position."""
    database = open_database(url)
    storage = create_storage(PersistenceMode.DB, database)
    await storage.as_(build.caller()).write(lambda unit: unit.drafts.save(build.draft(key)))
    await database.close()


def require_whole(told: Sequence[Json]) -> None:
    """Each event comes once, and those of a key are in the order of its revisions."""
    assert len({event["cursor"] for event in told}) == len(told)
    revisions: Counter[str] = Counter()
    for event in told:
        assert event["revisionBefore"] == revisions[event["key"]]
        assert event["revisionAfter"] == revisions[event["key"]] + 1
        revisions[event["key"]] += 1
