"""Yielding to other tasks while the fields of one operation compute."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

MAX_ITEMS_PER_TURN: Final = 2_000
"""How many items all fields together handle in one turn of the event loop: some milliseconds."""


class Pacer:
    """Spreads the work of an operation's fields over several turns of the event loop."""

    def __init__(self) -> None:
        self._handled = 0
        self._working = 0
        self._are_done = asyncio.Event()

    async def work(self, size: int, do: Callable[[], T]) -> T:
        """The result of `do`, which handles `size` items.

        Fields that had to wait continue together, so that dataloaders gather their keys.
        """
        turns = self._handled // MAX_ITEMS_PER_TURN
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
