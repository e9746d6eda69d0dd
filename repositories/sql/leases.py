"""Leases: a row that is due is claimed until a time, and under a token that fences others off.

A claim moves `due_at` to the end of the lease, says so in `leased_until`, and counts up `token`.
Only who has the newest token may store what came of it. A row whose holder was killed is due again
when the lease ends.
"""

from functools import cache
from typing import Any

from sqlalchemy import Column, Integer, Table, bindparam, update

from repositories.drivers.compiled import Statement
from repositories.sql.dialects import Dialect
from repositories.sql.metadata import timestamp


def lease_columns(*, always_due: bool = False) -> list[Column[Any]]:
    """The columns of a lease. A row that isn't `always_due` has no `due_at` while it's not to be
    claimed."""
    return [
        Column("token", Integer, nullable=False),
        timestamp("due_at", nullable=not always_due),
        timestamp("leased_until", nullable=True),
    ]


@cache
def take(table: Table, dialect: Dialect) -> Statement:
    """Claims the rows with these `ids`, which the transaction has locked, `until` a time."""
    columns = table.c
    until = bindparam("until", type_=columns.due_at.type)
    taken = update(table).values(token=columns.token + 1, due_at=until, leased_until=until)
    return dialect.compile(taken.where(dialect.among(columns.id, "ids")))
