"""What the connections of both protocols have in common: each is counted, and its writes end."""

import asyncio

from server.connection_limits import ConnectionLimiter


class BoundedConnection(asyncio.Protocol):
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
            self.sockets.release(address_of(self.client))
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


def address_of(client: tuple[str, int] | None) -> str:
    return "" if client is None else client[0]
