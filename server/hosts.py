"""Which names the server answers to."""

import logging
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from server.requests import RequestRefused, headers_of, request_id_of, shown
from server.responses import refuse

log = logging.getLogger("aicmo.websocket")


class Hosts:
    """Names; `*` is any, `*.example.com` any below example.com."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = frozenset(name.lower().strip("[]") for name in names)
        self._are_named = lru_cache(maxsize=100)(self._decide)

    def require(self, scope: Scope) -> None:
        """Raises RequestRefused unless the request is to one of them."""
        given = tuple([value for name, value in scope["headers"] if name == b"host"])
        if not self._are_named(given):
            raise RequestRefused(400, "Host: this server isn't called that.")

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
    """Refuses requests to other names than the hosts'."""

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
                    # A browser doesn't show the answer to anybody.
                    log.warning(
                        "request %s: a WebSocket was refused: this server isn't called %s",
                        request_id,
                        shown(headers.get(b"host", b"")),
                    )
                refused = refuse(refusal, request_id)
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)
