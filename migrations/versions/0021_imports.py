"""imports of files, and the work on them"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import bulk_functions, save_functions
from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.saved_tables import LoggedFields, SavedTable

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None

_SAVED = SavedTable(
    "imports",
    {
        "import_id": "text",
        "client_id": "text",
        "file_id": "text",
        "entity": "text",
        "error_policy": "text",
        "created_by": "text",
        "status": "text",
        "bytes_done": "bigint",
        "bytes_total": "bigint",
        "line_count": "integer",
        "saved_count": "integer",
        "rejected_count": "integer",
        "error": "text",
        "result_file_id": "text",
        "finished_at": "timestamptz",
    },
    logged=LoggedFields(
        "import",
        {
            "clientId": ("client_id",),
            "fileId": ("file_id",),
            "entity": ("entity",),
            "errorPolicy": ("error_policy",),
            "createdBy": ("created_by",),
            "status": ("status",),
            "bytesDone": ("bytes_done",),
            "bytesTotal": ("bytes_total",),
            "lineCount": ("line_count",),
            "savedCount": ("saved_count",),
            "rejectedCount": ("rejected_count",),
            "error": ("error",),
            "resultFileId": ("result_file_id",),
            "finishedAt": ("finished_at",),
        },
        client="client_id",
    ),
)
_ENTITIES = "'BRIEF', 'STRATEGY_PLAN', 'CAMPAIGN', 'DRAFT', 'QC_RESULT', 'DELIVERY_PACKAGE'"
_POLICIES = "'REJECT_EVERYTHING', 'REJECT_FAILED_ROWS'"
_STATUSES = "'PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("import_id", PLAIN_TEXT, nullable=False),
        sa.Column("client_id", PLAIN_TEXT, nullable=True),
        sa.Column("file_id", PLAIN_TEXT, nullable=False),
        sa.Column("entity", PLAIN_TEXT, nullable=False),
        sa.Column("error_policy", PLAIN_TEXT, nullable=False),
        sa.Column("created_by", PLAIN_TEXT, nullable=False),
        sa.Column("status", PLAIN_TEXT, nullable=False),
        sa.Column("bytes_done", SURROGATE, nullable=False),
        sa.Column("bytes_total", SURROGATE, nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("saved_count", sa.Integer(), nullable=False),
        sa.Column("rejected_count", sa.Integer(), nullable=False),
        sa.Column("error", PLAIN_TEXT, nullable=True),
        sa.Column("result_file_id", PLAIN_TEXT, nullable=True),
        sa.Column("finished_at", TIMESTAMP, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("import_id", name=op.f("uq_imports_import_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_imports_revision")),
        sa.CheckConstraint(f"entity IN ({_ENTITIES})", name=op.f("ck_imports_entity")),
        sa.CheckConstraint(f"error_policy IN ({_POLICIES})", name=op.f("ck_imports_error_policy")),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_imports_status")),
    )
    op.create_index("ix_imports_file_id", "imports", ["file_id"])
    newest_first: list[Any] = [sa.text("created_at DESC"), "import_id"]
    op.create_index("ix_imports_created_at_import_id", "imports", newest_first)
    op.create_index(
        "ix_imports_client_id_created_at_import_id", "imports", ["client_id", *newest_first]
    )
    op.create_table(
        "transfer_jobs",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("transfer_id", PLAIN_TEXT, nullable=False),
        sa.Column("caller", JSON_TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("due_at", TIMESTAMP, nullable=False),
        sa.Column("leased_until", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_jobs")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_transfer_jobs_transfer_id")),
    )
    op.create_index("ix_transfer_jobs_due_at_id", "transfer_jobs", ["due_at", "id"])
    op.create_table(
        "transfer_lines",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("transfer_id", PLAIN_TEXT, nullable=False),
        sa.Column("lines", PLAIN_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_lines")),
        sa.ForeignKeyConstraint(
            ["transfer_id"],
            ["transfer_jobs.transfer_id"],
            name=op.f("fk_transfer_lines_transfer_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_transfer_lines_transfer_id_id", "transfer_lines", ["transfer_id", "id"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(save_functions.creation(_SAVED, template=5))
        op.execute(bulk_functions.creation(_SAVED, template=2))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(bulk_functions.removal(_SAVED))
        op.execute(save_functions.removal(_SAVED))
    for table in ("transfer_lines", "transfer_jobs", "imports"):
        op.drop_table(table)
    # The code before knows no such entities.
    op.execute("DELETE FROM events WHERE entity_type = 'import'")
