"""A cache of compiled statements."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

from repositories.cache import Cache
from repositories.drivers.compiled import Statement
from repositories.semaphores import FairSemaphore

Make = Callable[..., Statement]


class StatementCache:
    """Statements in a cache, by the function and the arguments that they are made of.

    Compiling a statement takes a few milliseconds. So one is compiled at a time, and other tasks
    get turns of the event loop in between.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._making = FairSemaphore(1)

    def get(self, make: Make, arguments: tuple[Hashable, ...]) -> Statement | None:
        """The statement that was made of the arguments; None if it isn't in the cache."""
        found: Statement | None = self._cache.get((make, arguments))
        return found

    async def made(self, make: Make, arguments: tuple[Any, ...]) -> Statement:
        """The statement, made if it isn't in the cache. Its weight must include its arguments'."""
        async with self._making:
            found = self.get(make, arguments)
            if found is None:
                found = make(*arguments)
                self._cache.keep((make, arguments), found, found.weight)
                await asyncio.sleep(0)
        return found
