"""webhooks: endpoints, deliveries and their attempts"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("endpoint_id", PLAIN_TEXT, nullable=False),
        sa.Column("url", PLAIN_TEXT, nullable=False),
        sa.Column("event_types", JSON_TEXT, nullable=False),
        sa.Column("client_ids", JSON_TEXT, nullable=False),
        sa.Column("description", PLAIN_TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", PLAIN_TEXT, nullable=True),
        sa.Column("failing_since", TIMESTAMP, nullable=True),
        sa.Column("position", SURROGATE, nullable=False),
        sa.Column("secret", PLAIN_TEXT, nullable=False),
        sa.Column("previous_secret", PLAIN_TEXT, nullable=True),
        sa.Column("previous_secret_until", TIMESTAMP, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("endpoint_id", name=op.f("uq_webhook_endpoints_endpoint_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_webhook_endpoints_revision")),
    )
    op.create_index(
        "ix_webhook_endpoints_created_at_endpoint_id",
        "webhook_endpoints",
        [sa.text("created_at DESC"), "endpoint_id"],
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("delivery_id", PLAIN_TEXT, nullable=False),
        sa.Column("endpoint_id", PLAIN_TEXT, nullable=False),
        sa.Column("event_id", PLAIN_TEXT, nullable=False),
        sa.Column("event_type", PLAIN_TEXT, nullable=False),
        sa.Column("entity_type", PLAIN_TEXT, nullable=False),
        sa.Column("entity_key", PLAIN_TEXT, nullable=False),
        sa.Column("position", SURROGATE, nullable=True),
        sa.Column("state", PLAIN_TEXT, nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("due_at", TIMESTAMP, nullable=True),
        sa.Column("payload", PLAIN_TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("finished_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.endpoint_id"],
            name=op.f("fk_webhook_deliveries_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_webhook_deliveries_delivery_id")),
        sa.UniqueConstraint(
            "endpoint_id", "event_id", name=op.f("uq_webhook_deliveries_endpoint_id_event_id")
        ),
        sa.CheckConstraint(
            "state IN ('PENDING', 'DELIVERED', 'FAILED')", name=op.f("ck_webhook_deliveries_state")
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_created_at_delivery_id",
        "webhook_deliveries",
        [sa.text("created_at DESC"), "delivery_id"],
    )
    op.create_index(
        "ix_webhook_deliveries_endpoint_id_created_at_delivery_id",
        "webhook_deliveries",
        ["endpoint_id", sa.text("created_at DESC"), "delivery_id"],
    )
    _partial_index("ix_webhook_deliveries_due_at", ["due_at"], "due_at IS NOT NULL")
    _partial_index(
        "ix_webhook_deliveries_endpoint_id_entity_type_entity_key_id",
        ["endpoint_id", "entity_type", "entity_key", "id"],
        "state = 'PENDING'",
    )
    _partial_index("ix_webhook_deliveries_finished_at", ["finished_at"], "finished_at IS NOT NULL")
    op.create_table(
        "webhook_attempts",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("delivery_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", PLAIN_TEXT, nullable=True),
        sa.Column("response", PLAIN_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.delivery_id"],
            name=op.f("fk_webhook_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "delivery_id", "position", name=op.f("uq_webhook_attempts_delivery_id_position")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_webhook_attempts_position")),
    )


def downgrade() -> None:
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")


def _partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "webhook_deliveries", columns, postgresql_where=where, sqlite_where=where)
