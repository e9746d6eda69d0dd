"""documents: the operations that applications register"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("sha256", PLAIN_TEXT, nullable=False),
        sa.Column("application", PLAIN_TEXT, nullable=False),
        sa.Column("operations", JSON_TEXT, nullable=False),
        sa.Column("text", PLAIN_TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("sha256", "application", name=op.f("uq_documents_sha256_application")),
    )


def downgrade() -> None:
    op.drop_table("documents")
