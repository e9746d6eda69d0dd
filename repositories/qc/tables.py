"""The tables that qc owns."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from domain.qc import QcSeverity
from repositories.sql.metadata import (
    CHILD_OPTIONS,
    bookkeeping,
    child_columns,
    metadata,
    newest_first,
    one_of,
    owned,
    text,
    timestamp,
)

qc_results = Table(
    "qc_results",
    metadata,
    text("result_id"),
    text("draft_id"),
    Column("passed", Boolean, nullable=False),
    Column("score", Double, nullable=False),
    timestamp("evaluated_at"),
    *owned("qc_results", "result_id"),
    *bookkeeping(),
    PrimaryKeyConstraint("result_id"),
    UniqueConstraint("draft_id"),
    CheckConstraint("score >= 0 AND score <= 1", name="score"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("qc_results", "result_id"),
)

qc_issues = Table(
    "qc_issues",
    metadata,
    *child_columns("qc_results", "result_id"),
    text("severity"),
    text("section"),
    text("reason"),
    text("hint", nullable=True),
    text("benchmark_id", nullable=True),
    one_of("severity", QcSeverity),
    **CHILD_OPTIONS,
)
