"""The tables that webhooks own."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text

from domain.webhooks import DeliveryState
from repositories.sql.leases import lease_columns
from repositories.sql.metadata import (
    PlainText,
    big_integer,
    bookkeeping,
    child_columns,
    json_text,
    metadata,
    newest_first,
    one_of,
    surrogate_id,
    text,
    timestamp,
)


def _partial(name: str, *columns: str, where: str) -> Index:
    condition = sql_text(where)
    return Index(name, *columns, postgresql_where=condition, sqlite_where=condition)


webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    surrogate_id(),
    text("endpoint_id"),
    text("url"),
    json_text("event_types"),
    json_text("client_ids"),
    text("description"),
    Column("enabled", Boolean, nullable=False),
    text("disabled_reason", nullable=True),
    timestamp("failing_since", nullable=True),
    big_integer("position", nullable=False),
    text("secret"),
    text("previous_secret", nullable=True),
    timestamp("previous_secret_until", nullable=True),
    *bookkeeping(),
    UniqueConstraint("endpoint_id"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("webhook_endpoints", "endpoint_id"),
)
"""Nobody reads the secrets but who claims deliveries, to sign them."""

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    surrogate_id(),
    text("delivery_id"),
    Column(
        "endpoint_id",
        PlainText,
        ForeignKey("webhook_endpoints.endpoint_id", ondelete="CASCADE"),
        nullable=False,
    ),
    text("event_id"),
    text("event_type"),
    text("entity_type"),
    text("entity_key"),
    big_integer("position", nullable=True),
    text("state"),
    Column("attempt_count", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    *lease_columns(),
    text("payload", is_long=True),
    timestamp("created_at"),
    timestamp("finished_at", nullable=True),
    UniqueConstraint("delivery_id"),
    UniqueConstraint("endpoint_id", "event_id"),
    one_of("state", DeliveryState),
    *newest_first("webhook_deliveries", "delivery_id", "endpoint_id"),
    _partial(
        "ix_webhook_deliveries_endpoint_id_due_at_id",
        "endpoint_id",
        "due_at",
        "id",
        where="due_at IS NOT NULL",
    ),
    _partial(
        "ix_webhook_deliveries_endpoint_id_entity_type_entity_key_id",
        "endpoint_id",
        "entity_type",
        "entity_key",
        "id",
        where="state = 'PENDING'",
    ),
    _partial("ix_webhook_deliveries_finished_at", "finished_at", where="finished_at IS NOT NULL"),
)
"""Of the pending deliveries of an endpoint and an entity exactly one has a `due_at`: the others
wait for it. Whoever claims it moves `due_at` to the end of the lease, counts up `token`, and sets
`leased_until`, which is absent again when the attempt is completed."""

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    *child_columns("webhook_deliveries", "delivery_id"),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),
    text("error", nullable=True),
    text("response"),
)
