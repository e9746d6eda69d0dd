"""history: the log of all changes

Every entity that is there gets an event of its own, so that the log tells of all that is stored.
On PostgreSQL the functions that save are made anew: they write an event in the same call.
"""

import sqlalchemy as sa
from alembic import op

from migrations.adoption import adopt_all
from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.history_functions import ALL, NAMES
from migrations.save_functions import creation, removal
from migrations.saved_tables_by_revision import AS_OF_0006, AS_OF_0009

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("position", SURROGATE, nullable=True),
        sa.Column("event_id", PLAIN_TEXT, nullable=False),
        sa.Column("type", PLAIN_TEXT, nullable=False),
        sa.Column("entity_type", PLAIN_TEXT, nullable=False),
        sa.Column("entity_key", PLAIN_TEXT, nullable=False),
        sa.Column("series_key", PLAIN_TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revision_before", sa.Integer(), nullable=False),
        sa.Column("is_deletion", sa.Boolean(), nullable=False),
        sa.Column("client_id", PLAIN_TEXT, nullable=True),
        sa.Column("caller_kind", PLAIN_TEXT, nullable=False),
        sa.Column("caller_id", PLAIN_TEXT, nullable=False),
        sa.Column("on_behalf_of", PLAIN_TEXT, nullable=True),
        sa.Column("request_id", PLAIN_TEXT, nullable=False),
        sa.Column("occurred_at", TIMESTAMP, nullable=False),
        sa.Column("changed_fields", JSON_TEXT, nullable=False),
        sa.Column("state", JSON_TEXT, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=True),
        sa.Column("updated_at", TIMESTAMP, nullable=True),
        sa.Column("sequenced_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint(
            "entity_type",
            "entity_key",
            "revision",
            "is_deletion",
            name=op.f("uq_events_entity_type_entity_key_revision_is_deletion"),
        ),
    )
    op.create_table(
        "history_pruning",
        sa.Column("position", SURROGATE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_history_pruning")),
    )
    _partial_index("ix_events_position", ["position"], "position IS NOT NULL", unique=True)
    _partial_index(
        "ix_events_entity_type_series_key_revision",
        ["entity_type", "series_key", "revision"],
        "series_key IS NOT NULL",
    )
    _partial_index(
        "ix_events_client_id_position", ["client_id", "position"], "client_id IS NOT NULL"
    )
    _partial_index("ix_events_id", ["id"], "position IS NULL")
    if op.get_context().dialect.name == "postgresql":
        for function in ALL:
            op.execute(function)
        for saved in AS_OF_0009:
            op.execute(removal(saved))
            op.execute(creation(saved, template=3))
    adopt_all(op.get_bind())


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for saved in AS_OF_0006:
            op.execute(removal(saved))
            op.execute(creation(saved, template=1 if saved.children is None else 2))
        for name in NAMES:
            op.execute(f"DROP FUNCTION {name}")
    op.drop_table("history_pruning")
    op.drop_table("events")


def _partial_index(name: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(
        name, "events", columns, unique=unique, postgresql_where=where, sqlite_where=where
    )
