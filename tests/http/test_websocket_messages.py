"""graphql-transport-ws: messages that break the protocol close the connection, and so do bugs."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from server.stream_limits import StreamLimits
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.serving import Served
from tests.support.socket_messages import TITLES
from tests.support.sockets import FOLLOW, connected, opened

# What isn't the protocol


DEEP = 100_000
MALFORMED: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "hello",
    "half of an object": '{"type": "ping"',
    "null": "null",
    "a number": "1",
    "a text": '"ping"',
    "a list": '[{"type": "ping"}]',
    "no type": "{}",
    "a type that is none": '{"type": null}',
    "a type that is a list": '{"type": ["ping"]}',
    "an unknown type": '{"type": "start"}',
    "a message of the server": '{"type": "connection_ack"}',
    "a next": '{"type": "next", "id": "1", "payload": {}}',
    "NaN": '{"type": "ping", "payload": {"a": NaN}}',
    "infinity": '{"type": "ping", "payload": {"a": -Infinity}}',
    "a number without end": '{"type": "ping", "payload": {"a": ' + "9" * 5_000 + "}}",
    "a depth without end": '{"type": "ping", "payload": ' + '{"a":' * DEEP + "1" + "}" * DEEP + "}",
    "brackets without end": "[" * DEEP,
    "bytes": b'{"type": "ping"}',
    "a byte order mark": '\ufeff{"type": "ping"}',
    "a ping's payload that is a text": '{"type": "ping", "payload": "a"}',
    "a pong's payload that is a list": '{"type": "pong", "payload": []}',
    "an init's payload that is a number": '{"type": "connection_init", "payload": 1}',
    "a complete without an id": '{"type": "complete"}',
    "a complete with a number": '{"type": "complete", "id": 1}',
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_message_closes_the_connection(
    server: Served, message: str | bytes
) -> None:
    async with opened(server.socket_url) as socket:
        await socket.send_text(message)

        code, reason = await socket.closed()
        assert code == 4400
        assert reason


SUBSCRIBES: dict[str, Json] = {
    "no id": {"payload": {"query": TITLES}},
    "null as its id": {"id": None, "payload": {"query": TITLES}},
    "a number as its id": {"id": 1, "payload": {"query": TITLES}},
    "an empty id": {"id": "", "payload": {"query": TITLES}},
    "an id without end": {"id": "1" * 201, "payload": {"query": TITLES}},
    "no payload": {"id": "1"},
    "a text as its payload": {"id": "1", "payload": TITLES},
    "no query": {"id": "1", "payload": {}},
    "a null query": {"id": "1", "payload": {"query": None}},
    "a query that is an object": {"id": "1", "payload": {"query": {}}},
    "variables that are a list": {"id": "1", "payload": {"query": TITLES, "variables": []}},
    "variables that are a text": {"id": "1", "payload": {"query": TITLES, "variables": "{}"}},
    "a name that is a number": {"id": "1", "payload": {"query": TITLES, "operationName": 1}},
    "extensions that are a text": {"id": "1", "payload": {"query": TITLES, "extensions": ""}},
}


@pytest.mark.parametrize("message", SUBSCRIBES.values(), ids=SUBSCRIBES)
async def test_a_malformed_subscribe_closes_the_connection(server: Served, message: Json) -> None:
    async with connected(server.socket_url) as socket:
        await socket.send(type="subscribe", **message)

        code, reason = await socket.closed()
        assert code == 4400
        assert reason


async def test_a_message_that_is_too_big_closes_the_connection(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(message_bytes=1_000))
    async with connected(server.socket_url) as socket:
        await socket.send(type="ping", payload={"a": "x" * 900})
        assert (await socket.next())["type"] == "pong"
        await socket.send(type="ping", payload={"a": "x" * 1_000})

        assert (await socket.closed())[0] == 1009


async def test_text_that_is_no_utf_8_closes_the_connection(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.connection.send(b'{"type": "\xff"}', text=True)

        assert (await socket.closed())[0] == 1007


JSON_VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = some.fixed_dictionaries(
    {
        "type": some.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete"])
        | JSON_VALUES
    },
    optional={
        "id": some.sampled_from(["1", "2"]) | JSON_VALUES,
        "payload": some.fixed_dictionaries(
            {},
            optional={
                "query": some.sampled_from([TITLES, "{ nothing }", FOLLOW, "{"]) | JSON_VALUES,
                "variables": some.just({"key": "1"}) | JSON_VALUES,
                "operationName": some.just("Follow") | JSON_VALUES,
                "extensions": JSON_VALUES,
            },
        )
        | JSON_VALUES,
    },
)


@settings(max_examples=150)
@given(some.lists(MESSAGES | JSON_VALUES, min_size=1, max_size=6), some.booleans())
async def test_whatever_comes_is_answered_or_closes_by_a_code(
    server: Served, messages: list[Any], initialised: bool
) -> None:
    async with opened(server.socket_url) as socket:
        if initialised:
            await socket.init()
        for message in messages:
            await socket.send_text(json.dumps(message))
        await socket.send(type="end of the test")

        code, _ = await socket.closed()
        assert code in (4400, 4401, 4409, 4429)


# Bugs


async def test_a_bug_is_told_without_details_and_logged_by_the_request_id(
    server: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("server.service.run", broken)
    async with connected(server.socket_url, headers={"X-Request-Id": "mine"}) as socket:
        await socket.subscribe("1", TITLES)
        response = await socket.next()

        assert (response["id"], response["type"]) == ("1", "error")
        [error] = response["payload"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        request_id = error["extensions"]["requestId"]
        assert request_id != "mine", "it names the operation, not the connection"
        assert "secret" not in json.dumps(response)
        await socket.is_served()
    [record] = [record for record in caplog.records if record.exc_info]
    assert request_id in record.getMessage()
    caplog.clear()


@pytest.mark.parametrize("place", ["service.parse_and_validate", "websocket.encode"])
async def test_a_bug_of_the_transport_closes_the_connection(
    server: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    async with connected(server.socket_url) as socket:

        def broken(*_: Any) -> None:
            raise RuntimeError("a secret")

        monkeypatch.setattr(f"server.{place}", broken)
        await socket.subscribe("1", TITLES)

        assert await socket.closed() == (4500, "Internal server error")
    await server.idle()
    caplog.clear()
