"""uvicorn's request-response cycle, for the few things that ASGI can't express or makes slower."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypedDict

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

HTTP_CYCLE: Final = "aicmo.http_cycle"
"""The key of a request's `HttpCycle` in the `state` of the ASGI scope."""

SENDS_PARTS: Final = "aicmo.parts"
"""The ASGI extension for texts in several parts, a `PartsExtension`."""

_DRAIN_SECONDS: Final = 0.002
"""How often to look whether the system has taken what was sent; it nearly always has at once."""


class PartsExtension(TypedDict):
    """Sends texts of a WebSocket at a lower cost than ASGI's events."""

    send: Callable[[list[bytes]], Awaitable[None]]
    """Sends one text of these parts, each when the client has read those before it."""
    send_at_once: Callable[[bytes], bool]
    """Sends a text, unless that has to wait; whether it was sent."""


class HttpCycle:
    """A request and its response: the operations that ASGI's `receive` and `send` don't have.

    It's closed when the response is sent or the client has disconnected; then it does nothing.
    """

    __slots__ = ("_cycle", "on_disconnect")

    on_disconnect: Callable[[], object] | None
    """Called when the client disconnects before the response is sent."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle: RequestResponseCycle | None = cycle
        self.on_disconnect = None

    @property
    def is_closed(self) -> bool:
        return self._cycle is None

    def complete_body(self) -> bytearray | None:
        """Takes the body when it has arrived completely; None if `receive` has to get it."""
        cycle = self._cycle
        if cycle is None or cycle.more_body:
            return None
        # uvicorn stops reading for a large body, and without reading no disconnect is noticed.
        cycle.flow.resume_reading()
        body, cycle.body = cycle.body, bytearray()
        return body

    def send_response(self, status: int, header_lines: bytes, body: bytes) -> bool:
        """Sends the whole response; returns False if ASGI's `send` has to send it.

        The header lines must be valid and have `content-length`: nothing checks them again.
        """
        cycle = self._cycle
        if cycle is None or cycle.flow.write_paused or not cycle.keep_alive:
            return False
        lines = [b"%b: %b\r\n" % header for header in cycle.default_headers]
        parts = (STATUS_LINE[status], *lines, header_lines, b"\r\n", body)
        cycle.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()
        return True

    async def drained(self) -> bool:
        """Returns when the system has all that was sent; False once the cycle is closed."""
        while (cycle := self._cycle) is not None and not cycle.transport.is_closing():
            if not cycle.transport.get_write_buffer_size():
                return True
            await asyncio.sleep(_DRAIN_SECONDS)
        return False

    def socket(self) -> int:
        """The number of the connection's socket, for who sends parts of the body past `send`."""
        assert self._cycle is not None
        number: int = self._cycle.transport.get_extra_info("socket").fileno()
        return number

    def note_sent(self, count: int) -> None:
        """So many bytes of the body were sent past `send`."""
        if self._cycle is not None:
            self._cycle.expected_content_length -= count

    async def abort(self) -> None:
        """Close the connection: the response can't be sent whole."""
        if self._cycle is not None:
            self._cycle.transport.abort()
        while self._cycle is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)

    def release(self) -> None:
        """Drops uvicorn's cycle, whose scope has this object: no reference cycle is left."""
        self._cycle = None

    def disconnect(self) -> None:
        """Closes the cycle because the client has disconnected."""
        self.release()
        if self.on_disconnect is not None:
            self.on_disconnect()
