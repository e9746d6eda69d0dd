"""Watching what is executed on a database, and in which transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection

from repositories.engine import Database


@dataclass(slots=True)
class Statements:
    """What was executed, in order, and the transaction of each; BEGIN and the like don't count."""

    texts: list[str] = field(default_factory=list)
    transactions: list[object] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.texts)

    def transactions_used(self) -> int:
        return len({id(transaction) for transaction in self.transactions})


@contextmanager
def watched(database: Database) -> Iterator[Statements]:
    """Collects the statements that are executed meanwhile."""
    seen = Statements()

    def before(
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        if statement.upper().startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            return
        seen.texts.append(statement)
        seen.transactions.append(connection.get_transaction())
        seen.connections.add(id(connection.connection.dbapi_connection))

    engines = [database.readers.sync_engine, database.writers.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", before)
