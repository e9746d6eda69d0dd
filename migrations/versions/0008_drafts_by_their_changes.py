"""drafts by their changes

Drafts that are listed by `updated_at` are read in the order of an index. They are many, and each is
long, so sorting them took more than all else. Other entities are sorted still: an index that every
save has to change would cost a save of them more than it's worth.
"""

from alembic import op
from sqlalchemy import text

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

_NAME = "ix_production_drafts_updated_at_draft_id"


def upgrade() -> None:
    op.create_index(_NAME, "production_drafts", [text("updated_at DESC"), "draft_id"])


def downgrade() -> None:
    op.drop_index(_NAME, "production_drafts")
