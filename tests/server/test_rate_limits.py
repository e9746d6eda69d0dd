"""Quotas of a minute, by a clock that stands still."""

from dataclasses import dataclass
from typing import Any

import pytest

from domain.callers import Caller, CallerKind, local_operator
from server.connection_limits import SubscriptionSlots
from server.proxies import Proxies
from server.rate_limits import MAX_KEYS, RateLimited, RateLimits, Windows
from server.requests import RequestRefused


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def user(id: str, **changes: Any) -> Caller:
    return Caller(CallerKind.USER, id, None, "request-1", None)._replace(**changes)


# A window


def test_a_key_may_take_its_quota_and_no_more(clock: Clock) -> None:
    windows = Windows(10, clock)

    assert windows.take("a", 4) is None
    assert windows.take("a", 6) is None

    refused = windows.take("a", 1)
    assert refused is not None
    assert refused.remaining == 0
    assert windows.take("b", 10) is None


def test_what_is_refused_takes_nothing(clock: Clock) -> None:
    windows = Windows(10, clock)
    windows.take("a", 6)

    refused = windows.take("a", 5)

    assert refused is not None
    assert refused.remaining == 4
    assert windows.take("a", 4) is None


def test_looking_takes_nothing(clock: Clock) -> None:
    windows = Windows(1, clock)
    for _ in range(3):
        assert windows.look("a", 1) is None
    windows.take("a", 1)

    assert windows.look("a", 1) is not None


def test_the_minute_slides(clock: Clock) -> None:
    windows = Windows(10, clock)
    windows.take("a", 10)

    clock.now += 60
    assert windows.take("a", 1) is not None
    clock.now += 30  # half of the last minute is still within the sliding one
    assert windows.take("a", 6) is not None
    assert windows.take("a", 5) is None


def test_after_two_minutes_without_a_request_nothing_counts(clock: Clock) -> None:
    windows = Windows(10, clock)
    windows.take("a", 10)
    clock.now += 120

    assert windows.take("a", 10) is None


@pytest.mark.parametrize("before", [0, 3, 10])
@pytest.mark.parametrize("taken", [1, 7, 10])
@pytest.mark.parametrize("amount", [1, 5, 10])
@pytest.mark.parametrize("passed", [0, 17, 59.5])
def test_after_as_many_seconds_as_it_says_the_same_is_taken_and_not_earlier(
    clock: Clock, before: int, taken: int, amount: int, passed: float
) -> None:
    windows = Windows(10, clock)
    windows.take("a", before)
    clock.now += 61
    windows.take("a", min(taken, 10 - before))
    clock.now += passed
    refused = windows.take("a", amount)
    if refused is None:
        return

    clock.now += refused.seconds - 0.01
    early = windows.look("a", amount)
    clock.now += 0.02

    assert windows.take("a", amount) is None
    assert early is not None


def test_keys_are_forgotten_once_they_have_no_effect(clock: Clock) -> None:
    windows = Windows(10, clock)
    for number in range(100):
        windows.take(number, 1)
    clock.now += 121
    for number in range(100, 200):
        windows.take(number, 1)

    assert len(windows) == 100


def test_there_is_room_for_so_many_keys_and_no_more(clock: Clock) -> None:
    windows = Windows(1, clock)
    for number in range(MAX_KEYS + 100):
        windows.take(number, 1)

    assert len(windows) == MAX_KEYS
    assert windows.take(MAX_KEYS + 99, 1) is not None
    assert windows.take(0, 1) is None


# Callers


def limits(clock: Clock, **changes: Any) -> RateLimits:
    given: dict[str, Any] = {"requests": 2, "cost": 100, "failed_logins": 2, "now": clock}
    return RateLimits(**given | changes)


def test_the_refusal_says_when_to_come_back(clock: Clock) -> None:
    rates = limits(clock)
    for _ in range(2):
        rates.count_request(user("ada"))

    with pytest.raises(RateLimited) as caught:
        rates.count_request(user("ada"))

    refusal = caught.value
    assert refusal.status == 429
    assert refusal.code == "RATE_LIMITED"
    assert refusal.extensions == {"retryAfter": 90}
    assert refusal.headers == {
        "Retry-After": "90",
        "RateLimit-Policy": '"requests";q=2;w=60, "cost";q=100;w=60',
        "RateLimit": '"requests";r=0;t=90',
    }
    clock.now += 90
    rates.count_request(user("ada"))


def test_a_caller_is_the_same_by_any_credentials_and_others_are_others(clock: Clock) -> None:
    rates = limits(clock, requests=1)
    rates.count_request(user("ada"))
    for other in (
        user("grace"),
        user("ada", kind=CallerKind.SERVICE),
        user("ada", kind=CallerKind.AGENT, on_behalf_of="grace"),
    ):
        rates.count_request(other)

    with pytest.raises(RateLimited):
        rates.count_request(user("ada", request_id="2", clients=frozenset({"helio"})))


def test_the_operator_of_this_machine_may_ask_for_anything(clock: Clock) -> None:
    rates = limits(clock)
    for _ in range(10):
        rates.count_request(local_operator("1"))
        rates.count_cost(local_operator("1"), 1_000)


def test_a_quota_of_0_is_none(clock: Clock) -> None:
    rates = limits(clock, requests=0, cost=0)
    for _ in range(10):
        rates.count_request(user("ada"))
        rates.count_cost(user("ada"), 1_000)


def test_a_refusal_names_no_quota_that_is_none(clock: Clock) -> None:
    rates = limits(clock, requests=0)

    rates.count_cost(user("ada"), 60)

    with pytest.raises(RateLimited) as caught:
        rates.count_cost(user("ada"), 60)

    assert caught.value.headers["RateLimit-Policy"] == '"cost";q=100;w=60'
    assert caught.value.headers["RateLimit"].startswith('"cost";r=40;t=')


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("unknown", "unknown", True),
    ],
)
async def test_attempts_count_by_address_and_those_of_ipv6_by_network(
    clock: Clock, first: str, second: str, is_same: bool
) -> None:
    rates = limits(clock)
    for _ in range(2):
        await rates.require_few_failures(first)
        await rates.count_failure(first)

    if is_same:
        with pytest.raises(RateLimited):
            await rates.require_few_failures(second)
    else:
        await rates.require_few_failures(second)


# Subscriptions


def test_a_caller_may_have_so_many_subscriptions_at_once() -> None:
    slots = SubscriptionSlots(1)
    slots.acquire(user("ada"))
    slots.acquire(user("grace"))
    with pytest.raises(RequestRefused) as caught:
        slots.acquire(user("ada"))
    assert caught.value.code == "RATE_LIMITED"
    slots.release(user("grace"))
    slots.release(user("ada"))
    slots.acquire(user("ada"))
    assert slots.total == 1
    slots.release(user("ada"))
    assert slots.total == 0


@pytest.mark.parametrize(
    ("limit", "caller"), [(0, user("ada")), (1, local_operator("1"))], ids=["no limit", "operator"]
)
def test_others_may_have_any_number(limit: int, caller: Caller) -> None:
    slots = SubscriptionSlots(limit)
    slots.acquire(caller)
    slots.acquire(caller)
    slots.release(caller)
    slots.release(caller)
    assert slots.total == 0


# Addresses


PROXY = ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("peer", "trusted", "forwarded", "expected"),
    [
        ("192.0.2.1", [], ["198.51.100.7"], "192.0.2.1"),
        ("192.0.2.1", PROXY, ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", PROXY, [], "10.0.0.1"),
        ("10.0.0.1", PROXY, ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", PROXY, ["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", PROXY, ["1.2.3.4", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", PROXY, ["10.0.0.3,10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", PROXY, ["198.51.100.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", PROXY, ["198.51.100.7:1234"], "198.51.100.7"),
        ("10.0.0.1", PROXY, ["[2001:db8::1]:1234"], "2001:db8::1"),
        ("::ffff:10.0.0.1", PROXY, ["198.51.100.7"], "198.51.100.7"),
        (None, PROXY, ["198.51.100.7"], "unknown"),
    ],
)
def test_the_client_is_the_last_that_no_trusted_proxy_is(
    peer: str | None, trusted: list[str], forwarded: list[str], expected: str
) -> None:
    scope = {
        "client": None if peer is None else (peer, 1234),
        "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
    }

    assert Proxies(trusted).client_address(scope) == expected
