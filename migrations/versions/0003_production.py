"""production: campaigns with their tactics, and drafts"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "production_campaigns",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("campaign_id", PLAIN_TEXT, nullable=False),
        sa.Column("strategy_id", PLAIN_TEXT, nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_campaigns")),
        sa.UniqueConstraint("campaign_id", name=op.f("uq_production_campaigns_campaign_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_production_campaigns_revision")),
    )
    op.create_index(
        "ix_production_campaigns_created_at_campaign_id",
        "production_campaigns",
        [sa.text("created_at DESC"), "campaign_id"],
    )
    op.create_index(
        "ix_production_campaigns_strategy_id_created_at_campaign_id",
        "production_campaigns",
        ["strategy_id", sa.text("created_at DESC"), "campaign_id"],
    )
    op.create_table(
        "production_tactics",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("campaign_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("channel", PLAIN_TEXT, nullable=False),
        sa.Column("content_type", PLAIN_TEXT, nullable=False),
        sa.Column("title", PLAIN_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_tactics")),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["production_campaigns.campaign_id"],
            name=op.f("fk_production_tactics_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "campaign_id", "position", name=op.f("uq_production_tactics_campaign_id_position")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_production_tactics_position")),
    )
    op.create_table(
        "production_drafts",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("draft_id", PLAIN_TEXT, nullable=False),
        sa.Column("strategy_id", PLAIN_TEXT, nullable=False),
        sa.Column("campaign_id", PLAIN_TEXT, nullable=True),
        sa.Column("content_type", PLAIN_TEXT, nullable=False),
        sa.Column("title", PLAIN_TEXT, nullable=False),
        sa.Column("body", PLAIN_TEXT, nullable=False),
        sa.Column("metadata", JSON_TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_drafts")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_production_drafts_draft_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_production_drafts_revision")),
    )
    op.create_index(
        "ix_production_drafts_created_at_draft_id",
        "production_drafts",
        [sa.text("created_at DESC"), "draft_id"],
    )
    op.create_index(
        "ix_production_drafts_strategy_id_created_at_draft_id",
        "production_drafts",
        ["strategy_id", sa.text("created_at DESC"), "draft_id"],
    )
    op.create_index(
        "ix_production_drafts_campaign_id_created_at_draft_id",
        "production_drafts",
        ["campaign_id", sa.text("created_at DESC"), "draft_id"],
    )


def downgrade() -> None:
    op.drop_table("production_drafts")
    op.drop_table("production_tactics")
    op.drop_table("production_campaigns")
