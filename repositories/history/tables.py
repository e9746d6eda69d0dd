"""The tables that history owns."""

from collections.abc import Iterator

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint
from sqlalchemy import text as sql_text

from repositories.sql.metadata import (
    big_integer,
    json_text,
    metadata,
    surrogate_id,
    text,
    timestamp,
)


def _partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = sql_text(where)
    return Index(name, *columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def _by_caller(*columns: str) -> Iterator[Index]:
    for column in columns:
        name = f"ix_events_{column}_position"
        yield _partial_index(name, column, "position", where="position IS NOT NULL")


events = Table(
    "events",
    metadata,
    surrogate_id(),
    big_integer("position", nullable=True),
    text("event_id"),
    text("type"),
    text("entity_type"),
    text("entity_key"),
    text("series_key", nullable=True),
    Column("revision", Integer, nullable=False),
    Column("revision_before", Integer, nullable=False),
    Column("is_deletion", Boolean, nullable=False),
    text("client_id", nullable=True),
    text("caller_kind"),
    text("caller_id"),
    text("on_behalf_of", nullable=True),
    text("request_id"),
    timestamp("occurred_at"),
    json_text("changed_fields"),
    json_text("state", nullable=True),
    timestamp("created_at", nullable=True),
    timestamp("updated_at", nullable=True),
    timestamp("sequenced_at", nullable=True),
    UniqueConstraint("entity_type", "entity_key", "revision", "is_deletion"),
    _partial_index("ix_events_position", "position", where="position IS NOT NULL", unique=True),
    _partial_index(
        "ix_events_entity_type_series_key_revision",
        "entity_type",
        "series_key",
        "revision",
        where="series_key IS NOT NULL",
    ),
    _partial_index("ix_events_type_position", "type", "position", where="position IS NOT NULL"),
    # Few entities name their client, so only few saves pay for it.
    _partial_index(
        "ix_events_client_id_position",
        "client_id",
        "position",
        where="client_id IS NOT NULL",
    ),
    *_by_caller("caller_kind", "caller_id"),
    _partial_index(
        "ix_events_on_behalf_of_position",
        "on_behalf_of",
        "position",
        where="on_behalf_of IS NOT NULL AND position IS NOT NULL",
    ),
    _partial_index("ix_events_id", "id", where="position IS NULL"),
)
"""`revision` is the one that was saved or deleted; `revision_before` is 0 where there was none.
`series_key` names what revisions count on for, where that isn't the entity alone. `created_at` and
`updated_at` are the entity's, and stand beside its `state`, which has neither of them and no
revision: the database decides about all three as it saves. An event without a position was
committed, and waits to be sequenced."""

history_periods = Table(
    "history_periods",
    metadata,
    big_integer("number", primary_key=True),
    timestamp("first_at"),
    timestamp("last_at"),
)
"""From when to when the events occurred of each thousand positions, once all of these are given."""

history_pruning = Table("history_pruning", metadata, big_integer("position", primary_key=True))
"""One row, or none before anything was removed: up to this position events may be gone."""
