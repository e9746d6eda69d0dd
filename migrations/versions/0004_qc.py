"""qc: one result a draft, and its issues"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "qc_results",
        sa.Column("result_id", PLAIN_TEXT, nullable=False),
        sa.Column("draft_id", PLAIN_TEXT, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("evaluated_at", TIMESTAMP, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_qc_results")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_qc_results_draft_id")),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_qc_results_score")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_qc_results_revision")),
    )
    op.create_index(
        "ix_qc_results_created_at_result_id",
        "qc_results",
        [sa.text("created_at DESC"), "result_id"],
    )
    op.create_table(
        "qc_issues",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("result_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("severity", PLAIN_TEXT, nullable=False),
        sa.Column("section", PLAIN_TEXT, nullable=False),
        sa.Column("reason", PLAIN_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qc_issues")),
        sa.ForeignKeyConstraint(
            ["result_id"],
            ["qc_results.result_id"],
            name=op.f("fk_qc_issues_result_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("result_id", "position", name=op.f("uq_qc_issues_result_id_position")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_qc_issues_position")),
        sa.CheckConstraint(
            "severity IN ('CRITICAL', 'MAJOR', 'MINOR')", name=op.f("ck_qc_issues_severity")
        ),
    )


def downgrade() -> None:
    op.drop_table("qc_issues")
    op.drop_table("qc_results")
