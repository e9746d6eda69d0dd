"""The tables that strategy owns."""

from sqlalchemy import CheckConstraint, Column, Double, Integer, Table, UniqueConstraint

from domain.strategy import ApprovalState
from repositories.sql.metadata import (
    CHILD_OPTIONS,
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

strategy_plans = Table(
    "strategy_plans",
    metadata,
    surrogate_id(),
    text("strategy_id"),
    text("brief_id"),
    Column("version", Integer, nullable=False),
    text("executive_summary"),
    json_text("kpis"),
    json_text("timeline"),
    text("approval"),
    text("decided_by", nullable=True),
    timestamp("decided_at", nullable=True),
    *owned("strategy_plans", "strategy_id"),
    *bookkeeping(),
    UniqueConstraint("strategy_id"),
    UniqueConstraint("brief_id", "version"),
    one_of("approval", ApprovalState),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("strategy_plans", "strategy_id", "brief_id"),
)

strategy_recommendations = Table(
    "strategy_recommendations",
    metadata,
    *child_columns("strategy_plans", "strategy_id"),
    text("channel"),
    Column("budget_percent", Double, nullable=False),
    text("rationale", is_long=True),
    json_text("tactics"),
    **CHILD_OPTIONS,
)
