"""Requests by bytes, with all that may stand about their bodies."""

import json

from tests.support.wire import Response, Wire, chunk, head

ASK = {"query": "{ __typename }"}
ASKED = json.dumps(ASK).encode()
RESPONSE = {"data": {"__typename": "Query"}}
LENGTH = f"Content-Length: {len(ASKED)}"
CHUNKED = "Transfer-Encoding: chunked"


def posted(*lines: str, body: bytes = ASKED, first: str = "POST /graphql HTTP/1.1") -> bytes:
    """A request with these lines and no others about its body."""
    fixed = (first, "Host: localhost", "Content-Type: application/json")
    return "\r\n".join([*fixed, *lines, "", ""]).encode("latin-1") + body


def in_chunks(*parts: bytes) -> bytes:
    return b"".join(map(chunk, (*parts, b"")))


async def responses_to_both(wire: Wire, sent: bytes) -> list[Response]:
    """The responses to what is sent and to a second request, which is known by its id."""
    await wire.send(sent + head(len(ASKED), "X-Request-Id: second") + ASKED)
    first, second = await wire.response(), await wire.response()
    assert second.headers["x-request-id"] == "second"
    assert json.loads(second.body) == RESPONSE
    return [first, second]
