"""Where clients reach this server, for the addresses that it gives them."""

import re
from typing import Final

from starlette.types import Scope

from server.hosts import Hosts
from server.proxies import Proxies
from server.requests import headers_of

_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_SECURE: Final = {"https": "https", "wss": "https", "http": "http", "ws": "http"}


class Addresses:
    """Knows the address of the API: the one that is set, or else that of the client's request.

    Trusted proxies say which scheme and prefix the client used, in `X-Forwarded-Proto` and
    `X-Forwarded-Prefix`; from other clients these headers are ignored.
    """

    def __init__(self, public_url: str, hosts: Hosts, proxies: Proxies) -> None:
        self._public_url = public_url.rstrip("/")
        self._hosts = hosts
        self._proxies = proxies

    def base_of(self, scope: Scope) -> str:
        """What the addresses for this client begin with, without a slash at the end."""
        if self._public_url:
            return self._public_url
        scheme = _SECURE.get(scope.get("scheme", "http"), "http")
        prefix: str = scope.get("root_path", "")
        if self._proxies.have_sent(scope):
            headers = headers_of(scope)
            forwarded = _last(headers.get(b"x-forwarded-proto", b"")).lower()
            scheme = _SECURE.get(forwarded, scheme)
            prefix = _last(headers.get(b"x-forwarded-prefix", b"")).rstrip("/") or prefix
        if not _PREFIX.fullmatch(prefix):
            prefix = ""
        host = self._hosts.called(scope)
        return f"{scheme}://{host}{prefix}" if host else ""


def _last(value: bytes) -> str:
    """What the nearest proxy said, which adds its own at the end."""
    return value.decode("latin-1").rpartition(",")[2].strip()
