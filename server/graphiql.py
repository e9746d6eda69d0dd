"""GraphiQL, the page at /graphql for browsers.

All its assets are in this package: it works without internet access, and its content security
policy allows no other origin.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

FOLDER = Path(__file__).parent / "static" / "graphiql"

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # GraphiQL's dialogs and menus add <style> elements
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",  # the WebSocket too: 'self' includes this origin's ws: and wss:
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(
        f"{directive} {sources}" for directive, sources in _POLICY.items()
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ASSET_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the first visit; GraphiQL titles it with its operation's name."""

    file: str
    query: str
    variables: str | None


def graphiql_tabs() -> list[Tab]:
    """The tabs of `tabs/`, by file name; a tab's variables are in a file beside its operation."""
    tabs = []
    for operation in sorted((FOLDER / "tabs").glob("*.graphql")):
        variables = operation.with_suffix(".json")
        tabs.append(
            Tab(
                file=operation.name,
                query=operation.read_text("utf-8").rstrip(),
                variables=variables.read_text("utf-8").rstrip() if variables.exists() else None,
            )
        )
    return tabs


def graphiql_page(path: str) -> HTMLResponse:
    """The page at this path, with relative URLs, so that a proxy may add a path prefix."""
    return HTMLResponse(_page("../" if path.endswith("/") else ""), headers=_PAGE_HEADERS)


def graphiql_routes() -> list[BaseRoute]:
    """The routes of the assets; their path has a version, so browsers may cache them for good."""
    return [Route("/graphiql/{version}/{name:path}", _serve_asset, name="graphiql-assets")]


async def _serve_asset(request: Request) -> Response:
    name = request.path_params["name"]
    body = _assets().get(name)
    if body is None or request.path_params["version"] != _version():
        return PlainTextResponse("Not Found", status_code=404)
    headers = dict(_ASSET_HEADERS)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = await run_in_threadpool(_gzipped, name)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=_MEDIA_TYPES[Path(name).suffix])


@cache
def _assets() -> dict[str, bytes]:
    assets = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for folder in (FOLDER, FOLDER / "vendor")
        for path in sorted(folder.iterdir())
        if path.suffix in _MEDIA_TYPES
    }
    tabs = [{"query": tab.query, "variables": tab.variables} for tab in graphiql_tabs()]
    return assets | {"tabs.json": json.dumps(tabs).encode()}


@cache
def _gzipped(name: str) -> bytes:
    return gzip.compress(_assets()[name], mtime=0)


@cache
def _version() -> str:
    digest = hashlib.sha256()
    for name, body in _assets().items():
        digest.update(f"{name} {len(body)}\n".encode())
        digest.update(body)
    return digest.hexdigest()[:16]


@cache
def _page(base: str) -> str:
    page = (FOLDER / "index.html").read_text("utf-8")
    return page.replace("{assets}", f"{base}graphiql/{_version()}")
