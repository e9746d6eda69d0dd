"""Proxies that are trusted to say for whom they ask."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

_NOBODY: Final = "unknown"
"""The address of a client that has none, such as one of a Unix socket."""

_ADDRESSES: Final = (b"x-forwarded-for", b"x-real-ip")
_FORWARDED: Final = b"forwarded"
"""RFC 7239."""
_PASSED_ON: Final = frozenset({*_ADDRESSES, _FORWARDED, b"via"})
"""Headers by which a proxy says that it passes a request on."""


class Proxies:
    """Knows trusted proxies by their addresses or networks. What others say of whom they ask for is
    ignored: anybody can send such headers."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ip_network(network) for network in networks]
        self.are_there = bool(self._networks)
        self.include = lru_cache(maxsize=100)(self._look_up)
        """Whether an address is one of theirs."""

    def have_sent(self, scope: Scope) -> bool:
        """Whether the request comes from one of them."""
        client = scope.get("client")
        return client is not None and self.include(client[0])

    def client_address(self, scope: Scope) -> str:
        """The address of the client: of the peer, or the one that a trusted proxy asks for.

        Each proxy adds the address of its own peer at the end of `X-Forwarded-For`. So the client
        is the last one that isn't a trusted proxy; whatever is before it, the client may have sent.
        """
        client = scope.get("client")
        if client is None:
            return _NOBODY
        address: str = client[0]
        if self.include(address):
            for forwarded in reversed(_forwarded_for(scope)):
                found = _address(forwarded)
                if found is None:
                    break
                address = str(found)
                if not self.include(address):
                    break
        return address

    def _look_up(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(found in network for network in self._networks)


def is_for_another(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request of this machine was passed on, and not only for clients on this machine.

    Programs that people run here speak HTTP/1.1 or newer. HTTP/1.0 is what proxies speak to those
    behind them, nginx (before 1.29.7) where its settings don't say otherwise, and these say nothing
    of the client then.
    """
    if scope["http_version"] == "1.0":
        return True
    if _PASSED_ON.isdisjoint(headers):
        return False
    found = [*map(_address, _clients_in(headers))]
    return not found or not all(each is not None and each.is_loopback for each in found)


def _clients_in(headers: Mapping[bytes, bytes]) -> Iterator[str]:
    """The addresses that the headers say a request was passed on for."""
    for name in _ADDRESSES:
        if name in headers:
            yield from headers[name].decode("latin-1").split(",")
    for element in headers.get(_FORWARDED, b"").decode("latin-1").split(","):
        for pair in element.split(";"):
            parameter, _, value = pair.partition("=")
            if parameter.strip().lower() == "for":
                yield value.strip().strip('"')


def _forwarded_for(scope: Scope) -> list[str]:
    """What all lines of `X-Forwarded-For` say, in their order."""
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return b",".join(lines).decode("latin-1").split(",") if lines else []


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a port; an IPv4 address that is mapped to IPv6 as itself."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found
