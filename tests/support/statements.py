"""Watching what units of work execute on a database, and in which transactions."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from repositories.drivers.engine import Database
from repositories.drivers.transactions import Transaction

Run = Callable[[Transaction, str, Sequence[Any]], Awaitable[Any]]


@dataclass(slots=True)
class Statements:
    """The executed statements, in order, with their arguments and transactions; BEGIN and the
    like don't count."""

    texts: list[str] = field(default_factory=list)
    arguments: list[Sequence[Any]] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def transactions_used(self) -> int:
        return len({id(transaction) for transaction in self.transactions})


@contextmanager
def watched(database: Database) -> Iterator[Statements]:
    """Collects the statements that are executed meanwhile."""
    seen = Statements()

    def watching(run: Run) -> Run:
        async def watch(transaction: Transaction, sql: str, arguments: Sequence[Any]) -> Any:
            seen.texts.append(sql)
            seen.arguments.append(arguments)
            seen.transactions.append(transaction)
            return await run(transaction, sql, arguments)

        return watch

    with pytest.MonkeyPatch.context() as patch:
        once = (
            database.snapshot(single_statement=True),
            database.transaction(single_statement=True),
        )
        for kind in set(map(type, (database.snapshot(), database.transaction(), *once))):
            for name in ("rows", "run_many"):
                patch.setattr(kind, name, watching(getattr(kind, name)))
        yield seen
