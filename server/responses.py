"""HTTP responses of GraphQL responses and of refusals."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from schema.encoding import encode
from schema.execute import Response
from server.memory_budget import MemoryShare
from server.requests import GRAPHQL_RESPONSE, JSON, RequestRefused

_HEADER_LINES = {
    media_type: (
        b"content-length: %d\r\n"
        b"content-type: " + media_type.encode() + b"; charset=utf-8\r\n"
        b"vary: Accept\r\n"
        b"x-content-type-options: nosniff\r\n"
        b"x-request-id: %b\r\n"
    )
    for media_type in (JSON, GRAPHQL_RESPONSE)
}


class JsonResponse(HttpResponse):
    """A response whose headers are encoded already."""

    body: bytes

    def __init__(
        self,
        body: Any,
        status: int,
        media_type: str,
        request_id: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.body = encode(body)
        self.status_code = status
        self.background = None
        self.header_lines = _header_lines(len(self.body), media_type, request_id)
        """The header lines of HTTP, each with its line end."""
        for name, value in (headers or {}).items():
            self.header_lines += f"{name.lower()}: {value}\r\n".encode("latin-1")

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        return _pairs(self.header_lines)


class LargeResponse(HttpResponse):
    """A response that is sent in parts, each when the client has read most of those before it.

    `held` is the memory of all parts; that of each is released when it's passed to the connection.
    """

    def __init__(
        self, parts: list[bytes], status: int, media_type: str, request_id: str, held: MemoryShare
    ) -> None:
        self._left = deque(parts)
        self._held = held
        self.status_code = status
        self.background = None
        self.raw_headers = _pairs(_header_lines(sum(map(len, parts)), media_type, request_id))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            while self._left:
                part = self._left.popleft()
                await send({"type": "http.response.body", "body": part, "more_body": True})
                self._held.shrink_to(self._held.amount - len(part))
                await asyncio.sleep(0)  # other requests would wait while a fast client reads
            await send({"type": "http.response.body", "body": b""})


def _header_lines(length: int, media_type: str, request_id: str) -> bytes:
    return _HEADER_LINES[media_type] % (length, request_id.encode("ascii"))


def _pairs(lines: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of these lines, in the form of ASGI."""
    parted = (line.partition(b": ") for line in lines.splitlines())
    return [(name, value) for name, _, value in parted]


def json_response(response: Response, media_type: str, request_id: str) -> JsonResponse:
    body = response.as_json()
    return JsonResponse(body, _status(response, media_type), media_type, request_id)


def large_response(
    response: Response, parts: list[bytes], media_type: str, request_id: str, held: MemoryShare
) -> LargeResponse:
    """The response whose JSON is in these parts."""
    return LargeResponse(parts, _status(response, media_type), media_type, request_id, held)


def _status(response: Response, media_type: str) -> int:
    """The HTTP status; with `application/json`, clients expect 200 for every GraphQL response."""
    is_refusal = response.is_refused and media_type == GRAPHQL_RESPONSE
    return 400 if is_refusal else 200


def refuse(refusal: RequestRefused, request_id: str, media_type: str = JSON) -> JsonResponse:
    body = {"errors": [refusal_error(refusal)]}
    return JsonResponse(body, refusal.status, media_type, request_id, refusal.headers)


def refusal_error(refusal: RequestRefused) -> dict[str, Any]:
    extensions = {"code": refusal.code, **refusal.extensions}
    return {"message": refusal.message, "extensions": extensions}
