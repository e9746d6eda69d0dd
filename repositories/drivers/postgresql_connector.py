"""Opens connections to PostgreSQL: chooses the host, bounds the time, sets TCP keepalive."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

Address = tuple[str | None, int | None]
"""A host, or a folder with its socket, and a port; None: the driver's default."""

_IDLE_LIMIT = "SELECT current_setting('idle_in_transaction_session_timeout') <> '0'"


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """When TCP regards a silent peer as gone, in seconds; 0: the operating system's default.

    The defaults notice it within a minute, and keep idle connections alive in most middleboxes.
    """

    enabled: bool = True
    idle: int = 30
    interval: int = 10
    count: int = 3
    user_timeout: float = 30
    """How long sent data may remain without an acknowledgement."""

    def apply(self, connected: socket.socket) -> None:
        """Set those options that this operating system has."""
        if connected.family not in (socket.AF_INET, socket.AF_INET6):
            return
        if self.user_timeout and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self.user_timeout * 1_000)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        if not self.enabled:
            return
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", self.idle),
            ("TCP_KEEPINTVL", self.interval),
            ("TCP_KEEPCNT", self.count),
        ):
            if value and hasattr(socket, name):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class PostgresConnection(asyncpg.Connection):
    """The driver's connection, with access to its socket."""

    limits_idle_transactions = False
    """Whether the server ends the connection when a transaction does nothing for a while."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        self.socket: socket.socket = transport.get_extra_info("socket")


class Connector:
    """Opens connections to the first suitable host.

    Each host has `host_seconds`. The connector begins with the host that was suitable last time,
    so that it doesn't wait for an absent host again and again.
    """

    def __init__(self, host_seconds: float, keep_alive: KeepAlive) -> None:
        self._host_seconds = host_seconds
        self._keep_alive = keep_alive
        self._first = 0

    async def __call__(
        self,
        *,
        host: str | Sequence[str] | None = None,
        port: int | Sequence[int] | None = None,
        **options: Any,
    ) -> PostgresConnection:
        """Raises ConnectionError, in one line, when no host is suitable."""
        addresses = list(_addresses(host, port))
        reasons = []
        for turn in range(len(addresses)):
            number = (self._first + turn) % len(addresses)
            try:
                connection = await self._opened(addresses[number], options)
            except (
                OSError,
                ValueError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
            ) as error:
                reasons.append(_told(addresses[number], error, is_one=len(addresses) == 1))
            else:
                self._first = number
                return connection
        raise ConnectionError("; ".join(reasons))

    async def _opened(self, address: Address, options: dict[str, Any]) -> PostgresConnection:
        host, port = address
        connection = None
        try:
            # The driver's own time limit doesn't include the queries that follow.
            async with asyncio.timeout(self._host_seconds):
                connection = await asyncpg.connect(
                    host=host,
                    port=port,
                    timeout=self._host_seconds,
                    connection_class=PostgresConnection,
                    **options,
                )
                self._keep_alive.apply(connection.socket)
                connection.limits_idle_transactions = await connection.fetchval(_IDLE_LIMIT)
        except BaseException:
            if connection is not None:
                connection.terminate()
            raise
        return connection


def _addresses(
    host: str | Sequence[str] | None, port: int | Sequence[int] | None
) -> Iterator[Address]:
    hosts = [host] if host is None or isinstance(host, str) else list(host)
    ports = [port] * len(hosts) if port is None or isinstance(port, int) else list(port)
    return zip(hosts, ports, strict=True)


def _told(address: Address, error: Exception, *, is_one: bool) -> str:
    match error:
        case TimeoutError():
            reason = "no answer in time"
        case asyncpg.TargetServerAttributeNotMatched():
            reason = "it takes no writes"
        case ssl.SSLError():
            reason = f"TLS: {error.reason or error}"
        case _:
            reason = " ".join(str(error).split("\n")[:1]) or type(error).__name__
    host, port = address
    return reason if is_one else f"{host or 'localhost'}:{port or 5432}: {reason}"
