"""A request and its answer on a connection of ours: what can't be said by ASGI, or costs more."""

from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

EXCHANGE: Final = "aicmo.exchange"
"""Where a request's `Exchange` is in the state of ASGI's scope."""

SENDS_PARTS: Final = "aicmo.parts"
"""The extension in ASGI's scope, and the key in `websocket.send`, of a text in several parts."""


class Exchange:
    """Stands beside ASGI's `receive` and `send`, which do all that this doesn't.

    It's over when the answer is written or the client is gone; from then on it does nothing.
    """

    __slots__ = ("_cycle", "on_leave")

    on_leave: Callable[[], object] | None
    """Called when the client goes away before it was answered."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle: RequestResponseCycle | None = cycle
        self.on_leave = None

    @property
    def is_over(self) -> bool:
        return self._cycle is None

    def whole_body(self) -> bytearray | None:
        """Takes the body, when all of it is there; None says that it has to be received."""
        cycle = self._cycle
        if cycle is None or cycle.more_body:
            return None
        # A large one has stopped the reading, and who doesn't read doesn't see a client leave.
        cycle.flow.resume_reading()
        body, cycle.body = cycle.body, bytearray()
        return body

    def answer(self, status: int, header_lines: bytes, body: bytes) -> bool:
        """Writes the whole answer at once; False says that it has to be sent.

        The headers' lines are sound, and `content-length` is among them: nothing looks at them
        again.
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

    def end(self) -> None:
        """Lets go of the request, which has this in its scope: nothing is left to the collector."""
        self._cycle = None

    def leave(self) -> None:
        """Says that the client has gone away."""
        self.end()
        if self.on_leave is not None:
            self.on_leave()
