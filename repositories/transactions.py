"""What a session needs of a database: one transaction, on whichever driver."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol, TypeVar

from repositories.statements import Row

T = TypeVar("T")


class Transaction(Protocol):
    """Begun, run, committed and ended by one caller at a time."""

    async def begin(self) -> None:
        """Take a connection. Raises Unavailable when none is free in time."""
        ...

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]: ...

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None: ...

    async def commit(self) -> None:
        """Keep what was written. Returns when it's safe on disk."""
        ...

    async def end(self) -> None:
        """Give the connection back; what isn't committed is undone."""
        ...


async def carried_through(work: Awaitable[T]) -> tuple[T, list[asyncio.CancelledError]]:
    """Await `work` to its end; gives how the caller was cancelled meanwhile, too."""
    task = asyncio.ensure_future(work)
    cancellations = []
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancellation:
            cancellations.append(cancellation)
    return task.result(), cancellations


def take_back(cancellations: Sequence[asyncio.CancelledError]) -> None:
    """Let the present task go on as if nobody had cancelled it."""
    if (task := asyncio.current_task()) is not None:
        for _ in cancellations:
            task.uncancel()
