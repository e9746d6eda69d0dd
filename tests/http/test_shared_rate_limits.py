"""Limits that several servers count together, in a Redis that goes away and comes back."""

import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from redis.asyncio import Redis as Client

from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from server.rate_limit_store import PAUSE_SECONDS, RedisCounters
from server.settings import SettingsError
from tests import builders as build
from tests.http.conftest import Serve
from tests.http.test_authentication import REQUIRED, Tokens, bearer, post
from tests.support.patience import SECONDS
from tests.support.processes import output_of
from tests.support.providers import AUDIENCE, Provider
from tests.support.redis import PROGRAM, Redis, redis_server
from tests.support.servers import IN_MEMORY, running_server
from tests.support.serving import Served
from tests.support.sockets import opened

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="needs Debian's redis-server, or valkey-server"
)

PAGE: Final = "{ deliveryPackages(first: 50) { nodes { packageId } } }"
ROOT: Final = Path(__file__).parents[2]
WRONG: Final = bearer("aicmo_agent_reqpterBmBDgpLfAc4Ytmh6P85TY9Q1BvBE5")
DOWN: Final = "The store of rate limits can't be reached"


@pytest.fixture
def redis() -> Iterator[Redis]:
    with redis_server() as server:
        yield server


@dataclass
class Seconds:
    """Time that passes when a test says so."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def storage() -> Storage:
    return create_storage(PersistenceMode.INMEMORY, peppers=[build.PEPPER])


@pytest.fixture
async def secret(storage: Storage) -> str:
    return await Tokens(storage).issue()


async def two(serve: Serve, storage: Storage, redis: Redis, **settings: Any) -> list[Served]:
    store = {"rate_limit_store": redis.url, "rate_limit_store_seconds": SECONDS}
    given = REQUIRED | store | settings
    return [await serve(storage, **given) for _ in range(2)]


def store_of(served: Served) -> RedisCounters:
    shared = served.service.rate_limits._shared
    assert isinstance(shared, RedisCounters)
    return shared


def put_under(served: Served, seconds: Seconds) -> None:
    """Let the server's time pass as the test says."""
    store_of(served)._now = seconds
    for windows in served.service.rate_limits._windows.values():
        windows._now = seconds


async def statuses(served: list[Served], secret: str, query: str = PAGE) -> list[int]:
    """Of one request to each."""
    responses = [await post(each, bearer(secret), {"query": query}) for each in served]
    return [response.status_code for response in responses]


# While it's there


async def test_servers_count_requests_together(
    serve: Serve, storage: Storage, redis: Redis, secret: str
) -> None:
    servers = await two(serve, storage, redis, rate_limit_requests=3)
    assert await statuses(servers, secret) == [200, 200]
    assert await statuses(servers, secret) == [200, 429]

    response = await post(servers[0], bearer(secret), {"query": PAGE})

    # By Redis's clock: the rest of this minute, and a third of the next one.
    seconds = int(response.headers["retry-after"])
    assert 20 <= seconds <= 80
    assert response.headers["ratelimit"] == f'"requests";r=0;t={seconds}'
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": seconds}


async def test_servers_count_the_cost_together(
    serve: Serve, storage: Storage, redis: Redis, secret: str
) -> None:
    settings = {"rate_limit_cost": 110, "limits": {"cost": 100}}
    servers = await two(serve, storage, redis, **settings)
    assert await statuses(servers, secret) == [200, 200]
    assert await statuses(servers, secret) == [429, 429]
    assert await statuses(servers, secret, "{ __typename }") == [200, 200]


async def test_servers_count_failed_attempts_together(
    serve: Serve, storage: Storage, redis: Redis
) -> None:
    servers = await two(serve, storage, redis, rate_limit_failed_logins=2)
    found = [(await post(each, WRONG)).status_code for each in servers * 2]

    assert found == [401, 401, 429, 429]


async def test_on_a_websocket_the_operation_is_refused_and_the_socket_stays(
    serve: Serve, storage: Storage, redis: Redis, secret: str
) -> None:
    first, second = await two(serve, storage, redis, rate_limit_requests=1)
    await post(first, bearer(secret), {"query": PAGE})
    async with opened(second.socket_url) as socket:
        await socket.init(Authorization=f"Bearer {secret}")
        await socket.subscribe("1", PAGE)
        message = await socket.next()
        await socket.is_served()

    assert (message["id"], message["type"]) == ("1", "error")
    assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_nothing_in_the_store_names_a_caller(
    serve: Serve, storage: Storage, redis: Redis, secret: str
) -> None:
    [served, _] = await two(serve, storage, redis)
    await post(served, bearer(secret), {"query": PAGE})

    async with Client.from_url(redis.url) as client:
        keys = [key.decode() for key in await client.keys("*")]

    assert len(keys) == 2
    assert all(key.startswith("aicmo:{") for key in keys)
    assert not any("writer" in key or "ada" in key for key in keys)


# Without it


@pytest.mark.parametrize("is_frozen", [False, True], ids=["killed", "frozen"])
async def test_while_it_is_away_each_server_counts_for_itself(
    serve: Serve,
    storage: Storage,
    redis: Redis,
    secret: str,
    caplog: pytest.LogCaptureFixture,
    is_frozen: bool,
) -> None:
    servers = await two(serve, storage, redis, rate_limit_requests=2, rate_limit_cost=0)
    seconds = Seconds()
    for each in servers:
        put_under(each, seconds)
    assert await statuses(servers, secret) == [200, 200]

    if is_frozen:
        redis.freeze()
        for each in servers:
            store_of(each)._seconds = 0.05  # nothing comes, however long they wait
    else:
        redis.kill()
    assert await statuses(servers, secret) == [200, 200]
    assert await statuses(servers, secret) == [200, 200]
    seconds.now += PAUSE_SECONDS  # they ask again, in vain
    assert await statuses(servers, secret) == [429, 429]

    lines = [each for each in caplog.records if each.name == "aicmo.rate_limits"]
    assert [line.levelno for line in lines] == [logging.WARNING] * 2  # one of each server
    assert all(line.getMessage().startswith(DOWN) for line in lines)

    if is_frozen:
        redis.thaw()
        for each in servers:
            store_of(each)._seconds = SECONDS
    else:
        redis.start()
    seconds.now += PAUSE_SECONDS
    # Killed, it has forgotten what it knew; frozen, it hasn't.
    expected = [429, 429] if is_frozen else [200, 200]
    assert await statuses(servers, secret) == expected


async def test_where_it_is_set_requests_are_refused_while_it_is_away(
    serve: Serve, storage: Storage, redis: Redis, secret: str
) -> None:
    [served, _] = await two(serve, storage, redis, rate_limit_outage="refuse")
    seconds = Seconds()
    put_under(served, seconds)
    assert await statuses([served], secret) == [200]
    redis.kill()

    for _ in range(2):
        response = await post(served, bearer(secret), {"query": PAGE})
        assert response.status_code == 503
        assert response.headers["retry-after"] == "5"
        assert response.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}

    async with opened(served.socket_url) as socket:
        await socket.init(Authorization=f"Bearer {secret}")
        await socket.subscribe("1", PAGE)
        message = await socket.next()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"] == {"code": "UNAVAILABLE"}

    redis.start()
    assert await statuses([served], secret) == [503]  # it isn't asked yet
    seconds.now += PAUSE_SECONDS
    assert await statuses([served], secret) == [200]


async def test_a_server_starts_without_it(
    serve: Serve, storage: Storage, redis: Redis, secret: str
) -> None:
    redis.kill()

    servers = await two(serve, storage, redis)

    assert await statuses(servers, secret) == [200, 200]


# In processes of their own


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    provider.rotate("k1")
    await provider.start()
    yield provider
    await provider.stop()


async def test_processes_share_a_limit(provider: Provider, redis: Redis, tmp_path: Path) -> None:
    settings = {
        **IN_MEMORY,
        "AICMO_OIDC_ISSUER": provider.issuer,
        "AICMO_OIDC_AUDIENCE": AUDIENCE,
        "AICMO_RATE_LIMIT_STORE": redis.url,
        "AICMO_RATE_LIMIT_STORE_SECONDS": str(SECONDS),
        "AICMO_RATE_LIMIT_REQUESTS": "3",
    }
    headers = bearer(provider.token("k1"))
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running_server(settings, tmp_path / f"log-{number}"))
            for number in range(2)
        ]
        async with httpx.AsyncClient(timeout=SECONDS) as http:
            found = [
                await http.post(each.graphql_url, json={"query": PAGE}, headers=headers)
                for each in servers * 3
            ]
        for each in servers:
            assert each.terminate() == 0

    assert [response.status_code for response in found] == [200, 200, 200, 429, 429, 429]
    assert (tmp_path / "log-0").read_text() == ""


async def test_without_the_library_the_start_says_what_to_install(
    serve: Serve, storage: Storage, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "server.rate_limit_store")
    monkeypatch.setitem(sys.modules, "limits", None)

    with pytest.raises(SettingsError, match=r"AICMO_RATE_LIMIT_STORE: limits isn't installed.*"):
        await serve(storage, rate_limit_store=redis.url)


def test_a_server_without_a_store_imports_no_client_of_one() -> None:
    told = output_of(
        [
            sys.executable,
            "-c",
            "import server.app, sys; print({'limits', 'redis'} & {*sys.modules})",
        ],
        folder=ROOT,
    )

    assert told == "set()\n"
