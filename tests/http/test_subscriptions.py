"""What a subscription tells, on each backend."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, NoReturn

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from domain.changes import Change, ChangeKind
from domain.delivery import DeliveryPackage
from domain.errors import Unavailable
from repositories.drivers.engine import Database, open_database
from repositories.errors import WriteConflict
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from schema.execute import GraphQLRequest, parse_and_validate
from server.requests import STREAMS
from server.streams import OperationStream
from server.websocket import PROTOCOL, WebSocketEndpoint
from tests import builders as build
from tests import inputs
from tests.conftest import close_database
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.interference import Interfered, Raising
from tests.support.patience import SECONDS
from tests.support.pauses import hold
from tests.support.pools import connections_in_use
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, Socket, connected, streamed
from tests.support.tasks import elsewhere

KEY = "package-1"


@pytest.fixture
def pool_size() -> int:
    """All that subscriptions do, they do on one connection."""
    return 1


@pytest.fixture
async def stored(storage: Storage, serve: Serve) -> Served:
    """A server on each backend in turn."""
    return await serve(storage)


async def follow(server: Served, socket: Socket, key: str = KEY) -> None:
    """Returns when the socket follows the package."""
    before = server.watched
    await socket.subscribe(key, FOLLOW, key=key)
    await until(lambda: server.watched == before + 1)


async def event(socket: Socket) -> tuple[str, int | None]:
    """The kind of the next one, and the revision that it comes with."""
    change = (await socket.next())["payload"]["data"]["deliveryPackageChanged"]
    assert change["packageId"] == KEY
    package = change["deliveryPackage"]
    return change["kind"], package and package["revision"]


async def save_record(package: DeliveryPackage, unit: UnitOfWork) -> None:
    await unit.delivery_packages.save(package)


async def save(server: Served, **changes: Any) -> None:
    await server.api.do("saveDeliveryPackage", inputs.save_package(**changes))


# What is told


async def test_a_save_and_a_deletion_are_told(stored: Served) -> None:
    async with connected(stored.socket_url) as socket:
        await follow(stored, socket)
        await save(stored)
        assert await event(socket) == ("SAVED", 1)
        await save(stored)
        assert await event(socket) == ("SAVED", 2)
        await stored.api.do("deleteDeliveryPackage", {"packageId": KEY})
        assert await event(socket) == ("DELETED", None)
        await save(stored)
        assert await event(socket) == ("SAVED", 1)


async def test_everybody_who_follows_is_told(stored: Served) -> None:
    async with (
        connected(stored.socket_url) as one,
        connected(stored.socket_url) as two,
        streamed(stored.http, stored.url, FOLLOW, key=KEY) as stream,
    ):
        await until(lambda: stored.watched == 1)
        await one.subscribe("1", FOLLOW, key=KEY)
        await two.subscribe("2", FOLLOW, key=KEY)
        await one.is_served()
        await two.is_served()
        await save(stored)

        told = [(await one.next())["payload"], (await two.next())["payload"]]
        _, streamed_event = await stream.next()
        assert told == [streamed_event, streamed_event]


async def test_what_was_refused_is_not_told(stored: Served) -> None:
    async with connected(stored.socket_url) as socket:
        await follow(stored, socket)
        await stored.api.refuse("deleteDeliveryPackage", {"packageId": KEY})
        for input in (
            inputs.save_package(expectedRevision=1),
            inputs.save_package(artifacts=[inputs.artifact(url="nowhere")]),
        ):
            await stored.api.refuse("saveDeliveryPackage", input)
        await save(stored)
        assert await event(socket) == ("SAVED", 1)
        await stored.api.refuse("deleteDeliveryPackage", {"packageId": KEY, "expectedRevision": 7})
        await save(stored)

        assert await event(socket) == ("SAVED", 2)


async def test_what_was_rolled_back_is_not_told(stored: Served, repositories: Repositories) -> None:
    async def work(unit: UnitOfWork) -> None:
        await unit.delivery_packages.save(build.package(KEY))
        raise KeyError

    async with connected(stored.socket_url) as socket:
        await follow(stored, socket)
        with pytest.raises(KeyError):
            await elsewhere(repositories.write(work))
        await save(stored)

        assert await event(socket) == ("SAVED", 1)


async def test_what_had_to_be_repeated_is_told_once(
    stored: Served, repositories: Repositories
) -> None:
    attempts = 0

    async def work(unit: UnitOfWork) -> None:
        nonlocal attempts
        attempts += 1
        await unit.delivery_packages.save(build.package(KEY))
        if attempts < 3:
            raise WriteConflict

    async with connected(stored.socket_url) as socket:
        await follow(stored, socket)
        await elsewhere(repositories.write(work))
        assert await event(socket) == ("SAVED", 1)
        await save(stored)

        assert await event(socket) == ("SAVED", 2), "nothing more was told of the first"


async def test_nothing_is_told_before_the_commit(
    database: Database, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve(create_storage(PersistenceMode.DB, database))
    async with connected(server.socket_url) as socket:
        await follow(server, socket)
        commit = hold(monkeypatch, type(database.transaction(single_statement=True)), "commit")
        saving = asyncio.create_task(save(server))
        await commit.reached.wait()
        await socket.is_served()

        commit.over.set()
        assert await event(socket) == ("SAVED", 1)
        await saving


async def test_nothing_is_told_of_anything_else(stored: Served) -> None:
    async with connected(stored.socket_url) as socket:
        await follow(stored, socket)
        await save(stored, packageId="package-2")
        await stored.api.do("saveDraft", inputs.save_draft(draftId=KEY))
        await stored.api.do("recordQcResult", inputs.record_result(resultId=KEY))
        await stored.api.do("saveStrategyPlan", inputs.save_plan(strategyId=KEY))
        await stored.api.do("approveStrategyPlan", inputs.decide_plan(strategyId=KEY))
        await stored.api.do("deleteDraft", {"draftId": KEY})
        await stored.api.do("deleteDeliveryPackage", {"packageId": "package-2"})

        await socket.is_served()


# From when on


@pytest.mark.parametrize("media_type", STREAMS)
async def test_a_stream_tells_all_that_happens_once_its_headers_are_sent(
    server: Served, media_type: str
) -> None:
    """A client that has seen them may save at once, and wait for what it's told of that."""
    told = asyncio.Queue[bytes]()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            change_something(server)
        else:
            told.put_nowait(message["body"])

    operation = parse_and_validate(server.service.schema, GraphQLRequest(FOLLOW, {"key": KEY}))
    share = server.service.pending.share()
    stream = OperationStream(server.service, operation, media_type, build.caller(), share)
    serving = asyncio.create_task(stream({"type": "http", "method": "POST"}, forever, send))
    async with asyncio.timeout(SECONDS):
        while b"DELETED" not in await told.get():
            pass
    serving.cancel()
    await asyncio.wait({serving})


async def test_a_socket_tells_all_that_happens_once_a_later_message_is_answered(
    server: Served,
) -> None:
    """Who pings after a subscription knows by the pong that it has begun."""
    messages = (
        {"type": "connection_init"},
        {"type": "subscribe", "id": "1", "payload": {"query": FOLLOW, "variables": {"key": KEY}}},
        {"type": "ping"},
    )
    incoming = iter(
        [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": json.dumps(message)} for message in messages),
        ]
    )
    told = asyncio.Queue[str]()

    async def receive() -> Message:
        return next(incoming, None) or await forever()

    async def send(message: Message) -> None:
        text = message.get("text", "")
        if '"pong"' in text:
            change_something(server)
        told.put_nowait(text)

    scope = {"type": "websocket", "headers": [], "subprotocols": [PROTOCOL]}
    endpoint = WebSocketEndpoint(server.service)
    serving = asyncio.create_task(endpoint(WebSocket(scope, receive, send)))
    async with asyncio.timeout(SECONDS):
        while "DELETED" not in await told.get():
            pass
    serving.cancel()
    await asyncio.wait({serving})


def change_something(server: Served) -> None:
    changes = server.service.storage.changes
    changes.publish([Change(ChangeKind.DELETED, DeliveryPackage, KEY)])


async def forever() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError


# With what it's told


async def test_every_event_has_a_revision_and_its_artifacts(stored: Served) -> None:
    """However many writers there are: each revision here has as many artifacts."""
    last = 12
    async with connected(stored.socket_url) as socket:
        await follow(stored, socket)

        async def write() -> None:
            for revision in range(1, last + 1):
                await save(stored, artifacts=inputs.artifacts(*map(str, range(revision))))

        writing = asyncio.create_task(write())
        told: list[Json] = []
        while not told or told[-1]["revision"] < last:
            message = await socket.next()
            told.append(message["payload"]["data"]["deliveryPackageChanged"]["deliveryPackage"])
        await writing

    for package in told:
        names = [artifact["name"] for artifact in package["artifacts"]]
        assert names == [str(number) for number in range(package["revision"])]


async def test_a_slow_client_misses_some_but_never_the_last(
    stored: Served, repositories: Repositories
) -> None:
    large = build.artifacts(*(f"{number:0500}" for number in range(300)))
    last = 60
    read: list[Json] = []
    async with streamed(stored.http, stored.url, FOLLOW, key=KEY) as stream:
        await until(lambda: stored.watched == 1)
        for revision in range(1, last + 1):
            package = build.package(KEY, artifacts=large if revision < last else ())
            await elsewhere(repositories.write(partial(save_record, package)))

        while not read or read[-1]["revision"] < last:
            _, answer = await stream.next()
            read.append(answer["data"]["deliveryPackageChanged"]["deliveryPackage"])

    revisions = [package["revision"] for package in read]
    assert len(revisions) < last
    assert revisions == sorted(revisions)
    assert read[-1]["artifacts"] == []


async def test_an_event_that_cannot_be_read_is_an_error_and_not_the_end(
    storage: Storage, repositories: Repositories, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    is_down = True

    def instead(real: Any) -> Any:
        return Raising(Unavailable("The database can't be reached.")) if is_down else real

    server = await serve(Interfered(storage, "delivery_packages", instead))
    async with connected(server.socket_url) as socket:
        await follow(server, socket)
        await elsewhere(repositories.write(partial(save_record, build.package(KEY))))
        failed = (await socket.next())["payload"]
        assert failed["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        is_down = False
        await save(server)

        assert await event(socket) == ("SAVED", 2)
    caplog.clear()


# What it takes


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url, pool_size=1)
    yield database
    await close_database(database)


async def test_who_waits_for_changes_holds_no_connection(database: Database, serve: Serve) -> None:
    server = await serve(create_storage(PersistenceMode.DB, database))
    async with connected(server.socket_url) as socket:
        for number in range(10):
            await socket.subscribe(str(number), FOLLOW, key=KEY)
        await socket.is_served()
        assert connections_in_use(database) == 0

        await save(server)
        assert len({(await socket.next())["id"] for _ in range(10)}) == 10
        await until(lambda: connections_in_use(database) == 0)


@pytest.mark.parametrize("before", [True, False])
async def test_who_vanishes_in_the_middle_of_an_event_gives_its_connection_back(
    database: Database, serve: Serve, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    server = await serve(create_storage(PersistenceMode.DB, database))
    async with connected(server.socket_url) as socket:
        await follow(server, socket)
        reading = hold(monkeypatch, type(database.snapshot()), "rows", before=before)
        server.service.storage.changes.publish([Change(ChangeKind.SAVED, DeliveryPackage, KEY)])
        await reading.reached.wait()
        assert connections_in_use(database) == 1
        socket.vanish()
        await until(lambda: not server.state.connections)
        reading.over.set()
        await server.idle()

    assert connections_in_use(database) == 0
