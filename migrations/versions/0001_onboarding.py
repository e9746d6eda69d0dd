"""onboarding: client briefs"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "onboarding_forms",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("brief_id", PLAIN_TEXT, nullable=False),
        sa.Column("client_id", PLAIN_TEXT, nullable=False),
        sa.Column("stage", PLAIN_TEXT, nullable=False),
        sa.Column("responses", JSON_TEXT, nullable=False),
        sa.Column("submitted_at", TIMESTAMP, nullable=False),
        sa.Column("scope_deliverables", JSON_TEXT, nullable=True),
        sa.Column("scope_exclusions", JSON_TEXT, nullable=True),
        sa.Column("scope_timeline_weeks", sa.Integer(), nullable=True),
        sa.Column("objectives", JSON_TEXT, nullable=False),
        sa.Column("target_audience", PLAIN_TEXT, nullable=True),
        sa.Column("brand_guidelines", JSON_TEXT, nullable=False),
        sa.Column("normalized_at", TIMESTAMP, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding_forms")),
        sa.UniqueConstraint("brief_id", name=op.f("uq_onboarding_forms_brief_id")),
        sa.CheckConstraint(
            "stage IN ('INTAKE', 'NORMALIZED')", name=op.f("ck_onboarding_forms_stage")
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_onboarding_forms_revision")),
    )
    op.create_index(
        "ix_onboarding_forms_created_at_brief_id",
        "onboarding_forms",
        [sa.text("created_at DESC"), "brief_id"],
    )
    op.create_index(
        "ix_onboarding_forms_client_id_created_at_brief_id",
        "onboarding_forms",
        ["client_id", sa.text("created_at DESC"), "brief_id"],
    )


def downgrade() -> None:
    op.drop_table("onboarding_forms")
