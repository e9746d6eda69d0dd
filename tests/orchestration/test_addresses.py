"""Requests that somebody else chose the address of go to public addresses alone."""

import socket
from ipaddress import ip_address, ip_network

import pytest

from orchestration.addresses import RefusedAddress, guarded_sockets, is_allowed

REFUSED = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12::1"],
    "shared": ["100.64.0.1", "100.127.255.255"],
    "link-local": ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%1"],
    "site-local": ["fec0::1", "feff::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "e000::1", "192.0.0.8"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarking": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "discarding": ["100::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:7f00:1"],
    "compatible": ["::127.0.0.1", "::8.8.8.8"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"],
    "6to4": ["2002:7f00:1::", "2002:808:808::1", "192.88.99.1"],
    "Teredo": ["2001::1", "2001:0:808:808::"],
}
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "192.167.255.255", "2606:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize(
    "address",
    [pytest.param(it, id=f"{kind} {it}") for kind, them in REFUSED.items() for it in them],
)
def test_an_address_with_a_special_meaning_is_refused(address: str) -> None:
    assert not is_allowed(ip_address(address))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(RefusedAddress):
        guarded_sockets([])((family, socket.SOCK_STREAM, 0, "", (address, 80)))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(ip_address(address))


def test_networks_that_are_named_are_allowed_and_no_others() -> None:
    networks = [ip_network("127.0.0.0/31"), ip_network("fd00:1::/32")]

    assert is_allowed(ip_address("127.0.0.1"), networks)
    assert is_allowed(ip_address("fd00:1::5"), networks)
    assert not is_allowed(ip_address("127.0.0.2"), networks)
    assert not is_allowed(ip_address("::ffff:127.0.0.1"), networks)
    assert not is_allowed(ip_address("fd00:2::5"), networks)


def test_a_socket_is_made_for_an_allowed_address() -> None:
    new_socket = guarded_sockets([ip_network("127.0.0.1")])
    made = new_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))

    assert made.type == socket.SOCK_STREAM
    made.close()
