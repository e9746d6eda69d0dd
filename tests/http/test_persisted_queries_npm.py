"""Persisted queries with the clients that frontends use: Apollo Client's and urql's."""

import asyncio
import json
from typing import Any

import pytest

from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.serving import Served
from tests.tools import node_tools

pytestmark = pytest.mark.timeout(300)

CLIENTS = {
    "apollo-post": ("POST", "POST"),
    "apollo-get": ("GET", "POST"),
    "urql-post": ("POST", "POST"),
    "urql-get": ("GET", "GET"),
}
"""How each client sends a query's hash, and the query that it's then asked for."""


async def seen(server: Served) -> dict[str, list[Json]]:
    """The results of each client for a query and a mutation, each twice, and its requests."""
    script = ("persisted_queries.mjs", server.url, *CLIENTS)
    found: Any = json.loads(await asyncio.to_thread(node_tools().run, *script))
    return dict(found)


def outcome(asked: list[Json]) -> list[Any]:
    """The responses to the two queries, and the revisions that the two mutations made."""
    assert [it.get("error") for it in asked] == [None] * 4
    queries, saves = asked[:2], asked[2:]
    return [
        *(it["data"]["__typename"] for it in queries),
        *(it["data"]["saveDraft"]["draft"]["revision"] for it in saves),
    ]


async def test_a_query_is_sent_once_and_then_named_by_its_hash(server: Served) -> None:
    found = await seen(server)

    assert [outcome(asked) for asked in found.values()] == [["Query", "Query", 1, 2]] * 4
    for client, (hashed, whole) in CLIENTS.items():
        assert [it["sent"] for it in found[client]] == [
            [f"{hashed} hash", f"{whole} query hash"],
            [f"{hashed} hash"],
            ["POST hash", "POST query hash"],
            ["POST hash"],
        ]


async def test_clients_send_whole_queries_to_a_server_without_persisted_ones(serve: Serve) -> None:
    found = await seen(await serve(persisted_query_bytes=0))

    assert [outcome(asked) for asked in found.values()] == [["Query", "Query", 1, 2]] * 4
    for client, (hashed, whole) in CLIENTS.items():
        assert [it["sent"] for it in found[client]] == [
            [f"{hashed} hash", f"{whole} query"],
            *[["POST query"]] * 3,
        ]
