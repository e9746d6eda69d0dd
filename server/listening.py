"""The uvicorn server and its protocols, with limits where uvicorn has none."""

import asyncio
import json
import logging
import socket
from http import HTTPStatus
from math import ceil
from struct import pack
from typing import Any, TypeVar

import httptools
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Opcode

from server.connection_limits import ConnectionLimiter, connections_within, raise_file_limit
from server.http_cycle import HTTP_CYCLE, SENDS_PARTS, HttpCycle
from server.requests import headers_of
from server.settings import Settings

log = logging.getLogger("aicmo.server")

T = TypeVar("T")

_BACKLOG = 2_048
"""How many connections may wait to be accepted."""
_ACCEPTED_AT_ONCE = 16
"""How many connections are accepted in a turn of the event loop. uvloop accepts one connection for
each listening socket, so the server duplicates its sockets: otherwise clients that connect while it
is busy would wait for a turn each, behind the requests of other clients.
"""
_ENDING_SECONDS = 3.0
"""How long a cancelled operation may take to give up a database that doesn't answer."""
_INVALID = "Invalid HTTP request received."
HEAD_BYTES = 64 * 1024
"""The most bytes before a body, between its chunks, and after them.

It is checked after each read, so a single read may exceed it.
"""
HEAD_SECONDS = 10.0
"""How long a connection may take to send a request line and headers."""
_RETRY_AFTER = "Retry-After: 5\r\n"
LINGER_SECONDS = 5.0
"""How long the server reads and drops the rest of a request that it has answered already.

If it closed the connection at once, the connection would be reset, and some clients would never see
the response (RFC 9112, 9.6).
"""


def listening_sockets(settings: Settings) -> list[socket.socket]:
    """A listening socket for each address of the settings' host. Raises OSError."""
    host, port = settings.host, settings.port
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [
        socket.create_server(address, family=family, backlog=_BACKLOG)
        for family, _, _, _, address in found
    ]


class Listener(uvicorn.Server):
    """Serves the app on listening sockets.

    When it stops, it ends the subscriptions, which clients wouldn't end. It cancels the requests
    that aren't answered after `shutdown_seconds`.
    """

    def __init__(
        self, app: Starlette, settings: Settings, *, shutdown_seconds: int | None = None
    ) -> None:
        self._app = app
        sockets = _sockets(settings)
        if shutdown_seconds is None:
            shutdown_seconds = ceil(
                settings.execution_seconds + settings.commit_seconds + _ENDING_SECONDS
            )
        super().__init__(
            uvicorn.Config(
                app,
                http=_bounded(BoundedHttp, settings, sockets),
                ws=_bounded(QuietWebSocket, settings, sockets),
                ws_max_size=settings.streams.message_bytes,
                ws_ping_interval=settings.streams.ping_interval_seconds,
                ws_ping_timeout=settings.streams.ping_timeout_seconds,
                # A few compressed bytes could become a message of the largest size in memory.
                ws_per_message_deflate=False,
                timeout_keep_alive=settings.keep_alive_seconds,
                timeout_graceful_shutdown=shutdown_seconds,
                proxy_headers=False,  # the application decides which proxies to trust
                access_log=False,  # uvicorn would format a line for each request, and then drop it
                log_level="warning",
                log_config=None,
            )
        )
        app.state.running = self.server_state.tasks

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        listening = [each.dup() for each in sockets or () for _ in range(_ACCEPTED_AT_ONCE)]
        await super().startup(listening)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.service.closing.set()
        await super().shutdown(sockets)


def _sockets(settings: Settings) -> ConnectionLimiter:
    """The limiter for as many connections as the system allows; logs a warning if they are few."""
    files = raise_file_limit()
    limit = connections_within(files, 3 * settings.pool_size)
    if limit < settings.streams.connections:
        log.warning(
            "the system lets this process have %d files open, which leaves %d connections: "
            "fewer than AICMO_STREAMS__CONNECTIONS=%d (raise `ulimit -n`, or LimitNOFILE of a "
            "systemd service)",
            files,
            limit,
            settings.streams.connections,
        )
    return ConnectionLimiter(limit, settings.client_connections, settings.trusted_proxies)


def _bounded(protocol: type[T], settings: Settings, sockets: ConnectionLimiter) -> type[T]:
    """The protocol with these limits as class attributes, because uvicorn creates the instances."""
    bounds = {"write_seconds": settings.write_seconds, "sockets": sockets}
    return type(protocol.__name__, (protocol,), bounds)


class _Bounded(asyncio.Protocol):
    """Counts connections, and closes those whose clients don't read what the server sends."""

    write_seconds: float = 30.0
    sockets: ConnectionLimiter = ConnectionLimiter()
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    client: tuple[str, int] | None
    _until_read: asyncio.TimerHandle | None = None
    _is_counted = True
    """A WebSocket is counted, because its connection began with HTTP."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_awaiting_reader()
        if self._is_counted:
            self._is_counted = False
            self.sockets.release(_address(self.client))
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        if self._until_read is None:
            self._until_read = self.loop.call_later(self.write_seconds, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stop_awaiting_reader()
        super().resume_writing()

    def _stop_awaiting_reader(self) -> None:
        if self._until_read is not None:
            self._until_read.cancel()
            self._until_read = None


def _address(client: tuple[str, int] | None) -> str:
    return "" if client is None else client[0]


class BoundedHttp(_Bounded, HttpToolsProtocol):
    """Refuses requests whose head is too large, or doesn't arrive in time.

    After a refusal, the client may send the rest of the body for LINGER_SECONDS. Each request has
    an `HttpCycle` in its scope.

    The server ignores upgrades other than to WebSocket, and reads the body as the request's. Where
    it's ambiguous what the next byte belongs to, it closes the connection after the response.
    """

    _http_cycle: HttpCycle | None = None
    """The cycle of the current request: pipelined requests are answered one at a time."""
    _idle_since: float | None = None
    """When the last response was complete; None from the next request's first byte on."""
    _until_next: asyncio.TimerHandle | None = None
    _until_head: asyncio.TimerHandle | None = None
    _until_rest: asyncio.TimerHandle | None = None
    _is_awaiting_head = False
    _unread_bytes = 0
    """The bytes since the last complete head, message or part of a body."""
    _declined: bytes | None = None
    """The head, without the upgrade, of a request whose upgrade is ignored."""
    _keeps_alive = False
    """Whether the connection is kept alive if a body follows that `Expect` announced."""
    _refusal: HTTPStatus | None = None
    """The status that refuses a request, after the requests before it. Later bytes are dropped."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        reason = self.sockets.acquire(_address(self.client))
        self._is_counted = reason is None
        if reason is None:
            self._await_head()
        else:
            self._end(HTTPStatus.SERVICE_UNAVAILABLE, f"{reason}; try again later.")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._until_next is not None:
            self._until_next.cancel()
        self._stop_waiting()
        self._stop_lingering()
        super().connection_lost(exc)
        if self._http_cycle is not None:
            self._http_cycle.disconnect()

    def data_received(self, data: bytes) -> None:
        """Does what uvicorn does, except for upgrades that are ignored."""
        if self._refusal is not None or not self._is_counted:
            return
        self._unread_bytes += len(data)
        left: bytes | memoryview = data
        while True:
            try:
                if self._declined is not None:
                    self._read_declined(self._declined)
                self.parser.feed_data(left)
                break
            except httptools.HttpParserError:
                self.logger.warning(_INVALID, extra={"problem": _INVALID})
                self._refuse(HTTPStatus.BAD_REQUEST)
                return
            except httptools.HttpParserUpgrade as upgrade:
                left = memoryview(left)[upgrade.args[0] :]
                if self._declined is None:
                    self._upgrade(left)
                    return
        if self._unread_bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._is_awaiting_head:
            self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._idle_since = None
        # Most heads arrive completely: only an incomplete one gets a timer, after the read.
        self._is_awaiting_head = True

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            if self._should_upgrade():
                super().on_headers_complete()
            elif self.parser.get_method() != b"CONNECT":
                self._declined = self._head_without_upgrade()
            return
        if self.expect_100_continue:
            # A client of HTTP/1.0 would take status 100 for the response.
            self.expect_100_continue = self.parser.get_http_version() != "1.0"
        self._stop_waiting()
        self._unread_bytes = 0
        super().on_headers_complete()
        # The application keeps the list; trailers must not be added to it.
        self.headers = []
        if self.expect_100_continue:
            # If the response comes before the body, the client may or may not send the body.
            self._keeps_alive, self.cycle.keep_alive = self.cycle.keep_alive, False

    def on_body(self, body: bytes) -> None:
        self._unread_bytes = 0
        if self.expect_100_continue:
            self._expect_no_more()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._unread_bytes = 0
        if self.expect_100_continue:
            self._expect_no_more()
        self._stop_lingering()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._http_cycle = HttpCycle(cycle)
        cycle.scope["state"][HTTP_CYCLE] = self._http_cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Does what uvicorn does, except for the timer that uvicorn starts for each request."""
        if self._http_cycle is not None:
            self._http_cycle.release()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal is not None:
            self._end(self._refusal)
        elif not self._is_awaiting_head:
            self._await_next()
        if self.cycle.more_body and self.cycle.response_complete:
            self._until_rest = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST)

    def shutdown(self) -> None:
        self.expect_100_continue = False  # a body that arrives now doesn't keep it alive
        if self._until_rest is not None:
            self.transport.close()
        super().shutdown()

    def _should_upgrade(self) -> bool:
        """Whether the request is a valid upgrade to WebSocket.

        It has no body, and earlier requests are answered: the next byte is the WebSocket's.
        """
        headers = headers_of({"headers": self.headers})
        before: RequestResponseCycle | None = self.cycle
        return (
            headers.get(b"upgrade", b"").lower() == b"websocket"
            and self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
            and headers.get(b"content-length", b"0") == b"0"
            and b"transfer-encoding" not in headers
            and (before is None or before.response_complete)
        )

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _read_declined(self, head: bytes) -> None:
        self._declined = None
        # The parser has finished the request, and reads none after `Connection: close`.
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(head)

    def _upgrade(self, rest: memoryview) -> None:
        """Start a WebSocket, or refuse the upgrade."""
        if not self._should_upgrade():
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        elif rest:
            self._refuse(HTTPStatus.BAD_REQUEST)  # the handshake isn't complete
        else:
            self._stop_waiting()
            self.handle_websocket_upgrade()

    def _expect_no_more(self) -> None:
        self.expect_100_continue = False
        self.cycle.keep_alive = self._keeps_alive

    def _await_next(self) -> None:
        """Close the connection when it stays idle for longer than the keep-alive timeout.

        One timer serves many requests.
        """
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
        """Refuse the request that is being read, after the requests before it are answered."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        is_body = cycle is not None and cycle.more_body and not self._is_awaiting_head
        self._stop_waiting()
        if is_body and self.pipeline:
            self.pipeline.popleft()
            self._refusal = status
        elif is_body and self.cycle.response_started:
            self._refusal = status
            self._linger()
        elif is_body or cycle is None or cycle.response_complete:
            self._end(status)
        else:
            self._refusal = status

    def _end(self, status: HTTPStatus, message: str | None = None) -> None:
        if self.transport.is_closing():
            return
        self._refusal = status
        is_full = status is HTTPStatus.SERVICE_UNAVAILABLE
        code = "LIMIT_EXCEEDED" if is_full else "BAD_USER_INPUT"
        error = {"message": message or f"{status.phrase}.", "extensions": {"code": code}}
        body = json.dumps({"errors": [error]}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            f"{_RETRY_AFTER if is_full else ''}"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        if is_full:
            self.transport.close()  # a connection beyond the limit must not linger
        else:
            self._linger()

    def _linger(self) -> None:
        """Send nothing more, and drop what arrives until the client closes the connection."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self._http_cycle is not None:
            self._http_cycle.disconnect()
        self.transport.write_eof()
        self._until_rest = self.loop.call_later(LINGER_SECONDS, self.transport.close)


class QuietWebSocket(_Bounded, WebSocketsSansIOProtocol):
    """Logs no error for text that isn't UTF-8, nor for a refused connection.

    It closes the connection of a client that doesn't answer pings with a code after which clients
    reconnect.
    """

    def keepalive_timeout(self) -> None:
        """Does what uvicorn does, with a close code after which clients reconnect.

        uvicorn's code is 1011, an error of the server, after which clients don't reconnect. The
        network delivers the close frame to a machine that slept for a minute or two. A client that
        has stopped reading gets no frame: the server doesn't buffer it.
        """
        self.stop_keepalive()
        if self.close_sent or self.transport.is_closing():
            return
        self.close_sent = self.disconnected = True
        if self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
            return
        self.conn.fail(1001, "The client did not answer a ping")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._sending = asyncio.Lock()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.handshake_initiated:
            self.scope["extensions"] = {
                **self.scope["extensions"],
                SENDS_PARTS: {"send": self.send_parts, "send_at_once": self.send_at_once},
            }

    async def send(self, message: Any) -> None:
        """Does what uvicorn does; a text waits for another one that is being sent in parts."""
        if message["type"] != "websocket.send":
            await super().send(message)
        else:
            async with self._sending:  # frames of two texts must not alternate
                await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    async def send_parts(self, parts: list[bytes]) -> None:
        """Send one text in a frame for each part, unless the client has disconnected."""
        if len(parts) == 1 and self.send_at_once(parts[0]):
            return
        async with self._sending:
            for number, part in enumerate(parts):
                await self.writable.wait()
                final = 0x80 if number == len(parts) - 1 else 0
                self._send_frame(final | (Opcode.CONT if number else Opcode.TEXT), part)

    def send_at_once(self, text: bytes) -> bool:
        """Send a text in a frame, unless that has to wait; whether it was sent, or the client has
        disconnected."""
        if not self.writable.is_set() or self._sending.locked():
            return False
        self._send_frame(0x80 | Opcode.TEXT, text)
        return True

    def _send_frame(self, first_byte: int, content: bytes) -> None:
        """Does what `self.conn` does, at a lower cost: a server masks and compresses nothing."""
        if not self.disconnected and not self.close_sent:
            self.transport.write(_frame_head(first_byte, len(content)) + content)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(self.frames):
            self.conn.fail(1007)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()


def _frame_head(first_byte: int, size: int) -> bytes:
    """The head of a frame with so many bytes of content (RFC 6455, 5.2)."""
    if size < 126:
        return pack("!BB", first_byte, size)
    if size < 1 << 16:
        return pack("!BBH", first_byte, 126, size)
    return pack("!BBQ", first_byte, 127, size)


def _is_utf8(frames: list[Any]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True
