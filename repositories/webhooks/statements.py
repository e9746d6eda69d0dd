"""What the statements of webhooks have in common, and the classes that run them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, bindparam, insert, literal_column

from domain.webhooks import DeliveryState
from repositories.drivers.compiled import Statement
from repositories.sql.dialects import Dialect
from repositories.sql.session import DatabaseSession

PENDING: Final = DeliveryState.PENDING.value


class WebhookStatements:
    """Runs a part of the statements in one session's transaction."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session


def parameter(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def equal(table: Any, *names: str) -> list[Any]:
    """That columns are equal to the parameters of their names."""
    return [table.c[name] == parameter(name, table.c[name]) for name in names]


def pending() -> Any:
    """In the SQL itself, so that an index of pending deliveries can be used."""
    return literal_column(f"'{PENDING}'")


def insertion(table: Table, names: Sequence[str], dialect: Dialect, **constant: Any) -> Statement:
    given = {name: parameter(name, table.c[name]) for name in names}
    return dialect.compile(insert(table).values(**given, **constant))
