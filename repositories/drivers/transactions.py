"""What a session needs of a database: one transaction, on whichever driver."""

from collections.abc import Sequence
from typing import Any, Protocol

from repositories.drivers.compiled import Row


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
        """Give the connection back, also when cancelled; what isn't committed is undone."""
        ...
