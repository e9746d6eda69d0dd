"""The protocol of a transaction, which each driver implements for sessions."""

from collections.abc import Sequence
from typing import Any, Protocol

from repositories.drivers.compiled import Row


class Transaction(Protocol):
    """A transaction of one caller: it begins, runs statements, commits and ends."""

    async def begin(self) -> None:
        """Take a connection. Raises Unavailable when none is free in time."""
        ...

    async def rows(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]: ...

    async def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> int | None:
        """Run a statement several times; how many rows it changed, where the driver tells."""
        ...

    async def commit(self) -> None:
        """Commit. Returns when the changes are safe on disk."""
        ...

    async def end(self) -> None:
        """Release the connection, also when cancelled; uncommitted changes are undone."""
        ...
