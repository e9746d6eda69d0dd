"""Receivers of webhooks on this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from domain.webhooks import Claim, Outcome
from tests import builders as build


@dataclass(frozen=True, slots=True)
class Received:
    request: web.BaseRequest
    body: str

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.request.headers.items()}

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Respond = Callable[[Received], Awaitable[web.StreamResponse]]


async def accept(_: Received) -> web.StreamResponse:
    return web.Response(status=204)


@dataclass(slots=True)
class Receiver:
    """Keeps what it received, and answers as it's told."""

    port: int = 0
    connections: int = 0
    received: list[Received] = field(default_factory=list)
    respond: Respond = accept

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        received = Received(request, (await request.read()).decode())
        self.received.append(received)
        return await self.respond(received)

    def responds(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer so from now on."""

        async def respond(_: Received) -> web.StreamResponse:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(status=status, body=body, headers=named)

        self.respond = respond


class Responding:
    """A sender that needs no receiver: each attempt has the same response."""

    def __init__(self, status: int, response: str = "") -> None:
        self._outcome = build.outcome(status, response=response)

    async def send(self, _: Claim) -> Outcome:
        return self._outcome

    async def close(self) -> None:
        pass


class _CountingServer(web.Server):
    """Counts the connections that were made to it."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver.handle)
        self._receiver = receiver

    def connection_made(self, handler: Any, transport: Any) -> None:
        self._receiver.connections += 1
        super().connection_made(handler, transport)


@asynccontextmanager
async def receiving(*addresses: str) -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port of these loopback addresses; 127.0.0.1 by default."""
    receiver = Receiver()
    runner = web.ServerRunner(_CountingServer(receiver), shutdown_timeout=0.1)
    await runner.setup()
    for address in addresses or ("127.0.0.1",):
        await web.TCPSite(runner, address, receiver.port).start()
        receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
