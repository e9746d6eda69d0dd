"""Turns of the event loop for others, while the fields of one operation work."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 2_000
"""Items that all fields together handle in one turn; this takes a few milliseconds."""


class Pace:
    """What fields do in one turn of the event loop, as long as it isn't much; then in several."""

    def __init__(self) -> None:
        self._handled = 0
        self._working = 0
        self._are_done = asyncio.Event()

    async def work(self, size: int, do: Callable[[], T]) -> T:
        """What `do` gives, which handles so many items.

        Those that had to wait go on together, so that what they load is gathered.
        """
        turns = self._handled // AT_ONCE
        self._handled += size
        if self._working == 0:
            self._are_done = asyncio.Event()
        self._working += 1
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
            done = do()
        finally:
            self._working -= 1
            if self._working == 0:
                self._are_done.set()
        if turns:
            await self._are_done.wait()
        return done
