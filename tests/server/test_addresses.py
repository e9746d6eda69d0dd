"""Where clients reach the server, as its addresses say it."""

from typing import Any

import pytest

from server.addresses import Addresses
from server.hosts import Hosts
from server.proxies import Proxies

PROXY = ("10.0.0.1", 1234)
STRANGER = ("192.0.2.1", 1234)


def addresses(public_url: str = "") -> Addresses:
    proxies = Proxies(("10.0.0.0/8",))
    return Addresses(public_url, Hosts(("*",), proxies), proxies)


def scope(client: tuple[str, int] = STRANGER, root_path: str = "", **headers: str) -> Any:
    named = {"host": "api.example:8000", **headers}
    return {
        "type": "http",
        "scheme": "http",
        "client": client,
        "root_path": root_path,
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in named.items()
        ],
    }


FORWARDED = {
    "x_forwarded_host": "agency.example",
    "x_forwarded_proto": "https",
    "x_forwarded_prefix": "/aicmo/",
}


def test_it_is_where_the_client_asked() -> None:
    assert addresses().base_of(scope()) == "http://api.example:8000"
    assert addresses().base_of(scope(root_path="/v1")) == "http://api.example:8000/v1"
    assert addresses().base_of({**scope(), "scheme": "wss"}) == "https://api.example:8000"


def test_a_trusted_proxy_says_where_the_client_asked() -> None:
    assert addresses().base_of(scope(PROXY, **FORWARDED)) == "https://agency.example/aicmo"


def test_others_are_not_believed() -> None:
    assert addresses().base_of(scope(STRANGER, **FORWARDED)) == "http://api.example:8000"


@pytest.mark.parametrize(
    "forwarded",
    [
        {"x_forwarded_proto": "javascript"},
        {"x_forwarded_prefix": "//evil.example"},
        {"x_forwarded_prefix": "evil.example/"},
        {"x_forwarded_prefix": "/a?b"},
        {"x_forwarded_prefix": "/a b"},
    ],
)
def test_what_a_proxy_passes_on_of_clients_leads_nowhere_else(forwarded: dict[str, str]) -> None:
    assert addresses().base_of(scope(PROXY, **forwarded)) == "http://api.example:8000"


def test_the_nearest_proxy_counts() -> None:
    base = addresses().base_of(scope(PROXY, x_forwarded_proto="http, https"))

    assert base == "https://api.example:8000"


def test_what_is_set_counts_for_all() -> None:
    public = addresses("https://files.example/agency/")

    assert public.base_of(scope(PROXY, **FORWARDED)) == "https://files.example/agency"


def test_without_a_host_addresses_are_relative() -> None:
    assert addresses().base_of({**scope(), "headers": []}) == ""
