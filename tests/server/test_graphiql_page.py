"""How the GraphiQL page and its assets are served. What the page does is in tests/browser."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.graphiql import FOLDER, graphiql_page, graphiql_routes

README = (FOLDER / "README.md").read_text("utf-8")
VENDORED = sorted(path for path in (FOLDER / "vendor").iterdir() if path.suffix in {".css", ".js"})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async def page(request: Request) -> Response:
        return graphiql_page(request.url.path)

    app = Starlette(routes=[Route("/graphql", page), *graphiql_routes()])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://aicmo.test") as client:
        yield client


async def test_the_page_forbids_whatever_it_does_not_need(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/graphql")).headers

    policy = dict(
        directive.split(" ", 1) for directive in headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


async def test_the_page_has_no_script_of_its_own_and_nothing_from_elsewhere(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/graphql")).text

    assert re.findall(r"<script(?! defer src=)", page) == []
    assert re.findall(r"<style|style=|https?:|//", page) == []


async def test_everything_the_page_names_is_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/graphql")).text
    assets = set(re.findall(r'(?:src|href)="([^"]+)"', page))

    content_types = {
        asset: (await client.get(f"/{asset}")).headers["content-type"] for asset in assets
    }

    assert {asset.rpartition("/")[2]: type_ for asset, type_ in content_types.items()} == {
        "favicon.svg": "image/svg+xml",
        "aicmo.css": "text/css; charset=utf-8",
        "aicmo.js": "text/javascript; charset=utf-8",
        "graphiql.min.css": "text/css; charset=utf-8",
        "graphiql.min.js": "text/javascript; charset=utf-8",
        "plugin-explorer.css": "text/css; charset=utf-8",
        "plugin-explorer.umd.js": "text/javascript; charset=utf-8",
        "react-dom.production.min.js": "text/javascript; charset=utf-8",
        "react.production.min.js": "text/javascript; charset=utf-8",
    }


async def test_an_asset_is_compressed_and_kept_for_good(client: httpx.AsyncClient) -> None:
    asset = await address_of("vendor/graphiql.min.js", client)

    plain = await client.get(asset, headers={"Accept-Encoding": "identity"})
    compressed = await client.get(asset, headers={"Accept-Encoding": "gzip, br"})

    assert plain.content == compressed.content == (FOLDER / "vendor/graphiql.min.js").read_bytes()
    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < int(plain.headers["content-length"]) / 4
    assert compressed.headers["vary"] == "Accept-Encoding"
    assert compressed.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "vendor/LICENSES.txt",
        "tabs/01-pipeline.graphql",
        "index.html",
        "%2e%2e/x.js",
        "",
    ],
)
async def test_nothing_but_assets_is_served(name: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(await address_of(name, client))).status_code == 404


async def test_an_asset_of_another_version_is_not_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/graphiql/0123456789abcdef/aicmo.js")).status_code == 404


@pytest.mark.parametrize("path", VENDORED, ids=[path.name for path in VENDORED])
def test_a_vendored_file_is_what_was_published(path: Path) -> None:
    digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
    [row] = [row for row in README.splitlines() if row.startswith(f"| `{path.name}` |")]

    assert row.endswith(f"| `{digest}` |")


async def address_of(asset: str, client: httpx.AsyncClient) -> str:
    page = (await client.get("/graphql")).text
    found = re.search(r'="(graphiql/[0-9a-f]+)/', page)
    assert found
    return f"/{found[1]}/{asset}"
