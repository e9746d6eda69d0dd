"""Which names the server answers to."""

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from server.requests import RequestRefused, headers_of, request_id_of
from server.responses import refuse


class TrustedHosts:
    """Refuses requests to other names; `*` is any, `*.example.com` any below example.com."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self._is_trusted = lru_cache(maxsize=100)(self._decide)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            names = tuple(value for name, value in scope["headers"] if name == b"host")
            if not self._is_trusted(names):
                refusal = RequestRefused(400, "Host: this server isn't called that.")
                refused = refuse(refusal, request_id_of(headers_of(scope)))
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _decide(self, given: tuple[bytes, ...]) -> bool:
        if "*" in self._hosts:
            return True
        try:
            [host] = given
            name = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
        except ValueError:
            return False
        parents = (f"*{name[dot:]}" for dot, character in enumerate(name) if character == ".")
        return name in self._hosts or not self._hosts.isdisjoint(parents)
