"""strategy: plans and their recommendations"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "strategy_plans",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("strategy_id", PLAIN_TEXT, nullable=False),
        sa.Column("brief_id", PLAIN_TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("executive_summary", PLAIN_TEXT, nullable=False),
        sa.Column("kpis", JSON_TEXT, nullable=False),
        sa.Column("timeline", JSON_TEXT, nullable=False),
        sa.Column("approval", PLAIN_TEXT, nullable=False),
        sa.Column("decided_by", PLAIN_TEXT, nullable=True),
        sa.Column("decided_at", TIMESTAMP, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_plans")),
        sa.UniqueConstraint("strategy_id", name=op.f("uq_strategy_plans_strategy_id")),
        sa.UniqueConstraint("brief_id", "version", name=op.f("uq_strategy_plans_brief_id_version")),
        sa.CheckConstraint(
            "approval IN ('PENDING', 'APPROVED', 'REJECTED')",
            name=op.f("ck_strategy_plans_approval"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_strategy_plans_version")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_strategy_plans_revision")),
    )
    op.create_index(
        "ix_strategy_plans_created_at_strategy_id",
        "strategy_plans",
        [sa.text("created_at DESC"), "strategy_id"],
    )
    op.create_index(
        "ix_strategy_plans_brief_id_created_at_strategy_id",
        "strategy_plans",
        ["brief_id", sa.text("created_at DESC"), "strategy_id"],
    )
    op.create_table(
        "strategy_recommendations",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("strategy_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("channel", PLAIN_TEXT, nullable=False),
        sa.Column("budget_percent", sa.Double(), nullable=False),
        sa.Column("rationale", PLAIN_TEXT, nullable=False),
        sa.Column("tactics", JSON_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_recommendations")),
        sa.ForeignKeyConstraint(
            ["strategy_id"],
            ["strategy_plans.strategy_id"],
            name=op.f("fk_strategy_recommendations_strategy_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "strategy_id",
            "position",
            name=op.f("uq_strategy_recommendations_strategy_id_position"),
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_strategy_recommendations_position")),
    )


def downgrade() -> None:
    op.drop_table("strategy_recommendations")
    op.drop_table("strategy_plans")
