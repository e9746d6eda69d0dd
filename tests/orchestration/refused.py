"""Addresses that no request may be sent to, and how a URL may spell them."""

from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address
from typing import Final

import pytest

REFUSED: Final = {
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

every_refused_address = pytest.mark.parametrize(
    "address",
    [pytest.param(it, id=f"{kind} {it}") for kind, them in REFUSED.items() for it in them],
)


def spellings(address: str) -> Iterator[str]:
    """Hosts of URLs that mean the address."""
    ip = ip_address(address.partition("%")[0])
    if not isinstance(ip, IPv4Address):
        yield from (f"[{ip}]", f"[{ip.exploded}]", f"[{ip.exploded.upper()}]")
        return
    number = int(ip)
    first, second, third, fourth = ip.packed
    yield from (address, str(number), hex(number), f"0{number:o}")
    yield f"{first}.{number & 0xFFFFFF}"
    yield f"{first:#x}.{second}.{number & 0xFFFF:#x}"
    yield f"0{first:o}.{second:#X}.{third}.0{fourth:o}"
    yield "".join(chr(ord(it) + 0xFEE0) if it.isdigit() else it for it in address)
    yield address.replace(".", "\u3002")
    yield "".join(f"%{ord(it):x}" for it in address)
    yield from (f"[::ffff:{address}]", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]")
    yield from (f"[::{address}]", f"[64:ff9b::{address}]")
