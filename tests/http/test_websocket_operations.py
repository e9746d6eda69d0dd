"""graphql-transport-ws: operations, beside each other and within limits."""

import asyncio

import pytest
from websockets.asyncio.client import connect

from server.stream_limits import StreamLimits
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.serving import Served, until
from tests.support.socket_messages import TITLES, save, sent, told
from tests.support.sockets import FOLLOW, connected, opened

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
