"""the client of every entity

Entities that don't name a client get that of the brief that they lead to. On PostgreSQL the
functions that save are made anew: they keep it true.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.client_functions import made_for
from migrations.column_types import PLAIN_TEXT
from migrations.save_functions import creation, removal
from migrations.saved_tables_by_revision import AS_OF_0009, AS_OF_0012

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

_ORDERS = {"production_drafts": ("created_at", "updated_at")}
"""What a client's rows are read by; the others by `created_at` alone."""


def upgrade() -> None:
    keys = {saved.table: saved.key for saved in AS_OF_0012}
    for saved in AS_OF_0012:
        if saved.owner is None:
            continue
        op.add_column(saved.table, sa.Column("client_id", PLAIN_TEXT, nullable=True))
        reference, owner = saved.owner
        op.execute(
            f"UPDATE {saved.table} SET client_id = (SELECT {owner}.client_id FROM {owner} "
            f"WHERE {owner}.{keys[owner]} = {saved.table}.{reference})"
        )
        for order in _orders(saved.table):
            columns: list[Any] = ["client_id", sa.text(f"{order} DESC"), saved.key]
            op.create_index(_index(saved.table, saved.key, order), saved.table, columns)
    if op.get_context().dialect.name == "postgresql":
        for before, after in zip(AS_OF_0009, AS_OF_0012, strict=True):
            for function in made_for(after).values():
                op.execute(function)
            op.execute(removal(before))
            op.execute(creation(after, template=4))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for before, after in zip(AS_OF_0009, AS_OF_0012, strict=True):
            op.execute(removal(after))
            op.execute(creation(before, template=3))
            for name in made_for(after):
                op.execute(f"DROP FUNCTION {name}")
    for saved in reversed(AS_OF_0012):
        if saved.owner is None:
            continue
        for order in _orders(saved.table):
            op.drop_index(_index(saved.table, saved.key, order), saved.table)
        op.drop_column(saved.table, "client_id")


def _orders(table: str) -> tuple[str, ...]:
    return _ORDERS.get(table, ("created_at",))


def _index(table: str, key: str, order: str) -> str:
    return f"ix_{table}_client_id_{order}_{key}"
