"""Counting what is done between two turns of the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Turns:
    number: int = 0
    most: int = 0
    """Of what was counted, in one of them."""


@asynccontextmanager
async def turns_of(done: Callable[[], int]) -> AsyncIterator[Turns]:
    """Whose turns somebody else had meanwhile, and how much was `done` at most between two."""
    turns, before = Turns(), done()

    def count() -> None:
        nonlocal before
        turns.most = max(turns.most, done() - before)
        before = done()

    async def take() -> None:
        while True:
            await asyncio.sleep(0)
            turns.number += 1
            count()

    taking = asyncio.create_task(take())
    try:
        yield turns
    finally:
        taking.cancel()
        count()
