"""exports of entities"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import bulk_functions, save_functions
from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.saved_tables import LoggedFields, SavedTable

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None

_SAVED = SavedTable(
    "exports",
    {
        "export_id": "text",
        "client_id": "text",
        "entity": "text",
        "filter": "json",
        "created_by": "text",
        "status": "text",
        "row_count": "integer",
        "last_key": "text",
        "error": "text",
        "result_file_id": "text",
        "finished_at": "timestamptz",
    },
    logged=LoggedFields(
        "export",
        {
            "clientId": ("client_id",),
            "entity": ("entity",),
            "filter": ("filter",),
            "createdBy": ("created_by",),
            "status": ("status",),
            "rowCount": ("row_count",),
            "lastKey": ("last_key",),
            "error": ("error",),
            "resultFileId": ("result_file_id",),
            "finishedAt": ("finished_at",),
        },
        client="client_id",
    ),
)
_ENTITIES = "'BRIEF', 'STRATEGY_PLAN', 'CAMPAIGN', 'DRAFT', 'QC_RESULT', 'DELIVERY_PACKAGE'"
_STATUSES = "'PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'"


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("export_id", PLAIN_TEXT, nullable=False),
        sa.Column("client_id", PLAIN_TEXT, nullable=True),
        sa.Column("entity", PLAIN_TEXT, nullable=False),
        sa.Column("filter", JSON_TEXT, nullable=False),
        sa.Column("created_by", PLAIN_TEXT, nullable=False),
        sa.Column("status", PLAIN_TEXT, nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("last_key", PLAIN_TEXT, nullable=True),
        sa.Column("error", PLAIN_TEXT, nullable=True),
        sa.Column("result_file_id", PLAIN_TEXT, nullable=True),
        sa.Column("finished_at", TIMESTAMP, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sa.UniqueConstraint("export_id", name=op.f("uq_exports_export_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_exports_revision")),
        sa.CheckConstraint(f"entity IN ({_ENTITIES})", name=op.f("ck_exports_entity")),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_exports_status")),
    )
    newest_first: list[Any] = [sa.text("created_at DESC"), "export_id"]
    op.create_index("ix_exports_created_at_export_id", "exports", newest_first)
    op.create_index(
        "ix_exports_client_id_created_at_export_id", "exports", ["client_id", *newest_first]
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(save_functions.creation(_SAVED, template=5))
        op.execute(bulk_functions.creation(_SAVED, template=2))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(bulk_functions.removal(_SAVED))
        op.execute(save_functions.removal(_SAVED))
    op.drop_table("exports")
    # The code before knows no such entities, and nobody carries them out.
    op.execute("DELETE FROM transfer_jobs WHERE transfer_id NOT IN (SELECT import_id FROM imports)")
    op.execute("DELETE FROM events WHERE entity_type = 'export'")
