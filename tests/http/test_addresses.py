"""Where the server answers, and to whom with a page: behind proxies too, which it knows nothing of.

A redirect to an absolute address would lead to the address that the server sees: without the
prefix, the port and the https of the proxy in front.
"""

import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest

from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import mutation
from tests.support.serving import Served
from tests.support.sockets import connected

ASK = {"query": "{ __typename }"}
RESPONSE = {"data": {"__typename": "Query"}}
BROWSERS = {
    "Firefox": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Chromium": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
        "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
    ),
    "a text browser": "text/html, text/plain, */*;q=0.01",
    "HTML alone": "text/html",
    "HTML, and anything": "text/html, */*",
    "HTML before JSON": "application/json;q=0.9, TEXT/HTML",
}
PROGRAMS = {
    "curl": "*/*",
    "axios": "application/json, text/plain, */*",
    "graphql-over-http": "application/graphql-response+json, application/json;q=0.9",
    "JSON before HTML": "application/json, text/html;q=0.5",
    "JSON as much as HTML": "text/html, application/json",
    "no HTML": "application/json;q=0.1, text/html;q=0",
    "any application": "text/html;q=0.5, application/*",
}


def address(server: Served, path: str) -> str:
    return f"http://{server.address}{path}"


# With a slash at its end


async def test_graphql_with_a_slash_is_graphql(server: Served) -> None:
    url = address(server, "/graphql/")

    posted = await server.http.post(url, json=ASK)
    from_page = await server.http.post(url, json=ASK, headers={"Origin": url})
    got = await server.http.get(url, params=ASK)
    stream = await server.http.post(url, json=ASK, headers={"Accept": "text/event-stream"})

    assert posted.json() == from_page.json() == got.json() == RESPONSE
    assert stream.headers["content-type"].startswith("text/event-stream")


async def test_a_socket_with_a_slash_is_a_socket(server: Served) -> None:
    async with connected(f"{server.socket_url}/") as socket:
        await socket.subscribe("1", ASK["query"])
        assert await socket.next() == {"id": "1", "type": "next", "payload": RESPONSE}


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/agency/graphql", "/agency/graphql/"])
async def test_the_page_finds_what_it_consists_of(server: Served, path: str) -> None:
    """A proxy in front may have put it below a prefix, and takes that away."""
    prefix = path.partition("/graphql")[0]
    page = await server.http.get(
        address(server, path.removeprefix(prefix)), headers={"Accept": BROWSERS["Firefox"]}
    )

    assert page.status_code == 200
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        seen = urljoin(f"https://proxy.example:8443{path}", asset)
        assert seen.startswith(f"https://proxy.example:8443{prefix}/graphiql/")
        found = seen.removeprefix(f"https://proxy.example:8443{prefix}")
        assert (await server.http.get(address(server, found))).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/health/", 200),
        ("/graphql/?query=%7B__typename%7D", 200),
        ("/nowhere/", 404),
        ("/graphql//", 404),
        ("/graphiql/", 404),
    ],
)
async def test_nothing_is_redirected_for_its_slash(server: Served, path: str, status: int) -> None:
    response = await server.http.get(address(server, path))

    assert response.status_code == status
    assert "location" not in response.headers


# Pages


async def test_the_media_types_tell_browsers_from_programs(server: Served) -> None:
    got_page = {}
    for who, accept in (BROWSERS | PROGRAMS).items():
        response = await server.http.get(server.url, params=ASK, headers={"Accept": accept})
        assert "Accept" in response.headers["vary"]
        got_page[who] = response.headers["content-type"] == "text/html; charset=utf-8"
        assert got_page[who] or response.json() == RESPONSE

    assert got_page == {who: who in BROWSERS for who in BROWSERS | PROGRAMS}


async def test_the_page_is_the_same_whatever_is_asked(server: Served) -> None:
    """The page's script reads the address: nothing of it gets into the page, nothing is run."""
    accept = {"Accept": BROWSERS["Chromium"]}
    plain = await server.http.get(server.url, headers=accept)
    asked = [
        ASK,
        {"query": mutation("saveDraft"), "variables": json.dumps({"input": inputs.save_draft()})},
        {"query": "{"},
        {"query": "</script><script>alert(1)</script>", "variables": '"><img src=x>'},
    ]

    for parameters in asked:
        response = await server.http.get(server.url, params=parameters, headers=accept)
        assert (response.status_code, response.content) == (200, plain.content)
        assert (
            response.headers["content-security-policy"] == plain.headers["content-security-policy"]
        )
    assert (await server.api.everything())["drafts"]["totalCount"] == 0


async def test_in_production_browsers_get_the_response(serve: Serve) -> None:
    server = await serve(production=True)

    response = await server.http.get(
        server.url, params=ASK, headers={"Accept": BROWSERS["Chromium"]}
    )

    assert response.json() == RESPONSE


# ConnectionLimiter that are refused

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The messages that are logged as warnings, filled as they come."""
    found: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    keeper = Keeper(logging.WARNING)
    logging.getLogger("aicmo").addHandler(keeper)
    yield found
    logging.getLogger("aicmo").removeHandler(keeper)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Host": "evil.example"}, "'evil.example'"),
        ({"Host": "evil.example:80"}, "'evil.example:80'"),
        ({"Host": "e" * 5_000}, "'eee"),
        ({"Origin": "https://evil.example"}, "'https://evil.example'"),
    ],
    ids=["a host", "with a port", "a long one", "an origin"],
)
async def test_a_refused_socket_is_logged(
    server: Served, warnings: list[str], headers: dict[str, str], told: str
) -> None:
    """A browser doesn't tell its page why a socket wasn't opened: the log has to."""
    refused = await server.http.get(
        server.url, headers=HANDSHAKE | headers | {"X-Request-Id": "request-7"}
    )

    assert refused.status_code in (400, 403)
    assert refused.headers["x-request-id"] == "request-7"
    [line] = warnings
    assert line.startswith("request request-7: a WebSocket was refused: ")
    assert told in line
    assert len(line) < 300
    assert "\n" not in line
