"""The schema as a file at a URL, for tools that generate clients."""

import hashlib
from functools import cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema.root import CompiledSchema


def schema_route(path: str, schema: CompiledSchema) -> Route:
    """A route that serves the SDL at the path, with an ETag for clients that have cached it."""

    @cache
    def file() -> tuple[bytes, str]:
        body = schema.sdl().encode()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    async def serve(request: Request) -> Response:
        body, etag = await run_in_threadpool(file)
        headers = {"Cache-Control": "no-cache", "ETag": etag, "X-Content-Type-Options": "nosniff"}
        if _names(request.headers.get("If-None-Match", ""), etag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="text/plain")

    return Route(path, serve, methods=["GET"])


def _names(if_none_match: str, etag: str) -> bool:
    """Whether `If-None-Match` has the ETag, by the weak comparison of RFC 9110, section 13.1.2."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return not given.isdisjoint({etag, "*"})
