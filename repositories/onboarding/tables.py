"""The table that onboarding owns."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, UniqueConstraint

from domain.onboarding import BriefStage
from repositories.sql.metadata import (
    bookkeeping,
    json_text,
    metadata,
    newest_first,
    one_of,
    surrogate_id,
    text,
    timestamp,
)

onboarding_forms = Table(
    "onboarding_forms",
    metadata,
    surrogate_id(),
    text("brief_id"),
    text("client_id"),
    text("stage"),
    json_text("responses"),
    timestamp("submitted_at"),
    json_text("scope_deliverables", nullable=True),
    json_text("scope_exclusions", nullable=True),
    Column("scope_timeline_weeks", Integer),
    json_text("objectives"),
    text("target_audience", nullable=True),
    json_text("brand_guidelines"),
    timestamp("normalized_at", nullable=True),
    *bookkeeping(),
    UniqueConstraint("brief_id"),
    one_of("stage", BriefStage),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("onboarding_forms", "brief_id", "client_id"),
)
