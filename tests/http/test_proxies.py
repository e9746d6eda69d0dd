"""Proxies in front of the server, such as nginx: kept connections, names, upgrades."""

import asyncio
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from server.http_protocol import BoundedHttp
from server.settings import load_settings
from tests.http.conftest import Serve
from tests.support.nginx import nginx
from tests.support.serving import Served, until
from tests.support.sockets import connected, opened

ASK = {"query": "{ __typename }"}
NAMED = "proxy_set_header Host $http_host;"
KEPT = f'{NAMED} proxy_set_header Connection "";'
UPGRADED = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
IDLE_SECONDS = {"nginx": 60, "AWS ALB": 60, "Traefik": 90, "Caddy": 120, "Google Cloud": 600}
"""How long balancers keep a connection without a request, unless they are told otherwise."""


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.BaseTransport]:
    """The connections that the server has accepted, one after the other."""
    accepted: list[asyncio.BaseTransport] = []
    accept = BoundedHttp.connection_made

    def noted(self: BoundedHttp, transport: asyncio.Transport) -> None:
        accepted.append(transport)
        accept(self, transport)

    monkeypatch.setattr(BoundedHttp, "connection_made", noted)
    return accepted


async def posted(server: Served, address: str) -> int:
    response = await server.http.post(f"http://{address}/graphql", json=ASK)
    return response.status_code


# Connections that are kept


@pytest.mark.parametrize("balancer", IDLE_SECONDS)
def test_connections_are_kept_longer_than_balancers_keep_them(balancer: str) -> None:
    assert load_settings().keep_alive_seconds > IDLE_SECONDS[balancer]


async def test_a_proxy_uses_its_connection_again(
    server: Served, connections: list[asyncio.BaseTransport], tmp_path: Path
) -> None:
    with nginx(tmp_path, server.address, location=KEPT) as address:
        assert [await posted(server, address) for _ in range(10)] == [200] * 10

    assert len(connections) == 1


async def test_it_is_the_proxy_that_ends_a_connection(
    server: Served, connections: list[asyncio.BaseTransport], tmp_path: Path
) -> None:
    """Would the server do so first, a request could meet it, and the proxy would answer 502."""
    with nginx(
        tmp_path, server.address, upstream="keepalive_timeout 1s;", location=KEPT
    ) as address:
        for number in (1, 2):
            assert await posted(server, address) == 200
            assert len(connections) == number
            await until(lambda: not server.state.connections, seconds=20)


async def test_how_long_connections_are_kept_can_be_set(serve: Serve, tmp_path: Path) -> None:
    server = await serve(keep_alive_seconds=1)
    with nginx(tmp_path, server.address, location=KEPT) as address:
        assert await posted(server, address) == 200
        await until(lambda: not server.state.connections, seconds=20)


# Whom it asks for


@pytest.mark.parametrize(
    "more",
    [
        "",
        "proxy_set_header Connection '';",
        "proxy_http_version 1.1; proxy_set_header X-Real-IP 203.0.113.7;",
        "proxy_http_version 1.1; proxy_set_header X-Forwarded-For 203.0.113.7;",
        "proxy_http_version 1.1; proxy_set_header Forwarded 'for=203.0.113.7';",
    ],
    ids=["bare", "kept", "X-Real-IP", "X-Forwarded-For", "Forwarded"],
)
async def test_through_a_proxy_that_is_set_up_carelessly_nobody_is_the_operator(
    server: Served, tmp_path: Path, more: str
) -> None:
    """A bare `proxy_pass` asks by HTTP/1.0, under this machine's name, and says for nobody whom."""
    passing = f"proxy_pass http://{server.address}; {more}"
    with nginx(tmp_path, server.address, passing=passing) as address:
        for headers in ({}, {"Origin": f"http://{server.address}"}, {"X-Forwarded-For": "::1"}):
            url = f"http://{address}/graphql"
            response = await server.http.post(url, json=ASK, headers=headers)
            assert response.status_code == 401
            response = await server.http.get(url, params=ASK, headers=headers)
            assert response.status_code == 401


async def test_a_proxy_for_clients_on_this_machine_serves_its_operator(
    server: Served, tmp_path: Path
) -> None:
    passing = (
        f"proxy_pass http://{server.address}; proxy_http_version 1.1;"
        "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $remote_addr;"
        "proxy_set_header Forwarded 'for=$remote_addr;proto=http';"
    )
    with nginx(tmp_path, server.address, passing=passing) as address:
        assert await posted(server, address) == 200


# Upgrades and names


async def test_all_requests_may_be_passed_on_as_upgrades(server: Served, tmp_path: Path) -> None:
    """Settings of nginx for WebSockets as they are often copied."""
    with nginx(tmp_path, server.address, location=NAMED + UPGRADED) as address:
        response = await server.http.post(
            f"http://{address}/graphql",
            json=ASK,
            headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"},
        )
        assert response.json() == {"data": {"__typename": "Query"}}
        async with connected(f"ws://{address}/graphql"):
            pass


async def test_a_proxy_says_what_the_client_called_the_server(serve: Serve, tmp_path: Path) -> None:
    """nginx asks under the name of what is behind it, unless it's told otherwise."""
    names = ("aicmo", "127.0.0.1")
    forwarding = f"{UPGRADED} proxy_set_header X-Forwarded-Host $http_host;"
    trusting = await serve(
        allowed_hosts=names, trusted_proxies=("127.0.0.1",), require_authentication=False
    )
    other = await serve(allowed_hosts=names, require_authentication=False)
    for folder in ("trusting", "other"):
        (tmp_path / folder).mkdir()
    with (
        nginx(tmp_path / "trusting", trusting.address, location=forwarding) as address,
        nginx(tmp_path / "other", other.address, location=forwarding) as elsewhere,
    ):
        async with connected(f"ws://{address}/graphql", origin=f"http://{address}"):
            assert await posted(trusting, address) == 200
        with pytest.raises(InvalidStatus):
            async with opened(f"ws://{elsewhere}/graphql", origin=f"http://{elsewhere}"):
                pass
