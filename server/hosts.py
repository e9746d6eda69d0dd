"""The host names that the server accepts."""

import logging
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from server.proxies import Proxies
from server.requests import RequestRefused, headers_of, request_id_of, shown
from server.responses import refuse

log = logging.getLogger("aicmo.websocket")


class Hosts:
    """The accepted host names: `*` is any name, `*.example.com` any name below example.com.

    Trusted proxies may forward a request under another name, with the client's in
    `X-Forwarded-Host`. From other clients that header is ignored.
    """

    def __init__(self, names: tuple[str, ...], proxies: Proxies) -> None:
        self._names = frozenset(name.lower().strip("[]") for name in names)
        self._proxies = proxies
        self._are_named = lru_cache(maxsize=100)(self._decide)

    def require(self, scope: Scope) -> None:
        """Raises RequestRefused unless the request's host name is accepted.

        If a proxy forwards another name, both must be accepted: a page can set `X-Forwarded-Host`,
        and a proxy on the same machine would forward that.
        """
        given = tuple([value for name, value in scope["headers"] if name == b"host"])
        is_named = self._are_named(given)
        if is_named and self._proxies.are_there and (forwarded := self._forwarded(scope)):
            is_named = self._are_named(forwarded)
        if not is_named:
            raise RequestRefused(400, "Host: this server isn't called that.")

    def called(self, scope: Scope) -> str:
        """The host name that the client used, in lower case, perhaps with a port."""
        name = headers_of(scope).get(b"host", b"")
        return b"".join(self._forwarded(scope) or (name,)).decode("latin-1").lower()

    def _forwarded(self, scope: Scope) -> tuple[bytes, ...]:
        if not self._proxies.have_sent(scope):
            return ()
        return tuple([value for name, value in scope["headers"] if name == b"x-forwarded-host"])

    def _decide(self, given: tuple[bytes, ...]) -> bool:
        if "*" in self._names:
            return True
        try:
            [host] = given
            name = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
        except ValueError:
            return False
        parents = (f"*{name[dot:]}" for dot, character in enumerate(name) if character == ".")
        return name in self._names or not self._names.isdisjoint(parents)


class TrustedHosts:
    """Middleware that refuses requests to other host names."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            try:
                self._hosts.require(scope)
            except RequestRefused as refusal:
                headers = headers_of(scope)
                request_id = request_id_of(headers)
                if scope["type"] == "websocket":
                    # A browser shows the response to nobody.
                    log.warning(
                        "request %s: a WebSocket was refused: this server isn't called %s",
                        request_id,
                        shown(headers.get(b"host", b"")),
                    )
                refused = refuse(refusal, request_id)
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)
