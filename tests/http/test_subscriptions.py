"""What a subscription tells, on each backend."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, NoReturn

import pytest
from starlette.types import Message, Scope

from domain.delivery import DeliveryPackage
from domain.errors import Unavailable
from domain.history import Event
from domain.production import Draft
from execution import Execution
from repositories.drivers.engine import Database, open_database
from repositories.errors import WriteConflict
from repositories.factory import PersistenceMode, create_storage
from repositories.history.feed import QUEUE_EVENTS, EventSubscription
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from schema.cursors import encode_log_position
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
from tests.support.pauses import Pause, hold
from tests.support.pools import connections_in_use
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, Socket, connected, streamed
from tests.support.tasks import elsewhere

KEY = "package-1"
LOG = """subscription Log($after: String, $filter: EventFilter) {
    events(after: $after, filter: $filter) {
        cursor type key revisionAfter state changedFields
    }
}"""


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


async def save_draft(draft: Draft, unit: UnitOfWork) -> None:
    await unit.drafts.save(draft)


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
        assert await event(socket) == ("SAVED", 3)


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
            await change_something(server)
        else:
            told.put_nowait(message["body"])

    operation = parse_and_validate(server.service.schema, GraphQLRequest(FOLLOW, {"key": KEY}))
    share = server.service.pending.share()
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "headers": [],
        "client": None,
        "server": None,
    }
    stream = OperationStream(server.service, operation, media_type, build.caller(), None, share)
    serving = asyncio.create_task(stream(scope, forever, send))
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
            await change_something(server)
        told.put_nowait(text)

    scope = {
        "type": "websocket",
        "http_version": "1.1",
        "headers": [],
        "subprotocols": [PROTOCOL],
        "client": None,
        "server": None,
    }
    endpoint = WebSocketEndpoint(server.service)
    serving = asyncio.create_task(endpoint(scope, receive, send))
    async with asyncio.timeout(SECONDS):
        while "DELETED" not in await told.get():
            pass
    serving.cancel()
    await asyncio.wait({serving})


async def change_something(server: Served) -> None:
    await save(server)
    await server.api.do("deleteDeliveryPackage", {"packageId": KEY})


async def forever() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError


async def logged(socket: Socket, number: int) -> list[Json]:
    """The next events of the log."""
    return [it["payload"]["data"]["events"] for it in await socket.rest(number)]


async def test_a_client_that_comes_back_is_told_what_it_missed_and_then_goes_on(
    stored: Served,
) -> None:
    async with connected(stored.socket_url) as socket:
        await socket.subscribe("1", LOG)
        await socket.is_served()
        await save(stored)
        [seen] = await logged(socket, 1)
    for number in range(2, 5):
        await save(stored, packageId=f"package-{number}")

    async with connected(stored.socket_url) as socket:
        await socket.subscribe("1", LOG, after=seen["cursor"])
        missed = await logged(socket, 3)
        await stored.api.do("deleteDeliveryPackage", {"packageId": KEY})
        [new] = await logged(socket, 1)

    assert [it["key"] for it in missed] == ["package-2", "package-3", "package-4"]
    assert (new["type"], new["key"]) == ("DELIVERY_PACKAGE_DELETED", KEY)


async def test_what_follows_an_entity_goes_on_too(stored: Served) -> None:
    changes = """subscription ($after: String) {
        deliveryPackageChanged(packageId: "package-1", after: $after) {
            kind event { cursor revisionAfter }
        }
    }"""
    async with connected(stored.socket_url) as socket:
        await socket.subscribe("1", changes)
        await socket.is_served()
        await save(stored)
        first = (await socket.next())["payload"]["data"]["deliveryPackageChanged"]
    await save(stored)
    await save(stored, packageId="another")
    await stored.api.do("deleteDeliveryPackage", {"packageId": KEY})

    async with connected(stored.socket_url) as socket:
        await socket.subscribe("1", changes, after=first["event"]["cursor"])
        told = [it["payload"]["data"]["deliveryPackageChanged"] for it in await socket.rest(2)]

    assert [(it["kind"], it["event"]["revisionAfter"]) for it in told] == [
        ("SAVED", 2),
        ("DELETED", 0),
    ]


async def test_only_events_that_match_are_told(stored: Served) -> None:
    filter = {"types": ["DELIVERY_PACKAGE_SAVED", "DRAFT_SAVED"], "keys": ["a", "b"]}
    async with connected(stored.socket_url) as socket:
        await socket.subscribe("1", LOG, filter=filter)
        await socket.is_served()
        await save(stored, packageId="a")
        await save(stored, packageId="c")
        await stored.api.do("deleteDeliveryPackage", {"packageId": "a"})
        await stored.api.do("saveDraft", inputs.save_draft(draftId="b"))

        assert [it["key"] for it in await logged(socket, 2)] == ["a", "b"]


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (encode_log_position(7), "CURSOR_EXPIRED"),
        ("made up", "BAD_USER_INPUT"),
    ],
)
async def test_a_cursor_that_leads_nowhere_is_an_error(
    stored: Served, after: str, code: str
) -> None:
    async with connected(stored.socket_url) as socket:
        await socket.subscribe("1", LOG, after=after)
        response, end = await socket.rest(2)

    [error] = response["payload"]["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"].startswith("after: ")
    assert end == {"id": "1", "type": "complete"}


async def test_equal_subscriptions_are_executed_once(
    stored: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed = 0
    run = Execution.run

    async def count(*arguments: Any) -> Any:
        nonlocal executed
        executed += 1
        return await run(*arguments)

    async with connected(stored.socket_url) as one, connected(stored.socket_url) as two:
        for socket in (one, two):
            for number in range(5):
                await socket.subscribe(str(number), FOLLOW, key=KEY)
            await socket.subscribe("other", LOG)
            await socket.is_served()
        monkeypatch.setattr(Execution, "run", count)
        await elsewhere(
            stored.service.storage.as_(build.caller()).write(
                partial(save_record, build.package(KEY))
            )
        )
        told = [*await one.rest(6), *await two.rest(6)]

    assert executed == 2
    responses = [it["payload"]["data"] for it in told if it["id"] != "other"]
    assert responses == [responses[0]] * 10


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


async def test_a_slow_client_is_told_everything_in_order(
    stored: Served, repositories: Repositories
) -> None:
    large = build.artifacts(*(f"{number:0500}" for number in range(300)))
    last = QUEUE_EVENTS + 30
    async with streamed(stored.http, stored.url, LOG) as stream:
        await until(lambda: stored.watched == 1)
        for _ in range(last):
            package = build.package(KEY, artifacts=large)
            await elsewhere(repositories.write(partial(save_record, package)))

        told = [(await stream.next())[1]["data"]["events"] for _ in range(last)]

    assert [it["revisionAfter"] for it in told] == list(range(1, last + 1))


async def test_a_slow_client_holds_up_no_equal_subscription(
    stored: Served, repositories: Repositories
) -> None:
    """It's behind, and gets what the others got when it reads again."""
    last, body = 300, "x" * 40_000

    async def told(socket: Socket) -> list[int]:
        return [it["revisionAfter"] for it in await logged(socket, last)]

    async with connected(stored.socket_url) as slow, connected(stored.socket_url) as quick:
        for socket in (slow, quick):
            await socket.subscribe("1", LOG)
            await socket.is_served()
        telling = asyncio.create_task(told(quick))
        for _ in range(last):
            draft = build.draft(KEY, body=body)
            await elsewhere(repositories.write(partial(save_draft, draft)))

        assert await telling == [*range(1, last + 1)]
        assert await told(slow) == [*range(1, last + 1)]


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
        push, held = EventSubscription.push, asyncio.Queue[Pause]()

        def hold_what_follows(subscription: EventSubscription, event: Event) -> None:
            push(subscription, event)
            # The feed's own reads, of which there may be more, are not the ones to hold.
            monkeypatch.setattr(server.service.storage.feed, "read", lambda *_: forever())
            held.put_nowait(hold(monkeypatch, type(database.snapshot()), "rows", before=before))

        monkeypatch.setattr(EventSubscription, "push", hold_what_follows)
        repositories = server.service.storage.as_(build.caller())
        await elsewhere(repositories.write(partial(save_record, build.package(KEY))))
        reading = await held.get()
        await reading.reached.wait()
        assert connections_in_use(database) == 1
        socket.vanish()
        await until(lambda: not server.state.connections)
        reading.over.set()
        await server.idle()

    assert connections_in_use(database) == 0
