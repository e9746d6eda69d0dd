"""access: tokens"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("token_id", PLAIN_TEXT, nullable=False),
        sa.Column("kind", PLAIN_TEXT, nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("on_behalf_of", PLAIN_TEXT, nullable=True),
        sa.Column("scopes", JSON_TEXT, nullable=False),
        sa.Column("client_ids", JSON_TEXT, nullable=True),
        sa.Column("expires_at", TIMESTAMP, nullable=True),
        sa.Column("revoked_at", TIMESTAMP, nullable=True),
        sa.Column("last_used_at", TIMESTAMP, nullable=True),
        sa.Column("pepper_id", PLAIN_TEXT, nullable=False),
        sa.Column("hash", PLAIN_TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("token_id", name=op.f("uq_access_tokens_token_id")),
        sa.UniqueConstraint("hash", name=op.f("uq_access_tokens_hash")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_access_tokens_revision")),
        sa.CheckConstraint(
            "kind IN ('user', 'service', 'agent')", name=op.f("ck_access_tokens_kind")
        ),
    )
    op.create_index(
        "ix_access_tokens_created_at_token_id",
        "access_tokens",
        [sa.text("created_at DESC"), "token_id"],
    )


def downgrade() -> None:
    op.drop_table("access_tokens")
