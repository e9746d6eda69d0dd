"""files: the CRC-32 of their content"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import PLAIN_TEXT, SURROGATE

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "file_checksums",
        sa.Column("sha256", PLAIN_TEXT, nullable=False),
        sa.Column("crc32", SURROGATE, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_file_checksums")),
        sa.CheckConstraint("crc32 BETWEEN 0 AND 4294967295", name=op.f("ck_file_checksums_crc32")),
    )


def downgrade() -> None:
    op.drop_table("file_checksums")
