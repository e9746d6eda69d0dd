"""Which addresses the server may send requests to that somebody else chose.

A name may lead to any address, and to another one the next time. So it's the address of each
connection that is judged, as the connection is made.
"""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PUBLIC_IPV6: Final = IPv6Network("2000::/3")
"""All other IPv6 addresses have a special meaning, also those that have IPv4 addresses in them: the
mapped, the compatible and those of NAT64."""

_REFUSED: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by the customers of a provider
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "2001::/23",  # Teredo, whose addresses have IPv4 addresses in them, and others
            "2001:db8::/32",
            "2002::/16",  # 6to4, whose addresses have IPv4 addresses in them
            "3fff::/20",
        ),
    )
)


class RefusedAddress(PermissionError):
    """The address is none that requests may be sent to."""

    def __init__(self) -> None:
        super().__init__("the address is not a public one")


def is_allowed(address: Address, networks: Iterable[Network] = ()) -> bool:
    """Whether the address is a public one, or one of these networks."""
    if any(address in network for network in networks):
        return True
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return not (
        any(address in network for network in _REFUSED)
        or address.is_private
        or address.is_reserved
        or address.is_multicast
    )


def guarded_sockets(networks: Iterable[Network]) -> Callable[[Any], socket.socket]:
    """Makes sockets for connections to allowed addresses; raises RefusedAddress for others."""
    allowed = tuple(networks)

    def new_socket(address_info: Any) -> socket.socket:
        family, kind, protocol, _, address = address_info
        if not is_allowed(ip_address(address[0]), allowed):
            raise RefusedAddress
        return socket.socket(family, kind, protocol)

    return new_socket
