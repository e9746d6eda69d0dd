"""How connections are listened to: uvicorn, with limits where it has none."""

import asyncio
import json
import socket
from http import HTTPStatus
from math import ceil
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.exchange import EXCHANGE, Exchange
from server.settings import Settings

_BACKLOG = 2_048
"""How many connections may wait until they are accepted."""
_ACCEPTED_AT_ONCE = 16
"""How many connections are accepted in a turn of the event loop. uvloop accepts one from a socket,
so each is listened to as often: otherwise those who come while the server is busy would wait for a
turn each, behind all that the others ask for.
"""
_ENDING_SECONDS = 3.0
"""How long an operation that is over may take to give up a database that doesn't answer."""
HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
"""How long a connection may take to say what it wants: a first line and headers."""
LINGER_SECONDS = 5.0
"""How long the rest of a body is read, and dropped, that was answered before it had arrived.

Closed at once, the connection would be reset, and some clients would never see the answer.
"""


def listening_sockets(settings: Settings) -> list[socket.socket]:
    """One for each address that the settings' host has. Raises OSError."""
    host, port = settings.host, settings.port
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [
        socket.create_server(address, family=family, backlog=_BACKLOG)
        for family, _, _, _, address in found
    ]


class Listener(uvicorn.Server):
    """Serves the app on sockets that listen.

    When it stops, those who follow something are let go, since they wouldn't go themselves.
    """

    def __init__(self, app: Starlette, settings: Settings) -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedHttp,
                ws=QuietWebSocket,
                ws_max_size=settings.streams.message_bytes,
                # A few bytes on the wire could become a message of the largest size in memory.
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=ceil(
                    settings.execution_seconds + settings.commit_seconds + _ENDING_SECONDS
                ),
                access_log=False,  # would be made for every request, and then be dropped
                log_level="warning",
                log_config=None,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        listening = [each.dup() for each in sockets or () for _ in range(_ACCEPTED_AT_ONCE)]
        await super().startup(listening)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.service.closing.set()
        await super().shutdown(sockets)


class BoundedHttp(HttpToolsProtocol):
    """Refuses requests whose head is too large, or doesn't arrive in time.

    What was refused before its body had arrived may be sent to its end, for a while. Each request
    has an `Exchange` with it.
    """

    _exchange: Exchange | None = None
    """That of the request that is being answered: of several in a row there's one at a time."""
    _idle_since: float | None = None
    """When the last answer was complete; None from the next request's first byte on."""
    _until_next: asyncio.TimerHandle | None = None
    _until_head: asyncio.TimerHandle | None = None
    _until_rest: asyncio.TimerHandle | None = None
    _is_awaiting_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._until_next is not None:
            self._until_next.cancel()
        self._stop_waiting()
        self._stop_lingering()
        super().connection_lost(exc)
        if self._exchange is not None:
            self._exchange.leave()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_awaiting_head:
            self._await_head()
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._idle_since = None
        # Most heads come whole: only one that doesn't is worth a timer, when all is read.
        self._is_awaiting_head = True

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_lingering()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._exchange = Exchange(cycle)
        cycle.scope["state"][EXCHANGE] = self._exchange
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Does what uvicorn does, but for the timer that this arms for each request."""
        if self._exchange is not None:
            self._exchange.end()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._is_awaiting_head:
            self._await_next()
        if self.cycle.more_body:
            self._until_rest = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _await_next(self) -> None:
        """Whoever is idle for too long is let go, by a timer that stays over many requests."""
        self._idle_since = self.loop.time()
        if self._until_next is None:
            self._until_next = self.loop.call_later(self.timeout_keep_alive, self._end_if_idle)

    def _end_if_idle(self) -> None:
        self._until_next = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._until_next = self.loop.call_later(left, self._end_if_idle)
        else:
            self.transport.close()

    def _await_head(self) -> None:
        self._is_awaiting_head = True
        if self._until_head is None:
            self._head_bytes = 0
            self._until_head = self.loop.call_later(
                HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT
            )

    def _stop_waiting(self) -> None:
        self._is_awaiting_head = False
        if self._until_head is not None:
            self._until_head.cancel()
            self._until_head = None

    def _stop_lingering(self) -> None:
        if self._until_rest is not None:
            self._until_rest.cancel()
            self._until_rest = None

    def _refuse(self, status: HTTPStatus) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        error = {"message": f"{status.phrase}.", "extensions": {"code": "BAD_USER_INPUT"}}
        body = json.dumps({"errors": [error]}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


class QuietWebSocket(WebSocketsSansIOProtocol):
    """Neither text that isn't UTF-8 nor a connection that is refused is an error in the log."""

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(self.frames):
            self.conn.fail(1007)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()


def _is_utf8(frames: list[Any]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True
