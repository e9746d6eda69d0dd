"""Clients that follow something: by WebSocket, message by message, and by event streams."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.support.graphql import Json
from tests.support.patience import SECONDS

PROTOCOL = "graphql-transport-ws"
FOLLOW = """subscription Follow($key: ID!) {
    deliveryPackageChanged(packageId: $key) {
        kind packageId deliveryPackage { revision artifacts { position name } }
    }
}"""


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket; `send` and `next` speak JSON."""

    connection: ClientConnection

    async def send(self, **message: Any) -> None:
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def next(self) -> Json:
        """The next message."""
        async with asyncio.timeout(SECONDS):
            message: Json = json.loads(await self.connection.recv())
            return message

    async def rest(self, number: int) -> list[Json]:
        return [await self.next() for _ in range(number)]

    async def closed(self) -> tuple[int, str]:
        """How the server closes it, whatever it sends before."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
            await self.connection.wait_closed()
        code = self.connection.close_code
        assert code is not None
        assert code != 1006, "the connection was dropped"
        return code, self.connection.close_reason or ""

    async def init(self, **payload: Any) -> None:
        await self.send(type="connection_init", **({"payload": payload} if payload else {}))
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, id: str, query: str, **variables: Any) -> None:
        await self.send(id=id, type="subscribe", payload={"query": query, "variables": variables})

    async def complete(self, id: str) -> None:
        await self.send(id=id, type="complete")

    async def is_served(self) -> None:
        """Returns when all that was sent before has been read, and began to run."""
        await self.send(type="ping")
        assert await self.next() == {"type": "pong"}

    def vanish(self) -> None:
        """Without a goodbye, as when a machine loses its power."""
        self.connection.transport.abort()


@asynccontextmanager
async def opened(
    url: str,
    *protocols: str,
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Socket]:
    """A connection that has said nothing yet; by the one right protocol unless others are given."""
    async with connect(
        url,
        subprotocols=[Subprotocol(name) for name in protocols or (PROTOCOL,)],
        origin=None if origin is None else Origin(origin),
        additional_headers=headers,
        compression=None,
        proxy=None,
        max_size=None,
        open_timeout=SECONDS,
        ping_interval=None,
        close_timeout=1,
    ) as connection:
        yield Socket(connection)


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[Socket]:
    """An initialised connection."""
    async with opened(url, **options) as socket:
        await socket.init()
        yield socket


@dataclass(frozen=True, slots=True)
class Stream:
    """A response of server-sent events, and what has come of it."""

    response: httpx.Response
    lines: AsyncIterator[str]

    async def next(self) -> tuple[str, Any]:
        """The next event and its data; comments are skipped."""
        event, data = "", ""
        async with asyncio.timeout(SECONDS):
            async for line in self.lines:
                name, _, value = line.partition(":")
                if name == "event":
                    event = value.strip()
                elif name == "data":
                    data = value.strip()
                elif not line and event:
                    return event, json.loads(data) if data else None
        return "end", None

    async def comment(self) -> None:
        """Returns at the next comment."""
        async with asyncio.timeout(SECONDS):
            async for line in self.lines:
                assert not line or line.startswith(":"), line
                if line:
                    return


@asynccontextmanager
async def streamed(
    http: httpx.AsyncClient, url: str, query: str, **variables: Any
) -> AsyncIterator[Stream]:
    """The events of an operation."""
    async with http.stream(
        "POST",
        url,
        json={"query": query, "variables": variables},
        headers={"Accept": "text/event-stream"},
    ) as response:
        yield Stream(response, response.aiter_lines())
