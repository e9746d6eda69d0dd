"""Sending one attempt of a delivery by HTTP.

This module is imported for the first attempt: most servers never need what it needs.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, NamedTuple

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    ServerDisconnectedError,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult

from domain.webhooks import RESPONSE_BYTES, Claim, Outcome, sign
from orchestration.addresses import Network, RefusedAddress, guarded_sockets
from repositories.lazy import lazy

_RESOLVER_THREADS: Final = 16
_KEPT_SECONDS: Final = 4.0
"""How long a connection is kept for the next attempt: many receivers close it after five."""
_CONNECTED: Final[ContextVar[list[bool]]] = ContextVar("connected")
"""Has an item for each connection that was made for the present attempt."""
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "AICMO-Webhooks"}


class HttpSender:
    """Makes attempts, to public addresses or to `networks`, over connections that are kept a while.

    A receiver may close a kept connection just when the next attempt uses it: that one is made
    again over a new connection. The sender follows no redirect, uses no proxy, keeps no cookies,
    and reads RESPONSE_BYTES of a response.
    """

    def __init__(
        self,
        *,
        timeout: float,
        networks: Iterable[Network] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._timeout = timeout
        self._new_socket = guarded_sockets(networks)
        self._clock = clock
        self._resolver = resolver or _Resolver()

    async def send(self, claim: Claim) -> Outcome:
        began_at, began = self._clock(), time.perf_counter()
        status: int | None = None
        error, response, retry_after = None, "", None
        request = partial(
            self._response, claim.url, claim.payload.encode(), _headers(claim, began_at)
        )
        connected: list[bool] = []
        _CONNECTED.set(connected)
        try:
            try:
                answer = await request(self._keeping, self._timeout)
            except (ServerDisconnectedError, ClientOSError):
                left = self._timeout - (time.perf_counter() - began)
                if connected or left <= 0:
                    raise
                answer = await request(self._closing, left)
            status, response = answer.status, answer.beginning
            retry_after = _retry_after(answer.retry_after, began_at)
        except TimeoutError:
            error = f"There was no complete response within {self._timeout:g} seconds."
        except (ClientError, OSError, ValueError) as problem:
            error = _reason(problem)
        return Outcome(
            began_at=began_at,
            duration_ms=round((time.perf_counter() - began) * 1000),
            status=status,
            error=error,
            response=response,
            retry_after=retry_after,
        )

    async def close(self) -> None:
        for name in ("_keeping", "_closing"):
            if name in self.__dict__:
                await self.__dict__[name].close()
        await self._resolver.close()

    async def _response(
        self,
        url: str,
        payload: bytes,
        headers: Mapping[str, str],
        session: ClientSession,
        seconds: float,
    ) -> "_Response":
        async with session.post(
            url,
            data=payload,
            headers=headers,
            allow_redirects=False,
            timeout=ClientTimeout(total=seconds),
        ) as answer:
            beginning = await _beginning(answer)
            return _Response(answer.status, beginning, answer.headers.get("Retry-After"))

    @lazy
    def _keeping(self) -> ClientSession:
        return self._new_session(keepalive_timeout=_KEPT_SECONDS)

    @lazy
    def _closing(self) -> ClientSession:
        return self._new_session(force_close=True)

    def _new_session(self, **keeping: Any) -> ClientSession:
        return ClientSession(
            connector=TCPConnector(
                use_dns_cache=False,
                limit=0,  # who claims deliveries decides how many there are
                socket_factory=self._socket,
                resolver=self._resolver,
                **keeping,
            ),
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
            trust_env=False,
            auto_decompress=False,
        )

    def _socket(self, address_info: Any) -> socket.socket:
        made = self._new_socket(address_info)
        _CONNECTED.get().append(True)
        return made


class _Response(NamedTuple):
    status: int
    beginning: str
    retry_after: str | None


class _Resolver(AbstractResolver):
    """Asks the operating system in threads of its own.

    A name whose servers are slow takes none of the threads that the rest of the process needs.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, "webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        ask = partial(
            socket.getaddrinfo,
            host,
            port,
            family,
            socket.SOCK_STREAM,
            flags=socket.AI_ADDRCONFIG,
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found_family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, _, proto, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _headers(claim: Claim, now: datetime) -> dict[str, str]:
    timestamp = int(now.timestamp())
    return {
        "webhook-id": claim.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(claim.secrets, claim.event_id, timestamp, claim.payload),
    }


async def _beginning(answer: ClientResponse) -> str:
    """As much of the body as is kept, as text that can be stored."""
    found = bytearray()
    while len(found) < RESPONSE_BYTES:
        chunk = await answer.content.read(RESPONSE_BYTES - len(found))
        if not chunk:
            break
        found += chunk
    return found.decode(errors="replace").replace("\x00", "\ufffd")


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The header is a number of seconds, or a date; None where it's neither."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        return max(parsedate_to_datetime(value).astimezone(UTC) - now, timedelta())
    except (ValueError, OverflowError):
        return None


def _reason(problem: Exception) -> str:
    """Why there is no response, for who looks after the endpoint: nothing of the server's own."""
    cause = getattr(problem, "os_error", problem)
    if isinstance(cause, RefusedAddress):
        return "The receiver's address isn't a public one."
    if isinstance(problem, ClientConnectorDNSError):
        return "The receiver's name has no address."
    if isinstance(problem, ClientConnectorCertificateError):
        return "The receiver's certificate isn't valid."
    if isinstance(problem, ClientSSLError):
        return "There was no secure connection to the receiver."
    if isinstance(problem, InvalidURL):
        return "The receiver's URL can't be used."
    if isinstance(cause, OSError):
        return "There was no connection to the receiver, or it was lost."
    return "The receiver's response wasn't HTTP, or it was cut off."
