"""The server's safety against web pages of others, and against strangers in production."""

import json
import re
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.serving import Served
from tests.support.sockets import connected, opened

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
    for response in (asked, done):
        assert "access-control-allow-origin" not in response.headers
        assert "Origin" in response.headers["vary"]


async def test_pages_of_allowed_origins_may_call(serve: Serve) -> None:
    server = await serve(cors_origins=(FRIEND,))
    asked = await server.http.options(
        server.url, headers=preflight(FRIEND, headers="content-type, x-request-id")
    )
    done = await server.http.post(server.url, json=ASK, headers={"Origin": FRIEND})

    assert asked.status_code == 200
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert done.status_code == 200
    for response in (asked, done):
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in response.headers
    assert done.headers["access-control-expose-headers"] == (
        "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy"
    )


@pytest.mark.parametrize(
    "headers",
    [
        "authorization,content-type",
        "content-type,traceparent,tracestate,baggage",
        "apollographql-client-name,apollographql-client-version,content-type",
        "apollo-require-preflight,x-apollo-operation-name,x-apollo-operation-id",
        "graphql-preflight",
        "graphql-require-preflight,x-request-id",
    ],
)
async def test_pages_of_allowed_origins_may_set_what_clients_set(
    serve: Serve, headers: str
) -> None:
    server = await serve(cors_origins=(FRIEND,))
    asked = await server.http.options(server.url, headers=preflight(FRIEND, headers=headers))

    assert asked.status_code == 200
    allowed = asked.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert set(headers.split(",")) <= set(allowed)


async def test_what_pages_may_do_can_be_set(serve: Serve) -> None:
    server = await serve(
        cors_origins=(FRIEND,),
        cors_headers=("X-Tenant",),
        cors_exposed_headers=("X-Request-Id",),
        cors_credentials=True,
        cors_max_age=7,
    )
    asked = await server.http.options(server.url, headers=preflight(FRIEND, headers="x-tenant"))
    refused = await server.http.options(
        server.url, headers=preflight(FRIEND, headers="authorization")
    )
    done = await server.http.post(
        server.url, json=ASK, headers={"Origin": FRIEND, "Cookie": "session=1"}
    )

    assert (asked.status_code, refused.status_code) == (200, 400)
    assert asked.headers["access-control-max-age"] == "7"
    for response in (asked, done):
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert response.headers["access-control-allow-credentials"] == "true"
    assert done.headers["access-control-expose-headers"] == "X-Request-Id"


async def test_pages_of_all_origins_may_be_allowed(serve: Serve) -> None:
    server = await serve(cors_origins=("*",))
    asked = await server.http.options(server.url, headers=preflight(STRANGER))
    done = await server.http.post(
        server.url, json=ASK, headers={"Origin": STRANGER, "Cookie": "session=1"}
    )

    for response in (asked, done):
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] in ("*", STRANGER)
        assert "access-control-allow-credentials" not in response.headers
    async with connected(server.socket_url, origin=STRANGER):
        pass


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
    response = await server.http.post(
        server.url, content=body, headers={"Content-Type": content_type, "Origin": STRANGER}
    )

    assert response.status_code == 415
    assert (await server.api.everything())["drafts"]["totalCount"] == 0


# Pages that a proxy serves

PAGE = "http://localhost:5173"
FORWARDED = {"X-Forwarded-Host": "localhost:5173"}


async def test_a_trusted_proxy_says_what_the_client_called_the_server(serve: Serve) -> None:
    server = await serve(trusted_proxies=("10.0.0.0/8", "127.0.0.1"))
    async with connected(server.socket_url, origin=PAGE, headers=FORWARDED):
        pass
    done = await server.http.post(server.url, json=ASK, headers=FORWARDED)

    assert done.status_code == 200


@pytest.mark.parametrize("proxies", [(), ("10.0.0.0/8",), ("::1",)], ids=str)
async def test_others_say_nothing_by_it(serve: Serve, proxies: tuple[str, ...]) -> None:
    """The addresses that clients claim to have change nothing."""
    server = await serve(trusted_proxies=proxies)
    headers = FORWARDED | {"X-Forwarded-For": "10.0.0.1"}
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server.socket_url, origin=PAGE, headers=headers):
            pass

    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"} | FORWARDED,
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "localhost, evil.example"},
        {"X-Forwarded-Host": ""},
    ],
    ids=["the server", "the proxy", "one of two", "nothing"],
)
async def test_neither_name_may_be_another(serve: Serve, headers: dict[str, str]) -> None:
    """A page whose name leads to this machine (DNS rebinding) can say what it likes in either."""
    server = await serve(trusted_proxies=("127.0.0.1",))
    done = await server.http.post(server.url, json=ASK, headers=headers)
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server.socket_url, headers=headers):
            pass

    assert done.status_code == refused.value.response.status_code == 400


async def test_a_proxy_passes_on_whose_page_it_is(serve: Serve) -> None:
    server = await serve(trusted_proxies=("127.0.0.1",))
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server.socket_url, origin=STRANGER, headers=FORWARDED):
            pass

    assert refused.value.response.status_code == 403


# In production


@pytest.fixture
async def production(serve: Serve) -> Served:
    return await serve(production=True)


async def test_there_is_no_page(production: Served) -> None:
    page = await production.http.get(production.url, headers={"Accept": "text/html"})
    root = await production.http.get(f"http://{production.address}/graphiql/x/aicmo.js")

    assert (page.status_code, root.status_code) == (406, 404)
    for response in (page, root):
        assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Brief") { name } }',
        "{ ...A } fragment A on Query { __schema { types { name } } }",
    ],
)
async def test_there_is_no_introspection(production: Served, query: str) -> None:
    response = await production.api.send(query)

    assert response.keys() == {"errors"}
    for error in response["errors"]:
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
    over_socket = await response_over_socket(production, query, variables)

    for told in (response.json(), over_socket):
        assert told["errors"]
        for error in told["errors"]:
            assert not re.search("did you mean", error["message"], re.IGNORECASE)


async def response_over_socket(server: Served, query: str, variables: Json) -> Json:
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
        "a response",
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
    response = await server.http.request(url=server.url, **request_)

    assert response.headers["x-content-type-options"] == "nosniff"
