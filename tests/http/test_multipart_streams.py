"""Subscriptions as parts of a multipart message, as Apollo's clients read them.

https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from server.stream_limits import StreamLimits
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.patience import SECONDS
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW

PARTS = {"Accept": "multipart/mixed;subscriptionSpec=1.0"}
TITLES = "{ drafts { nodes { title } } }"
CONTENT_TYPE = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
HEARTBEAT: Json = {}
END = "end"


@dataclass(frozen=True, slots=True)
class Parts:
    """A multipart response, and what has come of it."""

    response: httpx.Response
    chunks: AsyncIterator[bytes]
    received: bytearray

    async def next(self, *, heartbeats: bool = False) -> Any:
        """The next part's JSON, once its closing delimiter is there; `END` after the last one."""
        while True:
            part = await self._next()
            if heartbeats or part != HEARTBEAT:
                return part

    async def _next(self) -> Any:
        async with asyncio.timeout(SECONDS):
            while self.received.count(b"\r\n--graphql") < 2 and b"--graphql--" not in self.received:
                self.received.extend(await anext(self.chunks))
        if self.received.startswith(b"\r\n--graphql--"):
            assert self.received == b"\r\n--graphql--\r\n"
            return END
        part, delimiter, rest = self.received[11:].partition(b"\r\n--graphql")
        self.received[:] = delimiter + rest
        head, _, body = part.partition(b"\r\n\r\n")
        assert head == b"\r\nContent-Type: application/json"
        return json.loads(body)


@asynccontextmanager
async def parts(server: Served, query: str, **variables: Any) -> AsyncIterator[Parts]:
    body = {"query": query, "variables": variables}
    async with server.http.stream("POST", server.url, json=body, headers=PARTS) as response:
        yield Parts(response, response.aiter_bytes(), bytearray())


async def save(server: Served, key: str) -> None:
    await server.api.do("saveDeliveryPackage", inputs.save_package(packageId=key, artifacts=[]))


async def test_a_subscription_tells_each_change_until_the_client_goes(server: Served) -> None:
    async with parts(server, FOLLOW, key="a") as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["content-type"] == CONTENT_TYPE
        assert await stream.next(heartbeats=True) == HEARTBEAT
        for revision in (1, 2):
            await save(server, "a")
            told = await stream.next()
            change = told["payload"]["data"]["deliveryPackageChanged"]
            assert told.keys() == {"payload"}
            assert change["deliveryPackage"]["revision"] == revision

    await until(lambda: server.watched == 0)


async def test_a_message_is_multipart_for_whoever_reads_it_whole(server: Served) -> None:
    await server.api.do("saveDraft", inputs.save_draft(title="--graphql"))
    response = await server.http.post(server.url, json={"query": TITLES}, headers=PARTS)

    head = f"Content-Type: {response.headers['content-type']}\r\n".encode()
    message = message_from_bytes(head + response.content)
    assert message.is_multipart()
    payloads: Any = [part.get_payload() for part in message.walk() if not part.is_multipart()]
    told = {"data": {"drafts": {"nodes": [{"title": "--graphql"}]}}}
    assert [json.loads(payload) for payload in payloads] == [HEARTBEAT, {"payload": told}]


@pytest.mark.parametrize(
    ("query", "code"),
    [("{", "GRAPHQL_PARSE_FAILED"), ("{ nothing }", "GRAPHQL_VALIDATION_FAILED")],
)
async def test_graphql_errors_are_a_payload(server: Served, query: str, code: str) -> None:
    async with parts(server, query) as stream:
        told = await stream.next()

        assert told.keys() == {"payload"}
        assert told["payload"].keys() == {"errors"}
        assert told["payload"]["errors"][0]["extensions"]["code"] == code
        assert await stream.next() == END


async def test_a_silent_stream_has_heartbeats(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(keep_alive_seconds=0.01))
    async with parts(server, FOLLOW, key="a") as stream:
        for _ in range(5):
            assert await stream.next(heartbeats=True) == HEARTBEAT


async def test_the_end_of_the_server_is_an_error_of_the_transport(server: Served) -> None:
    async with parts(server, FOLLOW, key="a") as stream:
        await until(lambda: server.watched == 1)
        server.let_go()

        told = await stream.next()
        assert told["payload"] is None
        assert [error["extensions"]["code"] for error in told["errors"]] == ["UNAVAILABLE"]
        assert await stream.next() == END
        await server.idle()


async def test_what_is_no_graphql_request_is_refused_in_json(server: Served) -> None:
    response = await server.http.post(server.url, json={}, headers=PARTS)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json; charset=utf-8"


APOLLO = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"
    ",application/graphql-response+json,application/json;q=0.9"
)


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        (APOLLO, "multipart/mixed"),
        ('multipart/mixed; subscriptionSpec="1.0", application/json', "multipart/mixed"),
        ("text/event-stream, multipart/mixed;subscriptionSpec=1.0", "text/event-stream"),
        ("text/event-stream;q=0.5, multipart/mixed;subscriptionSpec=1.0", "multipart/mixed"),
        ("text/event-stream, multipart/mixed", "text/event-stream"),
        ("multipart/mixed, application/json", "application/json"),
        ("multipart/mixed;deferSpec=20220824, application/json", "application/json"),
        ("multipart/mixed;subscriptionSpec=2.0, application/json", "application/json"),
    ],
)
async def test_who_names_the_protocol_gets_it(server: Served, accept: str, type_: str) -> None:
    """Other multipart responses belong to @defer and @stream, which aren't spoken here."""
    body = {"query": FOLLOW, "variables": {"key": "a"}}
    async with server.http.stream(
        "POST", server.url, json=body, headers={"Accept": accept}
    ) as response:
        assert response.headers["content-type"].partition(";")[0] == type_
        assert response.status_code == (406 if type_ == "application/json" else 200)


@pytest.mark.parametrize(
    ("query", "directive"),
    [
        ("{ ... @defer { drafts { totalCount } } }", "defer"),
        ("{ drafts { nodes @stream { title } } }", "stream"),
    ],
)
async def test_incremental_delivery_is_not_spoken(
    server: Served, query: str, directive: str
) -> None:
    headers = {"Accept": "multipart/mixed;deferSpec=20220824, application/json"}
    response = await server.http.post(server.url, json={"query": query}, headers=headers)

    [error] = response.json()["errors"]
    assert error["message"] == f"Unknown directive '@{directive}'."
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


async def test_a_query_is_answered_once_to_who_takes_that_as_well(server: Served) -> None:
    response = await server.http.post(
        server.url, json={"query": TITLES}, headers={"Accept": APOLLO}
    )

    assert response.headers["content-type"].startswith("application/graphql-response+json")
