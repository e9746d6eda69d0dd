"""runs of workflows, and the work on them"""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import bulk_functions, client_functions, save_functions
from migrations.column_types import JSON_TEXT, PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.saved_tables import LoggedFields, SavedChildren, SavedTable
from migrations.saved_tables_by_revision import AS_OF_0019

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None

_SAVED = SavedTable(
    "workflow_runs",
    {
        "run_id": "text",
        "brief_id": "text",
        "workflow": "text",
        "workflow_version": "integer",
        "status": "text",
        "channels": "json",
        "max_redrafts": "integer",
        "require_approval": "boolean",
        "progress": "float8",
        "error": "text",
        "started_by": "text",
        "strategy_id": "text",
        "campaign_id": "text",
        "cancelled_at": "timestamptz",
        "finished_at": "timestamptz",
    },
    children=SavedChildren(
        "workflow_steps",
        {
            "name": "text",
            "tactic": "integer",
            "status": "text",
            "attempts": "integer",
            "started_at": "timestamptz",
            "finished_at": "timestamptz",
            "error": "text",
            "produced_type": "text",
            "produced_key": "text",
            "produced_revision": "integer",
        },
    ),
    logged=LoggedFields(
        "run",
        {
            "briefId": ("brief_id",),
            "workflow": ("workflow",),
            "workflowVersion": ("workflow_version",),
            "status": ("status",),
            "channels": ("channels",),
            "maxRedrafts": ("max_redrafts",),
            "requireApproval": ("require_approval",),
            "progress": ("progress",),
            "error": ("error",),
            "startedBy": ("started_by",),
            "strategyId": ("strategy_id",),
            "campaignId": ("campaign_id",),
            "cancelledAt": ("cancelled_at",),
            "finishedAt": ("finished_at",),
        },
        children="steps",
        members={
            "name": "name",
            "tactic": "tactic",
            "status": "status",
            "attempts": "attempts",
            "startedAt": "started_at",
            "finishedAt": "finished_at",
            "error": "error",
            "producedType": "produced_type",
            "producedKey": "produced_key",
            "producedRevision": "produced_revision",
        },
        client="client_id",
    ),
    owner=("brief_id", "onboarding_forms"),
)
[_BRIEFS_BEFORE] = [saved for saved in AS_OF_0019 if saved.table == "onboarding_forms"]
_BRIEFS = replace(_BRIEFS_BEFORE, owned=(*_BRIEFS_BEFORE.owned, "workflow_runs"))
_STATUSES = (
    "'PENDING', 'RUNNING', 'WAITING_APPROVAL', 'SUCCEEDED', 'FAILED', 'COMPENSATING', "
    "'COMPENSATED', 'CANCELLED'"
)
_STEP_STATUSES = (
    "'PENDING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'SKIPPED', 'COMPENSATED', 'KEPT'"
)


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.create_table(
        "workflow_runs",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("run_id", PLAIN_TEXT, nullable=False),
        sa.Column("brief_id", PLAIN_TEXT, nullable=False),
        sa.Column("workflow", PLAIN_TEXT, nullable=False),
        sa.Column("workflow_version", sa.Integer(), nullable=False),
        sa.Column("status", PLAIN_TEXT, nullable=False),
        sa.Column("channels", JSON_TEXT, nullable=False),
        sa.Column("max_redrafts", sa.Integer(), nullable=False),
        sa.Column("require_approval", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("error", PLAIN_TEXT, nullable=True),
        sa.Column("started_by", PLAIN_TEXT, nullable=False),
        sa.Column("strategy_id", PLAIN_TEXT, nullable=True),
        sa.Column("campaign_id", PLAIN_TEXT, nullable=True),
        sa.Column("cancelled_at", TIMESTAMP, nullable=True),
        sa.Column("finished_at", TIMESTAMP, nullable=True),
        sa.Column("client_id", PLAIN_TEXT, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_runs")),
        sa.UniqueConstraint("run_id", name=op.f("uq_workflow_runs_run_id")),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_workflow_runs_status")),
        sa.CheckConstraint(
            "progress >= 0 AND progress <= 1", name=op.f("ck_workflow_runs_progress")
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_workflow_runs_revision")),
    )
    newest_first: list[Any] = [sa.text("created_at DESC"), "run_id"]
    op.create_index("ix_workflow_runs_created_at_run_id", "workflow_runs", newest_first)
    for reference in ("brief_id", "strategy_id", "client_id"):
        name = f"ix_workflow_runs_{reference}_created_at_run_id"
        op.create_index(name, "workflow_runs", [reference, *newest_first])
    op.create_table(
        "workflow_steps",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("run_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("tactic", sa.Integer(), nullable=True),
        sa.Column("status", PLAIN_TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", TIMESTAMP, nullable=True),
        sa.Column("finished_at", TIMESTAMP, nullable=True),
        sa.Column("error", PLAIN_TEXT, nullable=True),
        sa.Column("produced_type", PLAIN_TEXT, nullable=True),
        sa.Column("produced_key", PLAIN_TEXT, nullable=True),
        sa.Column("produced_revision", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_steps")),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["workflow_runs.run_id"],
            name=op.f("fk_workflow_steps_run_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_workflow_steps_run_id_position")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_workflow_steps_position")),
        sa.CheckConstraint(f"status IN ({_STEP_STATUSES})", name=op.f("ck_workflow_steps_status")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "workflow_jobs",
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("run_id", PLAIN_TEXT, nullable=False),
        sa.Column("caller", JSON_TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("due_at", TIMESTAMP, nullable=True),
        sa.Column("leased_until", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_jobs")),
        sa.UniqueConstraint("run_id", name=op.f("uq_workflow_jobs_run_id")),
    )
    op.create_index("ix_workflow_jobs_due_at_id", "workflow_jobs", ["due_at", "id"])
    if is_postgresql:
        for function in client_functions.made_for(_SAVED).values():
            op.execute(function)
        op.execute(save_functions.creation(_SAVED, template=5))
        op.execute(bulk_functions.creation(_SAVED, template=2))
        _replace_functions_of_briefs(_BRIEFS_BEFORE, _BRIEFS)


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _replace_functions_of_briefs(_BRIEFS, _BRIEFS_BEFORE)
        op.execute(bulk_functions.removal(_SAVED))
        op.execute(save_functions.removal(_SAVED))
        for name in client_functions.made_for(_SAVED):
            op.execute(f"DROP FUNCTION {name}")
    for table in ("workflow_jobs", "workflow_steps", "workflow_runs"):
        op.drop_table(table)
    # The code before knows no such entities.
    op.execute("DELETE FROM events WHERE entity_type = 'run'")


def _replace_functions_of_briefs(before: SavedTable, after: SavedTable) -> None:
    """A brief passes its client to its runs."""
    op.execute(save_functions.removal(before))
    op.execute(bulk_functions.removal(before))
    op.execute(save_functions.creation(after, template=5))
    op.execute(bulk_functions.creation(after, template=2))
