"""GraphQL over server-sent events, in distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import json
from typing import Any

import httpx
import pytest

from server.stream_limits import StreamLimits
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.patience import SECONDS
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, Stream, streamed

STREAM = {"Accept": "text/event-stream"}
TITLES = "{ drafts { nodes { title } } }"
COMPLETE = ("complete", None)


def change(kind: str, key: str, revision: int | None) -> tuple[str, Json]:
    package = None if revision is None else {"revision": revision, "artifacts": []}
    told = {"kind": kind, "packageId": key, "deliveryPackage": package}
    return "next", {"data": {"deliveryPackageChanged": told}}


async def save(server: Served, key: str) -> None:
    await server.api.do("saveDeliveryPackage", inputs.save_package(packageId=key, artifacts=[]))


# Operations


async def test_a_query_is_one_event(server: Served) -> None:
    await server.api.do("saveDraft", inputs.save_draft(title="Bread"))
    async with streamed(server.http, server.url, TITLES) as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-cache"

        response = {"data": {"drafts": {"nodes": [{"title": "Bread"}]}}}
        assert await stream.next() == ("next", response)
        assert await stream.next() == COMPLETE
        assert await stream.next() == ("end", None)


async def test_a_query_can_be_sent_by_get(server: Served) -> None:
    response = await server.http.get(server.url, params={"query": "{ __typename }"}, headers=STREAM)

    assert response.text == (
        ':\n\nevent: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n'
    )


async def test_a_mutation_is_carried_out(server: Served) -> None:
    save = mutation("saveDraft")
    async with streamed(server.http, server.url, save, input=inputs.save_draft()) as stream:
        event, response = await stream.next()

        assert event == "next"
        assert response["data"]["saveDraft"]["draft"]["revision"] == 1
        assert await stream.next() == COMPLETE


async def test_a_subscription_tells_each_change_until_the_client_goes(server: Served) -> None:
    async with streamed(server.http, server.url, FOLLOW, key="a") as stream:
        await until(lambda: server.watched == 1)
        await save(server, "a")
        assert await stream.next() == change("SAVED", "a", 1)
        await save(server, "b")
        await save(server, "a")
        assert await stream.next() == change("SAVED", "a", 2)
        await server.api.do("deleteDeliveryPackage", {"packageId": "a"})
        assert await stream.next() == change("DELETED", "a", None)

    await until(lambda: server.watched == 0)


async def test_the_request_id_is_told(server: Served) -> None:
    headers = STREAM | {"X-Request-Id": "mine"}
    response = await server.http.get(server.url, params={"query": TITLES}, headers=headers)

    assert response.headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream",
        "application/json, text/event-stream",
        "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
        "application/json;q=0.9, text/event-stream;q=0.1",
    ],
)
async def test_a_subscription_is_streamed_to_who_takes_streams(server: Served, accept: str) -> None:
    """Some clients accept streams with every request."""
    body = {"query": FOLLOW, "variables": {"key": "a"}}
    async with server.http.stream(
        "POST", server.url, json=body, headers={"Accept": accept}
    ) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("application/json, text/event-stream", "application/json"),
        (
            "application/graphql-response+json, text/event-stream",
            "application/graphql-response+json",
        ),
        ("text/event-stream, */*", "application/json"),
        ("text/event-stream, application/json;q=0.5", "text/event-stream"),
        ("text/event-stream;q=0.5, application/json;q=0.4", "text/event-stream"),
    ],
)
async def test_a_query_is_streamed_to_who_prefers_it(
    server: Served, accept: str, type_: str
) -> None:
    response = await server.http.post(
        server.url, json={"query": TITLES}, headers={"Accept": accept}
    )

    assert response.headers["content-type"].partition(";")[0] == type_


# What goes wrong

ERRORS: dict[str, tuple[str, Json, str]] = {
    "a syntax error": ("{", {}, "GRAPHQL_PARSE_FAILED"),
    "an unknown field": ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
    "too many aliases": (
        "{" + "".join(f"a{i}: __typename " for i in range(101)) + "}",
        {},
        "LIMIT_EXCEEDED",
    ),
    "a missing variable": (FOLLOW, {}, "BAD_USER_INPUT"),
    "an unknown operation": ("query A { __typename } query B { __typename }", {}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize(("query", "variables", "code"), ERRORS.values(), ids=ERRORS)
async def test_graphql_errors_are_an_event(
    server: Served, query: str, variables: Json, code: str
) -> None:
    async with streamed(server.http, server.url, query, **variables) as stream:
        assert stream.response.status_code == 200
        event, response = await stream.next()

        assert event == "next"
        assert response.keys() == {"errors"}
        assert [error["extensions"]["code"] for error in response["errors"]] == [code]
        assert await stream.next() == COMPLETE


async def test_an_error_of_a_field_comes_with_the_data(server: Served) -> None:
    async with streamed(server.http, server.url, "{ qcResult { score } }") as stream:
        _, response = await stream.next()

    assert response["data"] == {"qcResult": None}
    assert response["errors"][0]["path"] == ["qcResult"]


REQUESTS: dict[str, tuple[int, dict[str, Any]]] = {
    "no JSON": (400, {"content": "{"}),
    "no query": (400, {"json": {}}),
    "variables that are a list": (400, {"json": {"query": TITLES, "variables": []}}),
    "a form": (415, {"data": {"query": TITLES}}),
    "plain text": (415, {"content": "{}", "headers": {"Content-Type": "text/plain"}}),
}


@pytest.mark.parametrize(("status", "request_"), REQUESTS.values(), ids=REQUESTS)
async def test_what_is_no_graphql_request_is_refused_in_json(
    server: Served, status: int, request_: dict[str, Any]
) -> None:
    headers = STREAM | {"Content-Type": "application/json"} | request_.get("headers", {})
    if "data" in request_:
        del headers["Content-Type"]
    response = await server.http.post(server.url, **request_ | {"headers": headers})

    assert response.status_code == status
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_mutations_are_not_sent_by_get(server: Served) -> None:
    asked = {"query": "mutation { __typename }"}
    response = await server.http.get(server.url, params=asked, headers=STREAM)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "application/json; charset=utf-8"


# By GET


async def follow_by_get(server: Served, method: str = "GET", **headers: str) -> httpx.Response:
    """The response's head; its body is left alone."""
    asked = {"query": FOLLOW, "variables": json.dumps({"key": "a"})}
    request = server.http.build_request(method, server.url, params=asked, headers=STREAM | headers)
    response = await server.http.send(request, stream=True)
    await response.aclose()
    return response


async def test_a_subscription_can_be_sent_by_get(server: Served) -> None:
    asked = {"query": FOLLOW, "variables": json.dumps({"key": "a"})}
    async with server.http.stream("GET", server.url, params=asked, headers=STREAM) as response:
        stream = Stream(response, response.aiter_lines())
        await save(server, "a")

        assert await stream.next() == change("SAVED", "a", 1)


async def test_what_is_streamed_depends_on_what_is_accepted_and_who_asks(server: Served) -> None:
    response = await follow_by_get(server)

    assert {name.strip() for name in response.headers["vary"].split(",")} == {"Accept", "Origin"}
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_only_pages_of_ours_or_of_an_allowed_origin_follow_by_get(
    serve: Serve, page: dict[str, str], status: int
) -> None:
    """A page may ask by GET without a preflight, and even without an origin; its browser says so.
    It couldn't read the response, but would take up streams."""
    server = await serve(cors_origins=("https://app.example",))
    response = await follow_by_get(server, **page)

    assert response.status_code == status


async def test_a_page_of_this_server_follows_by_get(server: Served) -> None:
    assert (await follow_by_get(server, Origin=f"http://{server.address}")).status_code == 200


async def test_nobody_follows_by_head(server: Served) -> None:
    assert (await follow_by_get(server, "HEAD")).status_code == 405


async def test_a_subscription_by_get_is_a_stream_or_nothing(server: Served) -> None:
    assert (await follow_by_get(server, Accept="application/json")).status_code == 406


async def test_a_bug_is_told_without_details(
    server: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("server.service.run", broken)
    async with streamed(server.http, server.url, TITLES) as stream:
        event, response = await stream.next()

        assert event == "next"
        assert response["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "secret" not in json.dumps(response)
        assert await stream.next() == COMPLETE
    assert [record for record in caplog.records if record.exc_info]
    caplog.clear()


# Limits and endings


async def test_so_many_streams_are_open(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(connections=1))
    async with streamed(server.http, server.url, FOLLOW, key="a"):
        refused = await server.http.get(server.url, params={"query": TITLES}, headers=STREAM)

        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
        assert refused.headers["content-type"] == "application/json; charset=utf-8"
        [error] = refused.json()["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"

        single = await server.http.get(server.url, params={"query": TITLES})
        assert single.status_code == 200
    await until(lambda: server.service.streams.in_use == 0)

    response = await server.http.get(server.url, params={"query": TITLES}, headers=STREAM)
    assert response.status_code == 200


async def test_a_silent_stream_is_kept_alive(serve: Serve) -> None:
    server = await serve(streams=StreamLimits(keep_alive_seconds=0.01))
    async with streamed(server.http, server.url, FOLLOW, key="a") as stream:
        for _ in range(5):
            await stream.comment()
        await save(server, "a")

        assert await stream.next() == change("SAVED", "a", 1)


async def test_a_client_that_vanishes_leaves_nothing_behind(server: Served) -> None:
    async with httpx.AsyncClient(timeout=SECONDS, verify=False) as http:
        streams = [
            await http.send(
                http.build_request(
                    "POST",
                    server.url,
                    json={"query": FOLLOW, "variables": {"key": str(number)}},
                    headers=STREAM,
                ),
                stream=True,
            )
            for number in range(10)
        ]
        await until(lambda: server.watched == 10)
        assert server.service.pending.in_use > 0
        for stream in streams:
            await stream.aclose()
    await server.idle()

    assert server.watched == 0
    assert server.service.streams.in_use == 0
    assert server.service.pending.in_use == 0


async def test_the_end_of_the_server_ends_streams_as_if_they_were_cut_off(server: Served) -> None:
    """Without `complete`, clients know that there is more, and connect again."""
    async with streamed(server.http, server.url, FOLLOW, key="a") as stream:
        await until(lambda: server.watched == 1)
        server.let_go()

        assert await stream.next() == ("end", None)
        await server.idle()
