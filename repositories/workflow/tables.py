"""The tables that workflow owns."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    Table,
    UniqueConstraint,
)

from domain.workflow import RunStatus, RunStepStatus
from repositories.sql.jobs import job_table
from repositories.sql.metadata import (
    CHILD_OPTIONS,
    PlainText,
    bookkeeping,
    child_columns,
    json_text,
    metadata,
    newest_first,
    one_of,
    owned,
    surrogate_id,
    text,
    timestamp,
)

workflow_runs = Table(
    "workflow_runs",
    metadata,
    surrogate_id(),
    text("run_id"),
    text("brief_id"),
    text("workflow"),
    Column("workflow_version", Integer, nullable=False),
    text("status"),
    json_text("channels"),
    Column("max_redrafts", Integer, nullable=False),
    Column("require_approval", Boolean, nullable=False),
    Column("progress", Double, nullable=False),
    text("error", nullable=True),
    text("started_by"),
    text("strategy_id", nullable=True),
    text("campaign_id", nullable=True),
    timestamp("cancelled_at", nullable=True),
    timestamp("finished_at", nullable=True),
    *owned("workflow_runs", "run_id"),
    *bookkeeping(),
    UniqueConstraint("run_id"),
    one_of("status", RunStatus),
    CheckConstraint("progress >= 0 AND progress <= 1", name="progress"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("workflow_runs", "run_id", "brief_id", "strategy_id"),
)

workflow_steps = Table(
    "workflow_steps",
    metadata,
    *child_columns("workflow_runs", "run_id"),
    text("name"),
    Column("tactic", Integer, nullable=True),
    text("status"),
    Column("attempts", Integer, nullable=False),
    timestamp("started_at", nullable=True),
    timestamp("finished_at", nullable=True),
    text("error", nullable=True),
    text("produced_type", nullable=True),
    text("produced_key", nullable=True),
    Column("produced_revision", Integer, nullable=True),
    one_of("status", RunStepStatus),
    **CHILD_OPTIONS,
)

workflow_jobs = job_table("workflow_jobs", "run_id", always_due=False)
"""The runs that haven't ended. One that waits until it's retried isn't due."""

workflow_exchanges = Table(
    "workflow_exchanges",
    metadata,
    surrogate_id(),
    Column(
        "run_id",
        PlainText,
        ForeignKey("workflow_runs.run_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    text("prompt"),
    text("model"),
    text("request", is_long=True),
    text("response", is_long=True),
    Column("status", Integer, nullable=True),
    text("error", nullable=True),
    Column("tokens", Integer, nullable=False),
    timestamp("began_at"),
    Column("duration_ms", Integer, nullable=False),
    UniqueConstraint("run_id", "position"),
    CheckConstraint("position >= 0", name="position"),
    CheckConstraint("tokens >= 0", name="tokens"),
)
"""What was said to language models for runs, and what they said."""
