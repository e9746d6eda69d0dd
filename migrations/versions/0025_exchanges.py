"""what runs have said to language models, and what these said"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "workflow_exchanges",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("run_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("prompt", PLAIN_TEXT, nullable=False),
        sa.Column("model", PLAIN_TEXT, nullable=False),
        sa.Column("request", PLAIN_TEXT, nullable=False),
        sa.Column("response", PLAIN_TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", PLAIN_TEXT, nullable=True),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("began_at", TIMESTAMP, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_exchanges")),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["workflow_runs.run_id"],
            name=op.f("fk_workflow_exchanges_run_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "run_id", "position", name=op.f("uq_workflow_exchanges_run_id_position")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_workflow_exchanges_position")),
        sa.CheckConstraint("tokens >= 0", name=op.f("ck_workflow_exchanges_tokens")),
    )


def downgrade() -> None:
    op.drop_table("workflow_exchanges")
