"""Automatic persisted queries: a client names a query by its hash, and sends it only when asked.

https://www.apollographql.com/docs/apollo-server/performance/apq
"""

import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from server.persisted_queries import PersistedQueries
from server.requests import GRAPHQL_RESPONSE
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.serving import Served
from tests.support.sockets import FOLLOW, Socket, connected

ASK = "query Ask($first: Int) { drafts(first: $first) { totalCount } }"
RESPONSE = {"data": {"drafts": {"totalCount": 0}}}
NOT_FOUND = {
    "message": "PersistedQueryNotFound",
    "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
}
NOT_SUPPORTED = {
    "message": "PersistedQueryNotSupported",
    "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
}


def hash_of(query: str) -> str:
    return sha256(query.encode()).hexdigest()


def named(query: str, **extensions: Any) -> Json:
    """The extensions of a request that names the query by its hash."""
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(query)}, **extensions}


async def post(server: Served, **body: Any) -> httpx.Response:
    headers = body.pop("headers", {})
    return await server.http.post(server.url, json=body, headers=headers)


async def get(server: Served, headers: Json | None = None, **parameters: Any) -> httpx.Response:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
    }
    return await server.http.get(server.url, params=texts, headers=headers)


async def is_kept(server: Served, query: str) -> bool:
    return "errors" not in (await post(server, extensions=named(query))).json()


METHODS = pytest.mark.parametrize("send", [post, get])


# Asking by a hash


@METHODS
async def test_a_query_is_asked_for_once_by_its_text_and_then_by_its_hash(
    server: Served, send: Any
) -> None:
    unknown = await send(server, extensions=named(ASK))
    registered = await send(server, query=ASK, extensions=named(ASK))
    known = await send(server, variables={"first": 1}, extensions=named(ASK), operationName="Ask")

    assert unknown.json() == {"errors": [NOT_FOUND]}
    assert registered.json() == known.json() == RESPONSE


async def test_a_hash_may_have_large_letters(server: Served) -> None:
    extensions = named(ASK)
    hash = extensions["persistedQuery"]["sha256Hash"]
    extensions["persistedQuery"]["sha256Hash"] = hash.upper()

    registered = await post(server, query=ASK, extensions=extensions)
    known = await post(server, variables={"first": 1}, extensions=named(ASK), operationName="Ask")

    assert registered.json() == known.json() == RESPONSE


@METHODS
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_RESPONSE])
async def test_that_a_query_is_not_known_is_told_by_200_and_not_to_be_cached(
    server: Served, send: Any, accept: str
) -> None:
    response = await send(server, extensions=named(ASK), headers={"Accept": accept})

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("query", ["", None])
async def test_an_empty_query_counts_as_none(server: Served, query: str | None) -> None:
    assert (await post(server, query=query, extensions=named(ASK))).json() == {
        "errors": [NOT_FOUND]
    }


async def test_other_extensions_are_respected(server: Served) -> None:
    await post(server, query=ASK, extensions=named(ASK))
    response = await post(server, extensions=named(ASK, cost=True))

    assert response.json()["extensions"]["cost"] > 0


async def test_mutations_can_be_persisted_and_are_still_refused_by_get(server: Served) -> None:
    save, variables = mutation("saveDraft"), {"input": inputs.save_draft()}
    refused = await get(server, query=save, variables=variables, extensions=named(save))
    saved = await post(server, query=save, variables=variables, extensions=named(save))
    again = await post(server, variables=variables, extensions=named(save))
    by_hash = await get(server, variables=variables, extensions=named(save))

    assert (refused.status_code, by_hash.status_code) == (405, 405)
    revisions = [it.json()["data"]["saveDraft"]["draft"]["revision"] for it in (saved, again)]
    assert revisions == [1, 2]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_what_a_page_may_send_without_asking_is_still_refused(
    server: Served, content_type: str
) -> None:
    await post(server, query=ASK, extensions=named(ASK))
    body = json.dumps({"extensions": named(ASK)})
    response = await server.http.post(
        server.url, content=body, headers={"Content-Type": content_type}
    )

    assert response.status_code == 415


# On streams and sockets


async def test_a_stream_is_answered_in_json_when_the_query_is_not_known(server: Served) -> None:
    response = await post(server, extensions=named(FOLLOW), headers={"Accept": "text/event-stream"})

    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {"errors": [NOT_FOUND]}


async def told(socket: Socket, **payload: Any) -> Json:
    await socket.send(id="1", type="subscribe", payload=payload)
    message = await socket.next()
    if message["type"] == "next":
        assert (await socket.next())["type"] == "complete"
    return message


async def test_a_socket_goes_on_when_the_query_is_not_known(server: Served) -> None:
    async with connected(server.socket_url) as socket:
        unknown = await told(socket, extensions=named(ASK))
        registered = await told(socket, query=ASK, extensions=named(ASK))
        known = await told(socket, extensions=named(ASK))

    assert unknown == {"id": "1", "type": "error", "payload": [NOT_FOUND]}
    assert registered["payload"] == known["payload"] == RESPONSE
    assert await is_kept(server, ASK)


@pytest.mark.parametrize(
    "extension",
    [{"version": 2}, {"version": 1, "sha256Hash": hash_of("{ __typename }")}],
    ids=["another version", "another hash"],
)
async def test_a_socket_goes_on_when_the_hash_is_wrong(server: Served, extension: Json) -> None:
    async with connected(server.socket_url) as socket:
        wrong = await told(socket, query=ASK, extensions={"persistedQuery": extension})

        assert wrong["type"] == "error"
        assert wrong["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
        await socket.is_served()


# What isn't kept


@METHODS
async def test_a_hash_that_is_not_the_querys_is_refused_before_anything_is_done(
    server: Served, send: Any
) -> None:
    response = await send(server, query=ASK, extensions=named("{ __typename }"))

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "sha256Hash" in error["message"]
    assert not await is_kept(server, "{ __typename }")
    assert not await is_kept(server, ASK)


async def test_a_known_query_is_not_replaced_by_another_one(server: Served) -> None:
    await post(server, query=ASK, extensions=named(ASK))
    await post(server, query="{ __typename }", extensions=named(ASK))

    assert (await post(server, extensions=named(ASK))).json() == RESPONSE


@pytest.mark.parametrize(
    "query",
    ["{", "{ nothing }", "{ __typename }" + " " * 20_000, "{" + "a: __typename " * 101 + "}"],
    ids=["no GraphQL", "not of this schema", "long", "over a limit"],
)
async def test_what_is_wrong_or_long_is_not_kept(server: Served, query: str) -> None:
    await post(server, query=query, extensions=named(query))

    assert not await is_kept(server, query)


MALFORMED: dict[str, Any] = {
    "a list": [],
    "a text": "1",
    "no version": {"sha256Hash": hash_of(ASK)},
    "another version": {"version": 2, "sha256Hash": hash_of(ASK)},
    "no hash": {"version": 1},
    "a number for the hash": {"version": 1, "sha256Hash": 1},
}


@pytest.mark.parametrize("extension", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("body", [{}, {"query": ASK}], ids=["alone", "with the query"])
async def test_what_names_no_query_is_refused(server: Served, extension: Any, body: Json) -> None:
    response = await post(server, **body, extensions={"persistedQuery": extension})

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"].startswith("extensions.persistedQuery")


async def test_null_names_no_query(server: Served) -> None:
    response = await post(server, query=ASK, extensions={"persistedQuery": None})

    assert response.json() == RESPONSE


# How much is kept


def queries(number: int) -> list[str]:
    return [f"query Number{index:03} {{ __typename }}" for index in range(number)]


def kept(store: PersistedQueries, documents: list[str]) -> list[str]:
    return [document for document in documents if store.get(hash_of(document))]


def test_the_queries_used_last_are_kept_in_so_many_bytes() -> None:
    documents = queries(100)
    store = PersistedQueries(limit=1_000)
    for document in documents:
        assert store.add(hash_of(document), document)
        store.get(hash_of(documents[0]))

    found = kept(store, documents)
    assert 1 < len(found) < 20
    assert found == [documents[0], *documents[-len(found) + 1 :]]


def test_no_more_than_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.persisted_queries.MAX_QUERIES", 3)
    documents = queries(10)
    store = PersistedQueries(limit=1_000_000)
    for document in documents:
        store.add(hash_of(document), document)

    assert kept(store, documents) == documents[-3:]


def test_a_query_that_is_kept_already_takes_nothing_more() -> None:
    first, second = queries(2)
    store = PersistedQueries(limit=1_200)
    for document in (first, *[second] * 10):
        store.add(hash_of(document), document)

    assert kept(store, [first, second]) == [first, second]


# Switched off


@METHODS
async def test_a_server_without_persisted_queries_says_so(serve: Serve, send: Any) -> None:
    server = await serve(persisted_query_bytes=0)
    response = await send(server, extensions=named(ASK))

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"errors": [NOT_SUPPORTED]}


async def test_a_server_without_persisted_queries_answers_whole_ones(serve: Serve) -> None:
    server = await serve(persisted_query_bytes=0)

    assert (await post(server, query=ASK, extensions=named(ASK))).json() == RESPONSE
    async with connected(server.socket_url) as socket:
        assert (await told(socket, extensions=named(ASK)))["payload"] == [NOT_SUPPORTED]
