"""uvicorn's WebSockets, which send texts in parts, and close as clients expect."""

import asyncio
from struct import pack
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Opcode

from server.bounded_connections import BoundedConnection
from server.http_cycle import SENDS_PARTS

_WHOLE_TEXT: Final = 0x80 | Opcode.TEXT
"""The first byte of a text in one frame."""
_WRITABLE: Final = asyncio.Event()
"""That of all connections that may be written to: nobody has to wait for it."""
_WRITABLE.set()


class QuietWebSocket(BoundedConnection, WebSocketsSansIOProtocol):
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
        # Idle connections are many. What uvicorn keeps in their place takes 3.8 kB of each.
        self.queue = _Messages()  # type: ignore[assignment]
        self.writable = _WRITABLE
        self._sending = asyncio.Lock()

    def pause_writing(self) -> None:
        self.writable = asyncio.Event()
        super().pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.writable = _WRITABLE

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
        if message["type"] == "websocket.accept" and self.handshake_complete:
            # Nobody needs the handshake any more, and the scope has the request's headers. The
            # parser would keep these as long as the connection is open.
            self.request.headers.clear()
            del self.request, self.response
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
        if self.writable is not _WRITABLE or self._sending.locked():
            return False
        self._send_frame(_WHOLE_TEXT, text)
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


class _Messages:
    """Those that the application hasn't received: an `asyncio.Queue` for one reader."""

    __slots__ = ("_arrived", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Any] = []
        self._arrived: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._waiting

    def put_nowait(self, message: Any) -> None:
        self._waiting.append(message)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def get(self) -> Any:
        while not self._waiting:
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        self._arrived = None
        return self._waiting.pop(0)


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
