"""Requests that somebody else chose the address of go to public addresses alone."""

import socket
from ipaddress import ip_address, ip_network

import pytest

from orchestration.addresses import RefusedAddress, guarded_sockets, is_allowed
from tests.orchestration.refused import every_refused_address

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "192.167.255.255", "2606:4700::1111", "2a00:1450::1"]


@every_refused_address
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
