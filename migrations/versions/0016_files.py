"""files and uploads; artifacts that are files kept here

An artifact's file takes the place of its URL. On PostgreSQL the function that saves packages is
made anew, and those that save files are added.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.save_functions import creation, removal
from migrations.saved_tables_by_revision import AS_OF_0012, AS_OF_0016

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

[_BEFORE] = [saved for saved in AS_OF_0012 if saved.table == "delivery_packages"]
_AFTER = [saved for saved in AS_OF_0016 if saved not in AS_OF_0012]
_PLACE = "(url IS NULL) <> (file_id IS NULL)"


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.create_table(
        "files",
        *_announced("files", "file_id"),
        *_bookkeeping("files", "file_id"),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    _index("files", "file_id")
    statuses = "'PENDING', 'COMPLETED', 'FAILED', 'EXPIRED'"
    failures = (
        "'NO_BYTES', 'INCOMPLETE', 'WRONG_SIZE', 'WRONG_SHA256', 'WRONG_MEDIA_TYPE', 'EXPIRED'"
    )
    op.create_table(
        "uploads",
        *_announced("uploads", "upload_id"),
        sa.Column("status", PLAIN_TEXT, nullable=False),
        sa.Column("failure", PLAIN_TEXT, nullable=True),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("file_id", PLAIN_TEXT, nullable=True),
        *_bookkeeping("uploads", "upload_id"),
        sa.CheckConstraint(f"status IN ({statuses})", name=op.f("ck_uploads_status")),
        sa.CheckConstraint(f"failure IN ({failures})", name=op.f("ck_uploads_failure")),
    )
    op.create_index(
        "ix_uploads_status_expires_at_upload_id", "uploads", ["status", "expires_at", "upload_id"]
    )
    _index("uploads", "upload_id")
    op.create_table(
        "file_claims",
        sa.Column("sha256", PLAIN_TEXT, nullable=False),
        sa.Column("owner", PLAIN_TEXT, nullable=False),
        sa.Column("until", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_file_claims")),
    )
    before = _artifacts(url_is_nullable=False)
    with op.batch_alter_table("delivery_artifacts", copy_from=before) as artifacts:
        artifacts.alter_column("url", existing_type=PLAIN_TEXT, nullable=True)
        artifacts.add_column(_file_id())
        artifacts.create_check_constraint(op.f("ck_delivery_artifacts_place"), _PLACE)
    if is_postgresql:
        op.execute(removal(_BEFORE))
        for saved in _AFTER:
            op.execute(creation(saved, template=4))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for saved in _AFTER:
            op.execute(removal(saved))
        op.execute(creation(_BEFORE, template=4))
    # An artifact without a URL is nothing that the code before could keep.
    op.execute(
        "UPDATE delivery_artifacts SET url = 'file:///files/' || file_id, file_id = NULL "
        "WHERE url IS NULL"
    )
    after = _artifacts(_file_id(), _place(), url_is_nullable=True)
    with op.batch_alter_table("delivery_artifacts", copy_from=after) as artifacts:
        artifacts.drop_constraint(op.f("ck_delivery_artifacts_place"), type_="check")
        artifacts.drop_column("file_id")
        artifacts.alter_column("url", existing_type=PLAIN_TEXT, nullable=False)
    for table in ("file_claims", "uploads", "files"):
        op.drop_table(table)
    # The code before knows no such entities.
    op.execute("DELETE FROM events WHERE entity_type IN ('file', 'upload')")


def _announced(table: str, key: str) -> list[Any]:
    return [
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column(key, PLAIN_TEXT, nullable=False),
        sa.Column("client_id", PLAIN_TEXT, nullable=True),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("media_type", PLAIN_TEXT, nullable=False),
        sa.Column("size", SURROGATE, nullable=False),
        sa.Column("sha256", PLAIN_TEXT, nullable=False),
        sa.Column("created_by", PLAIN_TEXT, nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f(f"ck_{table}_size")),
    ]


def _bookkeeping(table: str, key: str) -> list[Any]:
    return [
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(key, name=op.f(f"uq_{table}_{key}")),
        sa.CheckConstraint("revision >= 1", name=op.f(f"ck_{table}_revision")),
    ]


def _index(table: str, key: str) -> None:
    """The indexes of all rows, and of a client's, the newest first."""
    newest_first: list[Any] = [sa.text("created_at DESC"), key]
    op.create_index(f"ix_{table}_created_at_{key}", table, newest_first)
    op.create_index(f"ix_{table}_client_id_created_at_{key}", table, ["client_id", *newest_first])


def _file_id() -> Any:
    return sa.Column("file_id", PLAIN_TEXT, nullable=True)


def _place() -> Any:
    return sa.CheckConstraint(_PLACE, name="ck_delivery_artifacts_place")


def _artifacts(*further: Any, url_is_nullable: bool) -> sa.Table:
    """The table, which SQLite has to make anew."""
    return sa.Table(
        "delivery_artifacts",
        sa.MetaData(),
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("package_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("url", PLAIN_TEXT, nullable=url_is_nullable),
        sa.Column("format", PLAIN_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_artifacts"),
        sa.ForeignKeyConstraint(
            ["package_id"],
            ["delivery_packages.package_id"],
            name="fk_delivery_artifacts_package_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "package_id", "position", name="uq_delivery_artifacts_package_id_position"
        ),
        sa.CheckConstraint("position >= 0", name="ck_delivery_artifacts_position"),
        *further,
    )
