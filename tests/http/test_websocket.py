"""graphql-transport-ws by its protocol, message by message.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.stream_limits import StreamLimits
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, PROTOCOL, connected, opened

TITLES = "{ drafts { nodes { title } } }"


def sent(id: str, payload: Json) -> Json:
    return {"id": id, "type": "next", "payload": payload}


def told(id: str, kind: str, key: str, revision: int | None) -> Json:
    package = None if revision is None else {"revision": revision, "artifacts": []}
    change = {"kind": kind, "packageId": key, "deliveryPackage": package}
    return sent(id, {"data": {"deliveryPackageChanged": change}})


async def save(server: Served, key: str) -> None:
    await server.api.do("saveDeliveryPackage", inputs.save_package(packageId=key, artifacts=[]))


# The connection


async def test_a_connection_is_acknowledged(server: Served) -> None:
    async with opened(server.socket_url) as socket:
        await socket.send(type="connection_init")

        assert await socket.next() == {"type": "connection_ack"}
        assert socket.connection.subprotocol == PROTOCOL


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


# Operations


async def test_a_query_is_answered_once(server: Served) -> None:
    await server.api.do("saveDraft", inputs.save_draft(title="Bread"))
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", TITLES)

        assert await socket.rest(2) == [
            sent("1", {"data": {"drafts": {"nodes": [{"title": "Bread"}]}}}),
            {"id": "1", "type": "complete"},
        ]


async def test_a_mutation_is_carried_out(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", mutation("saveDraft"), input=inputs.save_draft())
        saved, end = await socket.rest(2)

    assert saved["payload"]["data"]["saveDraft"]["draft"]["revision"] == 1
    assert end == {"id": "1", "type": "complete"}
    assert (await server.api.ask("{ drafts { totalCount } }"))["drafts"]["totalCount"] == 1


async def test_the_operation_is_chosen_by_its_name(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        query = "query A { a: __typename } query B { b: __typename }"
        payload = {"query": query, "operationName": "B"}
        await socket.send(id="1", type="subscribe", payload=payload)

        assert await socket.next() == sent("1", {"data": {"b": "Query"}})


async def test_the_cost_is_told_to_who_asks(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        payload = {"query": TITLES, "extensions": {"cost": True}}
        await socket.send(id="1", type="subscribe", payload=payload)

        assert (await socket.next())["payload"]["extensions"] == {"cost": 21}


REFUSED: dict[str, tuple[str, Json, str]] = {
    "an empty document": (" # nothing", {}, "GRAPHQL_PARSE_FAILED"),
    "a syntax error": ("{", {}, "GRAPHQL_PARSE_FAILED"),
    "an unknown field": ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
    "too many aliases": (
        "{" + "".join(f"a{i}: __typename " for i in range(101)) + "}",
        {},
        "LIMIT_EXCEEDED",
    ),
    "a missing variable": (FOLLOW, {}, "BAD_USER_INPUT"),
    "a wrong variable": (FOLLOW, {"key": {}}, "BAD_USER_INPUT"),
    "an unknown operation": ("query A { __typename } query B { __typename }", {}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize(("query", "variables", "code"), REFUSED.values(), ids=REFUSED)
async def test_an_operation_that_is_refused_ends_in_an_error(
    server: Served, query: str, variables: Json, code: str
) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", query, **variables)

        error = await socket.next()
        assert (error["id"], error["type"]) == ("1", "error")
        assert [each["extensions"]["code"] for each in error["payload"]] == [code]

        await socket.subscribe("1", "{ __typename }")
        assert await socket.next() == sent("1", {"data": {"__typename": "Query"}})


async def test_an_error_of_a_field_comes_with_the_data(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", "{ a: __typename qcResult { score } }")
        response, end = await socket.rest(2)

    assert response["payload"]["data"] == {"a": "Query", "qcResult": None}
    assert response["payload"]["errors"][0]["path"] == ["qcResult"]
    assert end["type"] == "complete"


async def test_operations_run_beside_each_other(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        for key in ("a", "b"):
            await socket.subscribe(f"follow {key}", FOLLOW, key=key)
        await socket.subscribe("query", "{ __typename }")
        assert (await socket.next())["id"] == "query"
        assert await socket.next() == {"id": "query", "type": "complete"}
        await until(lambda: server.watched == 2)

        await save(server, "b")
        assert await socket.next() == told("follow b", "SAVED", "b", 1)
        await save(server, "a")
        assert await socket.next() == told("follow a", "SAVED", "a", 1)


async def test_a_mutation_sent_after_a_subscription_is_seen_by_it(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("follow", FOLLOW, key="package-1")
        await socket.subscribe(
            "save", mutation("saveDeliveryPackage"), input=inputs.save_package(artifacts=[])
        )
        messages = await socket.rest(3)

    assert told("follow", "SAVED", "package-1", 1) in messages


async def test_an_id_is_that_of_one_operation_at_a_time(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await socket.subscribe("1", FOLLOW, key="b")

        assert await socket.closed() == (4409, "Subscriber for 1 already exists")


async def test_the_reason_of_a_close_fits(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("é" * 200, FOLLOW, key="a")
        await socket.subscribe("é" * 200, FOLLOW, key="b")

        code, reason = await socket.closed()
        assert code == 4409
        assert len(reason.encode()) == 123


async def test_a_completed_subscription_says_nothing_more(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await until(lambda: server.watched == 1)
        await socket.complete("1")
        await until(lambda: server.watched == 0)
        await save(server, "a")

        await socket.is_served()


async def test_a_completed_id_can_be_used_again(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await socket.complete("1")
        await socket.subscribe("1", FOLLOW, key="b")
        await until(lambda: server.watched == 1)
        await save(server, "a")
        await save(server, "b")

        assert await socket.next() == told("1", "SAVED", "b", 1)


async def test_completing_what_does_not_run_does_no_harm(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await socket.complete("1")

        await socket.is_served()


# Limits


async def test_so_many_operations_run_on_one_socket(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(operations=2))
    async with connected(server.socket_url) as socket:
        for key in ("a", "b", "c"):
            await socket.subscribe(key, FOLLOW, key=key)

        error = await socket.next()
        assert (error["id"], error["type"]) == ("c", "error")
        assert error["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert "2 operations" in error["payload"][0]["message"]

        await socket.complete("a")
        await until(lambda: server.watched == 1)
        await socket.subscribe("c", FOLLOW, key="c")
        await until(lambda: server.watched == 2)


async def test_so_many_connections_are_open(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(connections=1))
    async with connected(server.socket_url):
        async with opened(server.socket_url) as second:
            code, reason = await second.closed()
            assert code == 1013
            assert "1 open streams" in reason
        assert server.service.streams.in_use == 1
    await until(lambda: server.service.streams.in_use == 0)

    async with connected(server.socket_url):
        pass


async def test_operations_share_the_memory_for_requests(serve: Serve) -> None:
    server = await serve(pending_bytes=4_000)
    async with connected(server.socket_url) as socket:
        for id in ("1", "2"):
            await socket.subscribe(id, FOLLOW, key="x" * 3_000)
        error = await socket.next()
        assert (error["id"], error["type"]) == ("2", "error")
        assert error["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"

        await socket.complete("1")
        await until(lambda: server.service.pending.in_use == 0)
        await socket.subscribe("2", FOLLOW, key="x" * 3_000)
        await until(lambda: server.watched == 1)


async def test_an_operation_that_is_completed_at_once_gives_its_memory_back(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        await asyncio.gather(socket.subscribe("1", FOLLOW, key="a"), socket.complete("1"))
        await socket.is_served()

        await until(lambda: server.service.pending.in_use == 0)
        assert server.watched == 0


async def test_messages_are_not_compressed(server: Served) -> None:
    """A few bytes on the wire could become a message of the largest size in memory."""
    async with connect(server.socket_url, compression="deflate", proxy=None) as connection:
        assert connection.protocol.extensions == []


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
