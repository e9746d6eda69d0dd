"""What may be asked for in a minute, by a caller or by a signed address, and how often the network
address of a client may fail to authenticate.

A window slides over two counters, those of the present and of the last minute: of the last one, as
much counts as the sliding minute still covers. So a key takes the same memory whatever it asks for.
"""

import time
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final, NamedTuple, Protocol

from domain.callers import Caller, CallerKind
from schema.encoding import encode
from schema.errors import TopLevelCode
from server.requests import RequestRefused

WINDOW_SECONDS: Final = 60
MAX_KEYS: Final = 10_000
"""How many keys a process counts for; beyond that, the one that began first is forgotten."""
_IPV6_SITE: Final = 64
"""The prefix of an IPv6 network that one client has for itself, with all addresses in it."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How much each key may take in a minute."""

    name: str
    """Names it in headers and in the shared store."""
    amount: int
    message: str
    """What to tell who has taken that much."""


class Shortage(NamedTuple):
    """A key that would exceed its quota: nothing was taken."""

    remaining: int
    seconds: float
    """After how many seconds as much as was asked for may be taken."""


class StoreUnavailable(Exception):
    """The shared store can't be reached, or doesn't answer in time."""


class SharedStore(Protocol):
    """Counts for several processes."""

    async def take(self, quota: Quota, key: str, amount: int) -> Shortage | None:
        """Take so much; None: it was taken. Raises StoreUnavailable."""
        ...

    async def look(self, quota: Quota, key: str, amount: int) -> Shortage | None:
        """Like `take`, without taking anything."""
        ...


class RateLimited(RequestRefused):
    """The caller, or its address, has to wait.

    Its headers are those of draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, quota: Quota, shortage: Shortage, policies: str) -> None:
        seconds = max(ceil(shortage.seconds), 1)
        super().__init__(
            429,
            f"{quota.message}; try again in {seconds} s.",
            code=TopLevelCode.RATE_LIMITED,
            headers={
                "Retry-After": str(seconds),
                "RateLimit-Policy": policies,
                "RateLimit": f'"{quota.name}";r={shortage.remaining};t={seconds}',
            },
            extensions={"retryAfter": seconds},
        )


@dataclass(slots=True)
class _Window:
    ends: float
    previous: int
    current: int


class Windows:
    """Counts for this process, how much of a quota each key has taken."""

    def __init__(self, quota: int, now: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._now = now
        self._windows: dict[Hashable, _Window] = {}
        """In the order in which they began: those that are over come first."""

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, key: Hashable, amount: int) -> Shortage | None:
        """Take so much, which is at most the quota; None: it was taken."""
        now = self._now()
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            window = self._begin(key, now)
        taken: float = window.current + amount
        if window.previous:
            taken += window.previous * (window.ends - now) / WINDOW_SECONDS
        if taken > self._quota:
            return shortage(self._quota, amount, window.previous, window.current, window.ends - now)
        window.current += amount
        return None

    def look(self, key: Hashable, amount: int) -> Shortage | None:
        """Like `take`, without taking anything."""
        found = self.take(key, amount)
        if found is None:
            self._windows[key].current -= amount
        return found

    def _begin(self, key: Hashable, now: float) -> _Window:
        """The key's window of this minute, after that of the last one if there was one."""
        last = self._windows.pop(key, None)
        if last is not None and now < last.ends + WINDOW_SECONDS:
            window = _Window(last.ends + WINDOW_SECONDS, last.current, 0)
        else:
            window = _Window(now + WINDOW_SECONDS, 0, 0)
        self._forget(now)
        self._windows[key] = window
        return window

    def _forget(self, now: float) -> None:
        """Forget the first windows that have no effect any more, or else one for which there is no
        room: at most two, so that no request pays for many."""
        for _ in range(2):
            first = next(iter(self._windows), None)
            if first is None:
                return
            is_over = now >= self._windows[first].ends + WINDOW_SECONDS
            if not is_over and len(self._windows) < MAX_KEYS:
                return
            del self._windows[first]


def shortage(quota: int, amount: int, previous: int, current: int, left: float) -> Shortage:
    """The shortage of a key by its counters, when so many seconds of the present minute are left.

    What was taken in the last minute counts less from second to second, until nothing of it is left
    at the end of the present one; from then on, so does what was taken in the present one.
    """
    room = quota - amount
    counted = current + ceil(previous * left / WINDOW_SECONDS)
    if current <= room and previous:
        seconds = left - WINDOW_SECONDS * (room - current) / previous
    else:
        seconds = left + (WINDOW_SECONDS * (1 - room / current) if current > room else 0.0)
    return Shortage(max(quota - counted, 0), max(seconds, 0.0))


class RateLimits:
    """Counts what is asked for, and how often the addresses of clients fail to authenticate.

    The operator of this machine may ask for anything. A quota of 0 is none.
    """

    def __init__(
        self,
        *,
        requests: int,
        cost: int,
        failed_logins: int,
        shared: SharedStore | None = None,
        serves_without_store: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """With a shared store, processes count together. While it can't be reached, each counts for
        itself if it `serves_without_store`, or else refuses requests."""
        self._requests = Quota("requests", requests, f"You may send {requests:,} requests a minute")
        self._cost = Quota("cost", cost, f"Operations may cost {cost:,} in a minute, all together")
        self._signed = Quota(
            "signed", requests, f"This address may be asked {requests:,} times a minute"
        )
        self._failures = Quota(
            "failed-logins", failed_logins, "Too many attempts to authenticate have failed"
        )
        of_callers = (self._requests, self._cost)
        quotas = [each for each in (*of_callers, self._signed, self._failures) if each.amount]
        self._windows = {each.name: Windows(each.amount, now) for each in quotas}
        self._of_requests = self._windows.get(self._requests.name)
        self._of_cost = self._windows.get(self._cost.name)
        self._shared = shared
        self._serves_without_store = serves_without_store
        policies = ", ".join(_policy(each) for each in quotas if each in of_callers)
        self._policies = {
            each.name: policies if each in of_callers else _policy(each) for each in quotas
        }

    def count_request(self, caller: Caller) -> Awaitable[None] | None:
        """Count a request of the caller: at once, or by awaiting what is returned.

        Raises RateLimited; with a shared store, RequestRefused.
        """
        windows = self._of_requests
        if windows is None or caller.kind is CallerKind.OPERATOR:
            return None
        if self._shared is not None:
            return self._require(self._requests, caller[:3], self._shared.take, 1)
        if found := windows.take(caller[:3], 1):
            raise self._refusal(self._requests, found)
        return None

    def count_cost(self, caller: Caller, cost: int) -> Awaitable[None] | None:
        """Count the cost of an operation of the caller, like `count_request`."""
        windows = self._of_cost
        if windows is None or caller.kind is CallerKind.OPERATOR:
            return None
        if self._shared is not None:
            return self._require(self._cost, caller[:3], self._shared.take, cost)
        if found := windows.take(caller[:3], cost):
            raise self._refusal(self._cost, found)
        return None

    async def count_signed(self, signature: str) -> None:
        """Count a request to a signed address, which is for whoever has it: it names no caller.

        Raises RequestRefused.
        """
        if self._signed.amount:
            take = None if self._shared is None else self._shared.take
            await self._require(self._signed, (signature,), take, 1)

    async def require_few_failures(self, address: str) -> None:
        """Raises RequestRefused when as many attempts from the address have failed as may."""
        if self._failures.amount:
            look = None if self._shared is None else self._shared.look
            await self._require(self._failures, (_site(address),), look, 1, is_taken=False)

    async def count_failure(self, address: str) -> None:
        """Count an attempt from the address that has failed."""
        if self._failures.amount:
            take = None if self._shared is None else self._shared.take
            with suppress(RequestRefused):  # the next one is refused
                await self._require(self._failures, (_site(address),), take, 1)

    async def _require(
        self,
        quota: Quota,
        key: tuple[str | None, ...],
        ask: Callable[[Quota, str, int], Awaitable[Shortage | None]] | None,
        amount: int,
        *,
        is_taken: bool = True,
    ) -> None:
        """Ask the shared store, or this process where there is none. Raises RequestRefused."""
        windows = self._windows[quota.name]
        here = windows.take if is_taken else windows.look
        try:
            found = await ask(quota, _hashed(key), amount) if ask else here(key, amount)
        except StoreUnavailable:
            if not self._serves_without_store:
                raise _uncounted() from None
            found = here(key, amount)
        if found is not None:
            raise self._refusal(quota, found)

    def _refusal(self, quota: Quota, found: Shortage) -> RateLimited:
        return RateLimited(quota, found, self._policies[quota.name])


def _policy(quota: Quota) -> str:
    return f'"{quota.name}";q={quota.amount};w={WINDOW_SECONDS}'


def _hashed(key: tuple[str | None, ...]) -> str:
    """The key in a store that others may read: it names nobody."""
    return blake2b(encode(key), digest_size=16).hexdigest()


def _site(address: str) -> str:
    """The address or, of IPv6, the network that its client has for itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _IPV6_SITE), strict=False))
    return address


def _uncounted() -> RequestRefused:
    return RequestRefused(
        503,
        "Requests can't be counted at the moment; try again later.",
        code=TopLevelCode.UNAVAILABLE,
        headers={"Retry-After": "5"},
    )
