"""Whose turn it is: of the pending deliveries to an endpoint that are about one entity, one is due.

These statements make it so after deliveries were made, were replayed, or have ended.
"""

from functools import cache
from typing import Any

from sqlalchemy import Select, Update, func, not_, or_, select, update

from repositories.drivers.compiled import Statement
from repositories.sql.dialects import Dialect
from repositories.webhooks.statements import equal, parameter, pending
from repositories.webhooks.tables import webhook_deliveries


@cache
def let_all_be_due(dialect: Dialect) -> Statement:
    """Of each entity that has pending deliveries and none that is due, the first one is."""
    waiting, other = webhook_deliveries, webhook_deliveries.alias("other")
    is_before = or_(other.c.id < waiting.c.id, other.c.due_at.is_not(None))
    goes_before = _pending_of_same(other, waiting).where(is_before)
    changed = update(waiting).where(
        *equal(waiting, "endpoint_id"), waiting.c.state == pending(), waiting.c.due_at.is_(None)
    )
    return _due_now(changed.where(not_(goes_before.correlate(waiting).exists())), dialect)


@cache
def let_next_be_due(dialect: Dialect) -> Statement:
    """The same for those entities that some deliveries are about, whatever became of these."""
    waiting, given = webhook_deliveries, webhook_deliveries.alias("given")
    first, other = (webhook_deliveries.alias(name) for name in ("first", "other"))
    first_of_each = select(
        _pending_of_same(first, given)
        .with_only_columns(func.min(first.c.id))
        .correlate(given)
        .scalar_subquery()
    ).where(dialect.among(given.c.delivery_id, "keys"))
    is_due = _pending_of_same(other, waiting).where(other.c.due_at.is_not(None))
    changed = update(waiting).where(
        waiting.c.id.in_(first_of_each), not_(is_due.correlate(waiting).exists())
    )
    return _due_now(changed, dialect)


def _pending_of_same(other: Any, delivery: Any) -> Select[Any]:
    """The pending deliveries to the same endpoint that are about the same entity."""
    names = ("endpoint_id", "entity_type", "entity_key")
    is_same = [other.c[name] == delivery.c[name] for name in names]
    return select(other.c.id).where(*is_same, other.c.state == pending())


def _due_now(changed: Update, dialect: Dialect) -> Statement:
    due_at = webhook_deliveries.c.due_at
    return dialect.compile(changed.values(due_at=parameter("now", due_at)))
