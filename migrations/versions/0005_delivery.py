"""delivery: packages and their artifacts"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "delivery_packages",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("package_id", PLAIN_TEXT, nullable=False),
        sa.Column("draft_id", PLAIN_TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_packages")),
        sa.UniqueConstraint("package_id", name=op.f("uq_delivery_packages_package_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_delivery_packages_revision")),
    )
    op.create_index(
        "ix_delivery_packages_created_at_package_id",
        "delivery_packages",
        [sa.text("created_at DESC"), "package_id"],
    )
    op.create_index(
        "ix_delivery_packages_draft_id_created_at_package_id",
        "delivery_packages",
        ["draft_id", sa.text("created_at DESC"), "package_id"],
    )
    op.create_table(
        "delivery_artifacts",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("package_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("url", PLAIN_TEXT, nullable=False),
        sa.Column("format", PLAIN_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_artifacts")),
        sa.ForeignKeyConstraint(
            ["package_id"],
            ["delivery_packages.package_id"],
            name=op.f("fk_delivery_artifacts_package_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "package_id", "position", name=op.f("uq_delivery_artifacts_package_id_position")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_delivery_artifacts_position")),
    )


def downgrade() -> None:
    op.drop_table("delivery_artifacts")
    op.drop_table("delivery_packages")
