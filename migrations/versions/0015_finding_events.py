"""events by callers and times; leases of deliveries"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import SURROGATE, TIMESTAMP

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

_HAS_POSITION = "position IS NOT NULL"
_INDEXES = {
    "caller_kind": _HAS_POSITION,
    "caller_id": _HAS_POSITION,
    "on_behalf_of": f"on_behalf_of IS NOT NULL AND {_HAS_POSITION}",
}
"""The conditions of the indexes, by the columns that are found by them."""


def upgrade() -> None:
    for column, condition in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(
            _index(column),
            "events",
            [column, "position"],
            postgresql_where=where,
            sqlite_where=where,
        )
    op.create_table(
        "history_periods",
        sa.Column("number", SURROGATE, autoincrement=False, nullable=False),
        sa.Column("first_at", TIMESTAMP, nullable=False),
        sa.Column("last_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_history_periods")),
    )
    op.add_column("webhook_deliveries", sa.Column("leased_until", TIMESTAMP, nullable=True))


def downgrade() -> None:
    op.drop_column("webhook_deliveries", "leased_until")
    op.drop_table("history_periods")
    for column in reversed(_INDEXES):
        op.drop_index(_index(column), "events")


def _index(column: str) -> str:
    return f"ix_events_{column}_position"
