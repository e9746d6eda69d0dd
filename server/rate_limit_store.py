"""The counters of rate limits in Redis or Valkey, which several server processes share."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.rate_limits import WINDOW_SECONDS, Quota, Shortage, StoreUnavailable, shortage

PAUSE_SECONDS: Final = 1.0
"""How long the store isn't asked after it didn't answer: meanwhile no request waits for it."""
_CONNECTIONS: Final = 20
_PREFIX: Final = "aicmo"

log = logging.getLogger("aicmo.rate_limits")

T = TypeVar("T")


class RedisCounters:
    """Counts in Redis, by its clock. Each process may ask at any time; a script takes at once."""

    def __init__(
        self,
        pool: BlockingConnectionPool,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """A request waits for an answer for so many seconds at most."""
        # The pool decides where it is; the library wants an address all the same.
        self._storage = RedisStorage(
            "async+redis://localhost:6379",
            implementation="redispy",
            key_prefix=_PREFIX,
            connection_pool=pool,  # type: ignore[arg-type]
        )
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._seconds = seconds
        self._now = now
        self._is_down = False
        self._paused_until = 0.0

    async def take(self, quota: Quota, key: str, amount: int) -> Shortage | None:
        """Take so much; None: it was taken. Raises StoreUnavailable."""
        return await self._in_time(lambda: self._taken(quota, key, amount))

    async def look(self, quota: Quota, key: str, amount: int) -> Shortage | None:
        """Like `take`, without taking anything."""
        return await self._in_time(lambda: self._looked(quota, key, amount))

    async def _taken(self, quota: Quota, key: str, amount: int) -> Shortage | None:
        item = _item(quota)
        if await self._limiter.hit(item, key, cost=amount):
            return None
        return await self._shortage(item, key, amount)

    async def _looked(self, quota: Quota, key: str, amount: int) -> Shortage | None:
        item = _item(quota)
        if await self._limiter.test(item, key, cost=amount):
            return None
        return await self._shortage(item, key, amount)

    async def _shortage(self, item: RateLimitItem, key: str, amount: int) -> Shortage:
        previous, _, current, ends = await self._storage.get_sliding_window(
            item.key_for(key), WINDOW_SECONDS
        )
        # The present window is kept for a minute more, as the last one.
        return shortage(item.amount, amount, previous, current, max(ends - WINDOW_SECONDS, 0.0))

    async def _in_time(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the store answers. While it doesn't, it is asked once in PAUSE_SECONDS."""
        if self._is_down:
            if self._now() < self._paused_until:
                raise StoreUnavailable
            self._pause()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await ask()
        except (RedisError, OSError, TimeoutError) as error:
            self._pause()
            if not self._is_down:
                self._is_down = True
                problem = "The store of rate limits can't be reached"
                reason = str(error) or "no answer in time"
                log.warning(
                    "%s (%s: %s)", problem, type(error).__name__, reason, extra={"problem": problem}
                )
            raise StoreUnavailable from None
        self._is_down = False
        return answer

    def _pause(self) -> None:
        self._paused_until = self._now() + PAUSE_SECONDS


def _item(quota: Quota) -> RateLimitItem:
    return RateLimitItemPerMinute(quota.amount, namespace=quota.name)


@asynccontextmanager
async def rate_limit_store(url: str, seconds: float) -> AsyncIterator[RedisCounters]:
    """Counters in the Redis or Valkey at this URL; it connects when it is first asked."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=None,  # whoever asks has a bound
        retry=Retry(NoBackoff(), 0),
    )
    try:
        yield RedisCounters(pool, seconds)
    finally:
        await pool.disconnect()
