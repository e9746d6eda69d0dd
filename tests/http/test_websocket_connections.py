"""graphql-transport-ws: who may connect, how a connection begins, and how it ends.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from repositories.factory import PersistenceMode
from server.app import create_app
from server.settings import Settings
from server.stream_limits import StreamLimits
from tests.http.conftest import Serve
from tests.support.asgi import socket_to
from tests.support.graphql import Json
from tests.support.serving import Served, until
from tests.support.socket_messages import TITLES, save
from tests.support.sockets import FOLLOW, PROTOCOL, connected, opened

# The connection


async def test_a_connection_is_acknowledged(server: Served) -> None:
    async with opened(server.socket_url) as socket:
        await socket.send(type="connection_init")

        assert await socket.next() == {"type": "connection_ack"}
        assert socket.connection.subprotocol == PROTOCOL


async def test_a_server_that_is_a_part_of_another_one_is_reached_below_its_path() -> None:
    settings: dict[str, Any] = {"persistence_mode": PersistenceMode.INMEMORY}
    app = create_app(Settings(**settings))
    async with (
        app.router.lifespan_context(app),
        socket_to(app, {}, root_path="/v1") as socket,
    ):
        await socket.send(type="connection_init")

        assert await socket.next() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [None, {}, {"token": "secret", "deep": [{}]}])
async def test_what_the_client_says_of_itself_is_welcome(server: Served, payload: Any) -> None:
    async with opened(server.socket_url) as socket:
        await socket.send(type="connection_init", payload=payload)

        assert await socket.next() == {"type": "connection_ack"}


async def test_who_does_not_initialise_in_time_is_turned_out(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(init_seconds=0.05))
    async with opened(server.socket_url) as socket:
        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_other_messages_do_not_put_off_the_initialisation(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(init_seconds=0.05))
    async with opened(server.socket_url) as socket:
        await socket.send(type="ping")

        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_who_has_initialised_may_be_silent(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun = asyncio.timeout, list[asyncio.Timeout]()

    def noted(seconds: float | None) -> asyncio.Timeout:
        timeout = begin(seconds)
        if seconds == 77:
            begun.append(timeout)
        return timeout

    monkeypatch.setattr(asyncio, "timeout", noted)
    server = await serve(streams=StreamLimits(init_seconds=77))
    async with connected(server.socket_url) as patient:
        [until_init] = begun

        assert until_init.when() is None
        await patient.is_served()


async def test_a_second_initialisation_is_one_too_many(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.send(type="connection_init")

        assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_nothing_runs_before_the_acknowledgement(server: Served) -> None:
    async with opened(server.socket_url) as socket:
        await socket.subscribe("1", TITLES)

        assert await socket.closed() == (4401, "Unauthorized")


async def test_a_ping_is_answered_at_any_time(server: Served) -> None:
    async with opened(server.socket_url) as socket:
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}

        await socket.init()
        await socket.send(type="ping", payload=None)
        assert await socket.next() == {"type": "pong"}


@pytest.mark.parametrize(
    "payload", [{}, {"a": [1, {"b": None}]}, {"lone": "\ud800"}, {"large": 10**40}]
)
async def test_a_ping_gets_its_payload_back(server: Served, payload: Json) -> None:
    async with connected(server.socket_url) as socket:
        await socket.send(type="ping", payload=payload)

        assert await socket.next() == {"type": "pong", "payload": payload}


async def test_a_pong_nobody_asked_for_does_no_harm(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.send(type="pong", payload={"a": 1})

        await socket.is_served()


@pytest.mark.parametrize("levels", [250, 500, *range(900, 1_000, 9)])
async def test_a_deep_payload_is_sent_back_or_closes_the_connection(
    server: Served, levels: int
) -> None:
    payload = '{"a":' * levels + "1" + "}" * levels
    async with connected(server.socket_url) as socket:
        await socket.send_text(f'{{"type": "ping", "payload": {payload}}}')
        await socket.send(type="end of the test")

        assert (await socket.closed())[0] == 4400


# Who may connect


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["mqtt", "chat"]], ids=" ".join)
async def test_no_other_protocol_is_spoken(server: Served, protocols: list[str]) -> None:
    async with opened(server.socket_url, *protocols) as socket:
        assert await socket.closed() == (
            4406,
            "Subprotocol not acceptable: speak graphql-transport-ws",
        )


async def test_the_protocol_is_chosen_among_others(server: Served) -> None:
    async with opened(server.socket_url, "graphql-ws", PROTOCOL) as socket:
        await socket.init()

        assert socket.connection.subprotocol == PROTOCOL


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://[::1",
        "file://",
    ],
)
async def test_pages_of_other_origins_are_refused(server: Served, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server.socket_url, origin=origin):
            pass

    response = refused.value.response
    assert response.status_code == 403
    [error] = json.loads(response.body)["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_pages_of_this_server_are_welcome(server: Served) -> None:
    async with connected(server.socket_url, origin=f"http://{server.address}"):
        pass


async def test_pages_of_allowed_origins_are_welcome(serve: Serve) -> None:
    server = await serve(cors_origins=("https://app.example",))
    async with connected(server.socket_url, origin="https://app.example"):
        pass
    with pytest.raises(InvalidStatus):
        async with opened(server.socket_url, origin="https://app.example.evil.example"):
            pass


async def test_a_name_that_is_not_ours_is_refused(server: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server.socket_url, headers={"Host": "evil.example"}):
            pass

    assert refused.value.response.status_code == 400


# Endings


async def test_a_client_that_vanishes_leaves_nothing_behind(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        for number in range(20):
            await socket.subscribe(str(number), FOLLOW, key=str(number))
        await until(lambda: server.watched == 20)

        socket.vanish()
        await server.idle()

    assert server.watched == 0
    assert server.service.streams.in_use == 0
    assert server.service.pending.in_use == 0


async def test_a_client_that_says_goodbye_leaves_nothing_behind(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await until(lambda: server.watched == 1)
    await server.idle()

    assert server.watched == 0


async def test_who_broke_the_protocol_leaves_nothing_behind(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await until(lambda: server.watched == 1)
        await socket.send_text("?")
        assert (await socket.closed())[0] == 4400
        await server.idle()

    assert server.watched == 0


async def test_the_end_of_the_server_closes_sockets(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await until(lambda: server.watched == 1)
        server.let_go()

        assert (await socket.closed())[0] == 1012
        await server.idle()


async def test_events_of_the_last_moment_do_not_trouble_who_is_gone(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        for number in range(10):
            await socket.subscribe(str(number), FOLLOW, key="a")
        await until(lambda: len(asyncio.all_tasks()) > 10)
        saves = asyncio.gather(*(save(server, "a") for _ in range(5)))
        socket.vanish()
        await saves
    await server.idle()
