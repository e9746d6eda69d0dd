"""What other people's web pages, and strangers in production, get to see."""

import json
import re
from typing import Any

import pytest

from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.serving import Served
from tests.support.sockets import connected

FRIEND = "https://app.example"
STRANGER = "https://evil.example"
ASK = {"query": "{ __typename }"}


# Pages of other origins


def preflight(origin: str, method: str = "POST", headers: str = "content-type") -> Json:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


@pytest.mark.parametrize("origin", [STRANGER, "null", "http://localhost:3000"])
async def test_by_default_no_page_elsewhere_may_do_anything(server: Served, origin: str) -> None:
    asked = await server.http.options(server.url, headers=preflight(origin))
    done = await server.http.post(server.url, json=ASK, headers={"Origin": origin})

    assert asked.status_code == 400
    for answer in (asked, done):
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]


async def test_pages_of_allowed_origins_may_call(serve: Serve) -> None:
    server = await serve(cors_origins=(FRIEND,))
    asked = await server.http.options(
        server.url, headers=preflight(FRIEND, headers="content-type, x-request-id")
    )
    done = await server.http.post(server.url, json=ASK, headers={"Origin": FRIEND})

    assert asked.status_code == 200
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert done.status_code == 200
    for answer in (asked, done):
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in answer.headers
    assert done.headers["access-control-expose-headers"] == "X-Request-Id"


@pytest.mark.parametrize(
    "headers",
    [
        preflight(STRANGER),
        preflight(f"{FRIEND}.evil.example"),
        preflight("http://app.example"),
        preflight(FRIEND, method="PUT"),
        preflight(FRIEND, headers="authorization-of-others"),
    ],
    ids=["a stranger", "a longer name", "without TLS", "another method", "other headers"],
)
async def test_pages_may_not_do_anything_else(serve: Serve, headers: Json) -> None:
    server = await serve(cors_origins=(FRIEND,))
    asked = await server.http.options(server.url, headers=headers)

    assert asked.status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; application/json",
        "application/jsonx",
        "application/json+x",
        "",
    ],
)
async def test_what_a_page_may_send_without_asking_is_never_executed(
    server: Served, content_type: str
) -> None:
    body = json.dumps({"query": mutation("saveDraft"), "variables": {"input": inputs.save_draft()}})
    answer = await server.http.post(
        server.url, content=body, headers={"Content-Type": content_type, "Origin": STRANGER}
    )

    assert answer.status_code == 415
    assert (await server.api.everything())["drafts"]["totalCount"] == 0


# In production


@pytest.fixture
async def production(serve: Serve) -> Served:
    return await serve(production=True)


async def test_there_is_no_page(production: Served) -> None:
    page = await production.http.get(production.url, headers={"Accept": "text/html"})
    root = await production.http.get(f"http://{production.address}/graphiql/x/aicmo.js")

    assert (page.status_code, root.status_code) == (406, 404)
    for answer in (page, root):
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Brief") { name } }',
        "{ ...A } fragment A on Query { __schema { types { name } } }",
    ],
)
async def test_there_is_no_introspection(production: Served, query: str) -> None:
    answer = await production.api.send(query)

    assert answer.keys() == {"errors"}
    for error in answer["errors"]:
        assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
        assert "introspection" in error["message"]


async def test_names_of_types_are_told_with_data(production: Served) -> None:
    assert await production.api.ask("{ __typename }") == {"__typename": "Query"}


SAVE = mutation("saveDraft")
MISSPELT: dict[str, tuple[str, Json]] = {
    "a field": ("{ brief_ { briefId } }", {}),
    "a field of a field": ("{ briefs { nodes { briefIdd } } }", {}),
    "an argument": ('{ brief(briefIdd: "1") { briefId } }', {}),
    "a type": ("{ ... on Querry { __typename } }", {}),
    "a type of a variable": ("query ($a: Intt) { briefs(first: $a) { totalCount } }", {}),
    "a fragment": ("{ ...Somme } fragment Some on Query { __typename }", {}),
    "a directive": ("{ __typename @includde(if: true) }", {}),
    "an argument of a directive": ("{ __typename @include(iff: true) }", {}),
    "an enum": (
        "{ briefs(orderBy: { field: CREATED_ATT, direction: ASC }) { totalCount } }",
        {},
    ),
    "a field of an input": ('{ briefs(filter: { briefIdd: { eq: "1" } }) { totalCount } }', {}),
    "a variable": ("query ($first: Int) { briefs(first: $firstt) { totalCount } }", {}),
    "a field in variables": (SAVE, {"input": inputs.save_draft(titel="a")}),
    "an enum in variables": (
        "query ($by: BriefOrder) { briefs(orderBy: $by) { totalCount } }",
        {"by": {"field": "CREATED_ATT", "direction": "ASC"}},
    ),
    "an operation": ("query Aa { __typename } query Bb { __typename }", {}),
    "a value where an object belongs": ("{ briefs(filter: 1) { totalCount } }", {}),
    "no selection": ("{ briefs }", {}),
}


@pytest.mark.parametrize(("query", "variables"), MISSPELT.values(), ids=MISSPELT)
async def test_no_message_suggests_a_name(production: Served, query: str, variables: Json) -> None:
    response = await production.http.post(
        production.url, json={"query": query, "variables": variables}
    )
    over_socket = await socket_answer(production, query, variables)

    for answer in (response.json(), over_socket):
        assert answer["errors"]
        for error in answer["errors"]:
            assert not re.search("did you mean", error["message"], re.IGNORECASE)


async def socket_answer(server: Served, query: str, variables: Json) -> Json:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", query, **variables)
        message = await socket.next()
        assert message["type"] == "error"
        return {"errors": message["payload"]}


async def test_elsewhere_names_are_suggested(server: Served) -> None:
    error = await server.api.fail("{ briefz { totalCount } }")

    assert "Did you mean" in error["message"]


# Headers


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "json": ASK},
        {"method": "POST", "json": {}},
        {"method": "POST", "content": "{}", "headers": {"Content-Type": "text/plain"}},
        {"method": "GET", "params": ASK},
        {"method": "GET", "params": ASK, "headers": {"Accept": "text/event-stream"}},
        {"method": "GET", "headers": {"Accept": "text/html"}},
        {"method": "DELETE"},
        {"method": "POST", "json": ASK, "headers": {"Host": "evil.example"}},
    ],
    ids=[
        "an answer",
        "a refusal",
        "a refused type",
        "a GET",
        "a stream",
        "the page",
        "a method",
        "a host",
    ],
)
async def test_nothing_is_to_be_guessed_at(server: Served, request_: Any) -> None:
    answer = await server.http.request(url=server.url, **request_)

    assert answer.headers["x-content-type-options"] == "nosniff"
