"""The uvicorn server on its listening sockets, with limits where uvicorn has none."""

import logging
import socket
from math import ceil
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette

from server.connection_limits import ConnectionLimiter, connections_within, raise_file_limit
from server.http_protocol import BoundedHttp
from server.settings import Settings
from server.websocket_protocol import QuietWebSocket

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
