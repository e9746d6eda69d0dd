"""The schema as a file: where tools fetch it from, and that production keeps it unless told to."""

import asyncio
import json

import pytest

from schema.export import exported_schema
from tests.http.conftest import Serve
from tests.support.sdl import client_schema, own_types
from tests.support.serving import Served
from tests.tools import node_tools


def address(server: Served) -> str:
    return f"{server.url}/schema.graphql"


async def test_the_file_is_the_schema(server: Served) -> None:
    response = await server.http.get(address(server))

    assert response.status_code == 200
    assert response.text == exported_schema()
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_who_has_it_is_told_that_it_is_the_same(server: Served) -> None:
    first = await server.http.get(address(server))
    etag = first.headers["etag"]

    for given, status in [
        (etag, 304),
        (f"W/{etag}", 304),
        (f'"other", {etag}', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
    ]:
        again = await server.http.get(address(server), headers={"If-None-Match": given})
        assert (again.status_code, bool(again.content)) == (status, status == 200), given
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("publish", [False, True])
async def test_in_production_it_is_there_if_the_setting_says_so(
    serve: Serve, publish: bool
) -> None:
    server = await serve(production=True, publish_schema=publish)

    response = await server.http.get(address(server))

    assert response.status_code == (200 if publish else 404)
    assert (response.text == exported_schema()) == publish
    introspection = await server.api.send("{ __schema { description } }")
    assert introspection.keys() == {"errors"}


async def test_it_can_only_be_read(server: Served) -> None:
    assert (await server.http.head(address(server))).status_code == 200
    assert (await server.http.post(address(server), json={})).status_code == 405


async def test_code_generators_load_it_where_introspection_is_off(serve: Serve) -> None:
    server = await serve(production=True, publish_schema=True)
    tools = await asyncio.to_thread(node_tools)

    loaded = json.loads(await asyncio.to_thread(tools.run, "load_schema.mjs", address(server)))

    assert loaded["description"] == client_schema().description
    assert {type_.name for type_ in own_types()} <= set(loaded["types"])
