"""What each caller may ask for in a minute, by each transport, by a clock that stands still."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from repositories.factory import PersistenceMode, create_storage
from server.service import Service
from tests import builders as build
from tests.http.conftest import Serve
from tests.http.test_authentication import (
    REQUIRED,
    SAVE,
    STREAMS,
    Tokens,
    bearer,
    is_refused,
    post,
)
from tests.support.graphql import Json
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, Socket, opened

PAGE: Final = "{ deliveryPackages(first: 50) { nodes { packageId } } }"
NO_SUCH: Final = "{ noSuchField }"


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass(frozen=True, slots=True)
class Limited:
    """A server, with the credentials of one of its callers."""

    served: Served
    tokens: Tokens
    secret: str

    @property
    def service(self) -> Service:
        return self.served.service

    async def post(self, query: str = PAGE, **headers: str) -> httpx.Response:
        return await post(self.served, bearer(self.secret) | headers, {"query": query})

    async def get(self, query: str = PAGE) -> httpx.Response:
        headers = bearer(self.secret)
        return await self.served.http.get(self.served.url, params={"query": query}, headers=headers)


class Limit:
    """Serves with limits, to a caller with a token."""

    def __init__(self, serve: Serve, clock: Clock) -> None:
        self._serve = serve
        self._clock = clock

    async def __call__(self, **settings: Any) -> Limited:
        storage = create_storage(PersistenceMode.INMEMORY, peppers=[build.PEPPER])
        served = await self._serve(storage, **REQUIRED | settings)
        for windows in served.service.rate_limits._windows.values():
            windows._now = self._clock
        tokens = Tokens(storage)
        return Limited(served, tokens, await tokens.issue())


@pytest.fixture
def limit(serve: Serve, clock: Clock) -> Limit:
    return Limit(serve, clock)


def limited(response: httpx.Response, seconds: int) -> bool:
    [error] = response.json()["errors"]
    return (
        response.status_code == 429
        and response.headers["retry-after"] == str(seconds)
        and error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": seconds}
        and "data" not in response.json()
    )


# Requests


async def test_beyond_its_requests_a_caller_waits(limit: Limit, clock: Clock) -> None:
    server = await limit(rate_limit_requests=3)
    for _ in range(3):
        response = await server.post()
        assert response.status_code == 200
        assert "data" in response.json()

    response = await server.post()

    assert limited(response, 80)
    assert response.headers["ratelimit-policy"] == ('"requests";q=3;w=60, "cost";q=1000000;w=60')
    assert response.headers["ratelimit"] == '"requests";r=0;t=80'
    clock.now += 80
    assert (await server.post()).status_code == 200


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/graphql-response+json", *STREAMS]
)
async def test_a_refusal_has_its_status_whatever_is_accepted(limit: Limit, media_type: str) -> None:
    server = await limit(rate_limit_requests=1)
    await server.post()

    assert limited(await server.post(Accept=media_type), 120)
    assert limited(await server.post(FOLLOW, Accept=media_type), 120)


async def test_all_ways_to_ask_count_together(limit: Limit) -> None:
    server = await limit(rate_limit_requests=5)
    assert (await server.get()).status_code == 200
    assert (await server.post()).status_code == 200
    assert (await server.post(NO_SUCH)).status_code == 200
    assert (await server.post(Accept=STREAMS[0])).status_code == 200
    async with connected(server) as socket:
        await socket.subscribe("1", PAGE)
        assert [each["type"] for each in await socket.rest(2)] == ["next", "complete"]

    assert limited(await server.get(), 72)


async def test_other_callers_are_served(limit: Limit) -> None:
    server = await limit(rate_limit_requests=1)
    await server.post()
    other = await server.tokens.issue(token_id="token-2", name="reader")

    assert (await server.post()).status_code == 429
    assert (await post(server.served, bearer(other), {"query": PAGE})).status_code == 200


async def test_another_token_of_the_same_caller_is_no_way_around(limit: Limit) -> None:
    server = await limit(rate_limit_requests=1)
    await server.post()
    other = await server.tokens.issue(token_id="token-2")

    assert (await post(server.served, bearer(other), {"query": PAGE})).status_code == 429


async def test_the_operator_of_this_machine_is_not_limited(serve: Serve) -> None:
    served = await serve(rate_limit_requests=1, caller_subscriptions=1)
    for _ in range(3):
        assert (await post(served, {}, {"query": PAGE})).status_code == 200


async def test_the_body_of_a_refused_request_is_not_read(limit: Limit) -> None:
    server = await limit(rate_limit_requests=1)
    await server.post()

    response = await server.served.http.post(
        server.served.url,
        content=b"no JSON",
        headers=bearer(server.secret) | {"Content-Type": "application/json"},
    )

    assert response.status_code == 429


async def test_pages_may_read_when_to_come_back(limit: Limit) -> None:
    server = await limit(rate_limit_requests=1, cors_origins=("https://app.example",))
    await server.post()

    response = await server.post(Origin="https://app.example")

    assert response.status_code == 429
    exposed = response.headers["access-control-expose-headers"].lower().split(", ")
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= set(exposed)


# Cost


async def test_beyond_their_cost_operations_wait_and_cheap_ones_do_not(
    limit: Limit, clock: Clock
) -> None:
    server = await limit(rate_limit_cost=120, limits={"cost": 100})
    cost = await cost_of(server, PAGE)
    assert cost == 51
    assert (await server.post()).status_code == 200

    response = await server.post()

    assert limited(response, 80)
    assert response.headers["ratelimit"] == '"cost";r=18;t=80'
    assert (await server.post("{ __typename }")).status_code == 200
    clock.now += 80
    assert (await server.post()).status_code == 200


async def test_variables_decide_about_the_cost(limit: Limit) -> None:
    server = await limit(rate_limit_cost=100, limits={"cost": 100})
    query = "query($n: Int) { deliveryPackages(first: $n) { nodes { packageId } } }"

    async def ask(size: int) -> int:
        body = {"query": query, "variables": {"n": size}}
        return (await post(server.served, bearer(server.secret), body)).status_code

    assert [await ask(60), await ask(60), await ask(10)] == [200, 429, 200]


async def test_a_mutation_that_would_cost_too_much_stores_nothing(limit: Limit) -> None:
    server = await limit(rate_limit_cost=100, limits={"cost": 100})
    query = "{ deliveryPackages(first: 99) { nodes { packageId } } }"
    assert (await server.post(query)).status_code == 200

    assert (await post(server.served, bearer(server.secret), SAVE)).status_code == 429

    async with server.tokens.storage.as_(build.caller()).read() as snapshot:
        assert await snapshot.delivery_packages.get_many(["a"]) == {}


async def cost_of(server: Limited, query: str) -> int:
    body = {"query": query, "extensions": {"cost": True}}
    response = await post(server.served, bearer(server.secret), body)
    cost: int = response.json()["extensions"]["cost"]
    return cost


# WebSockets


@asynccontextmanager
async def connected(server: Limited) -> AsyncIterator[Socket]:
    """An initialised connection of the server's caller."""
    async with opened(server.served.socket_url) as socket:
        await socket.init(Authorization=f"Bearer {server.secret}")
        yield socket


def refusal(message: Json, id: str) -> bool:
    [error] = message["payload"]
    return (
        (message["type"], message["id"]) == ("error", id)
        and error["extensions"]["code"] == "RATE_LIMITED"
        and error["extensions"]["retryAfter"] > 0
    )


@pytest.mark.parametrize(
    "settings",
    [{"rate_limit_requests": 1}, {"rate_limit_cost": 60, "limits": {"cost": 60}}],
    ids=["requests", "cost"],
)
async def test_on_a_websocket_the_operation_is_refused_and_the_socket_stays(
    limit: Limit, clock: Clock, settings: dict[str, Any]
) -> None:
    server = await limit(**settings)
    async with connected(server) as socket:
        await socket.subscribe("1", PAGE)
        assert [each["type"] for each in await socket.rest(2)] == ["next", "complete"]

        await socket.subscribe("2", PAGE)
        assert refusal(await socket.next(), "2")

        clock.now += 120
        await socket.subscribe("2", PAGE)
        assert [each["type"] for each in await socket.rest(2)] == ["next", "complete"]


# Subscriptions


async def test_a_caller_may_follow_so_much_at_once_on_all_its_connections(limit: Limit) -> None:
    server = await limit(caller_subscriptions=2)
    async with connected(server) as first, connected(server) as second:
        await first.subscribe("1", FOLLOW, key="a")
        await second.subscribe("1", FOLLOW, key="a")
        await second.subscribe("2", FOLLOW, key="a")
        assert refusal(await second.next(), "2")
        for media_type in STREAMS:
            body = {"query": FOLLOW, "variables": {"key": "a"}}
            headers = bearer(server.secret) | {"Accept": media_type}
            response = await post(server.served, headers, body)
            assert limited(response, 5)
        await second.subscribe("2", PAGE)
        assert [each["type"] for each in await second.rest(2)] == ["next", "complete"]

        await first.complete("1")
        await until(lambda: server.service.subscriptions.total == 1)
        await second.subscribe("3", FOLLOW, key="a")
        await second.is_served()
        assert server.served.watched == 2
    await until(lambda: server.service.subscriptions.total == 0)


async def test_a_stream_takes_one_and_gives_it_back(limit: Limit) -> None:
    server = await limit(caller_subscriptions=1)
    body = {"query": FOLLOW, "variables": {"key": "a"}}
    headers = bearer(server.secret) | {"Accept": STREAMS[0]}
    async with server.served.http.stream(
        "POST", server.served.url, json=body, headers=headers
    ) as response:
        assert response.status_code == 200
        assert limited(await post(server.served, headers, body), 5)
    await until(lambda: server.service.subscriptions.total == 0)


# Failed attempts to authenticate


WRONG: Final = bearer("aicmo_agent_reqpterBmBDgpLfAc4Ytmh6P85TY9Q1BvBE5")


async def test_an_address_may_fail_so_often(limit: Limit, clock: Clock) -> None:
    server = await limit(rate_limit_failed_logins=2)
    for _ in range(2):
        assert is_refused(await post(server.served, WRONG), error="invalid_token")

    response = await post(server.served, WRONG)

    assert limited(response, 90)
    assert response.headers["ratelimit"] == '"failed-logins";r=0;t=90'
    assert response.headers["ratelimit-policy"] == '"failed-logins";q=2;w=60'
    clock.now += 90
    assert is_refused(await post(server.served, WRONG), error="invalid_token")


async def test_who_is_known_is_served_beside_them(limit: Limit) -> None:
    server = await limit(rate_limit_failed_logins=1)
    assert (await server.post()).status_code == 200
    await post(server.served, WRONG)

    assert (await post(server.served, WRONG)).status_code == 429
    assert (await server.post()).status_code == 200


async def test_requests_without_credentials_are_no_attempts(limit: Limit) -> None:
    server = await limit(rate_limit_failed_logins=1)
    for _ in range(3):
        assert is_refused(await post(server.served, {}))

    assert (await server.post()).status_code == 200


async def test_attempts_by_websocket_count_too(limit: Limit) -> None:
    server = await limit(rate_limit_failed_logins=1)
    codes = []
    for _ in range(2):
        async with opened(server.served.socket_url) as socket:
            await socket.send(type="connection_init", payload=WRONG)
            codes.append((await socket.closed())[0])

    assert codes == [4403, 1013]
    assert (await post(server.served, WRONG)).status_code == 429


@pytest.mark.parametrize("trusted", [True, False])
async def test_addresses_are_told_by_trusted_proxies_alone(limit: Limit, trusted: bool) -> None:
    proxies = ("127.0.0.1",) if trusted else ()
    server = await limit(rate_limit_failed_logins=1, trusted_proxies=proxies)
    statuses = [
        (await post(server.served, WRONG | {"X-Forwarded-For": address})).status_code
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1, 192.0.2.3")
    ]

    assert statuses == ([401, 429, 401, 401] if trusted else [401, 429, 429, 429])


async def test_what_is_refused_is_json_like_other_errors(limit: Limit) -> None:
    server = await limit(rate_limit_requests=1)
    await server.post()

    response = await server.post(Accept="application/graphql-response+json")

    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert json.loads(response.content).keys() == {"errors"}
