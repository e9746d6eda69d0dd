"""Running statements in a transaction, each by itself or several in one turn."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from repositories.drivers.compiled import Row, Statement
from repositories.drivers.transactions import Transaction

NO_VALUES: Final[Mapping[str, Any]] = {}


class StatementRunner(Protocol):
    """What runs the statements of a unit of work: a session, or who has its turn."""

    async def rows(
        self, statement: Statement, values: Mapping[str, Any] = NO_VALUES
    ) -> Sequence[Row]:
        """Run a statement and return all its rows."""
        ...

    async def run_many(
        self, statement: Statement, values: Sequence[Mapping[str, Any]]
    ) -> int | None:
        """Run a statement once for each of `values`.

        It returns how many rows were changed in all; None on PostgreSQL, which doesn't tell.
        """
        ...


class Turn:
    """Runs statements of who has the session's turn, which depend on no rule of the caller."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def rows(
        self, statement: Statement, values: Mapping[str, Any] = NO_VALUES
    ) -> Sequence[Row]:
        found = await self._transaction.rows(statement.sql, statement.bind(values))
        return statement.decode_rows(found)

    async def run_many(
        self, statement: Statement, values: Sequence[Mapping[str, Any]]
    ) -> int | None:
        if not values:
            return 0
        arguments = statement.bind_many(values)
        return await self._transaction.run_many(statement.sql, arguments)
