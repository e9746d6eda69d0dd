"""uvicorn's HTTP connections, with limits of what a client sends and of how long it takes."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from server.bounded_connections import BoundedConnection, address_of
from server.http_cycle import HTTP_CYCLE, HttpCycle
from server.requests import headers_of

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


class BoundedHttp(BoundedConnection, HttpToolsProtocol):
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
        reason = self.sockets.acquire(address_of(self.client))
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
