"""The tables that production owns."""

from sqlalchemy import CheckConstraint, Table, UniqueConstraint

from repositories.sql.metadata import (
    CHILD_OPTIONS,
    bookkeeping,
    child_columns,
    json_text,
    last_changed_first,
    metadata,
    newest_first,
    owned,
    surrogate_id,
    text,
)

production_campaigns = Table(
    "production_campaigns",
    metadata,
    surrogate_id(),
    text("campaign_id"),
    text("strategy_id"),
    text("name"),
    *owned("production_campaigns", "campaign_id"),
    *bookkeeping(),
    UniqueConstraint("campaign_id"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("production_campaigns", "campaign_id", "strategy_id"),
)

production_tactics = Table(
    "production_tactics",
    metadata,
    *child_columns("production_campaigns", "campaign_id"),
    text("channel"),
    text("content_type"),
    text("title"),
    **CHILD_OPTIONS,
)

production_drafts = Table(
    "production_drafts",
    metadata,
    surrogate_id(),
    text("draft_id"),
    text("strategy_id"),
    text("campaign_id", nullable=True),
    text("content_type"),
    text("title"),
    text("body", is_long=True),
    json_text("metadata"),
    *owned("production_drafts", "draft_id", "updated_at"),
    *bookkeeping(),
    UniqueConstraint("draft_id"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("production_drafts", "draft_id", "strategy_id", "campaign_id"),
    last_changed_first("production_drafts", "draft_id"),
)
