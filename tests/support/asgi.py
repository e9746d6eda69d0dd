"""The server without a network: requests go straight into the ASGI app, in the test's event loop.

A thousand of them take less than a second. What HTTP adds is left to tests with real servers.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import ASGIApp, Message

from tests.support.patience import SECONDS
from tests.support.sockets import PROTOCOL

_SERVER: Final = ("127.0.0.1", 8000)
_HOST: Final = b"127.0.0.1:8000"
ORIGIN: Final = "http://127.0.0.1:8000"
"""That of the server's own pages."""


@dataclass(slots=True)
class Exchange:
    """A request, and what has come of it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    has_left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client is to leave, though the response may go on."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def until(self, is_enough: Callable[[bytes], bool]) -> None:
        """Returns when the body that has come is enough."""
        async with asyncio.timeout(SECONDS):
            while not is_enough(self.body):
                self.has_news.clear()
                await self.has_news.wait()


@asynccontextmanager
async def exchange(
    app: ASGIApp,
    method: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    query_string: bytes = b"",
) -> AsyncIterator[Exchange]:
    """A request to GraphQL, whose response has come when this ends."""
    found = Exchange()
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if requests:
            return requests.pop()
        await found.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.status = message["status"]
            given = {name.decode(): value.decode() for name, value in message["headers"]}
            found.headers.update(given)
        else:
            found.body += message.get("body", b"")
            found.has_news.set()

    scope = _scope("http", "http", headers) | {"method": method, "query_string": query_string}
    answering = asyncio.ensure_future(app(scope, receive, send))
    try:
        yield found
    except BaseException:
        found.has_left.set()
        raise
    finally:
        async with asyncio.timeout(SECONDS):
            await answering


async def answered(
    app: ASGIApp,
    method: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    query_string: bytes = b"",
) -> Exchange:
    """A request to GraphQL, and the whole response."""
    async with exchange(app, method, headers, body, query_string) as found:
        pass
    return found


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket that was accepted."""

    to_server: asyncio.Queue[Message]
    from_server: asyncio.Queue[Message]

    async def send(self, **message: Any) -> None:
        await self.to_server.put({"type": "websocket.receive", "text": json.dumps(message)})

    async def next(self) -> Any:
        """The next message, or the code and the reason by which it's closed."""
        async with asyncio.timeout(SECONDS):
            message = await self.from_server.get()
        if message["type"] == "websocket.close":
            return message["code"], message.get("reason") or ""
        return json.loads(message.get("text") or message["bytes"])

    @property
    def is_silent(self) -> bool:
        return self.from_server.empty()


@asynccontextmanager
async def socket_to(
    app: ASGIApp, headers: Mapping[str, str], *, root_path: str = ""
) -> AsyncIterator[Socket]:
    """A WebSocket to GraphQL, below this path, that has said nothing yet."""
    socket = Socket(asyncio.Queue(), asyncio.Queue())
    await socket.to_server.put({"type": "websocket.connect"})
    scope = _scope("websocket", "ws", headers) | {"subprotocols": [PROTOCOL], "query_string": b""}
    scope |= {"root_path": root_path, "path": f"{root_path}/graphql"}
    serving = asyncio.ensure_future(app(scope, socket.to_server.get, socket.from_server.put))
    try:
        async with asyncio.timeout(SECONDS):
            assert (await socket.from_server.get())["type"] == "websocket.accept"
        yield socket
    finally:
        await socket.to_server.put({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(SECONDS):
            await serving


def _scope(type_: str, scheme: str, headers: Mapping[str, str]) -> dict[str, Any]:
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": type_,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": scheme,
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "headers": [(b"host", _HOST), *given],
        "client": ("127.0.0.1", 4711),
        "server": _SERVER,
        "state": {},
        "extensions": {},
    }
