"""Sending again what has ended, or waits to be tried again, in the database."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import delete, select, update

from domain.webhooks import MAX_ATTEMPTS_BEFORE
from repositories.criteria import Filter
from repositories.drivers.compiled import Row, Statement
from repositories.sql.criteria import LIMIT, condition, shape_of, values_of
from repositories.sql.dialects import Dialect
from repositories.webhooks.statements import PENDING, WebhookStatements, parameter, pending
from repositories.webhooks.tables import webhook_attempts, webhook_deliveries
from repositories.webhooks.turns import let_all_be_due


class DatabaseReplays(WebhookStatements):
    """Deliveries, for those who want them sent again, or sooner."""

    async def replay(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        dialect = self._session.dialect
        statement = await self._session.compiled(_replay, shape_of(filter), dialect)
        given = {"endpoint": endpoint_id, "limit": limit, **values_of(filter)}
        rows = await self._session.rows(statement, given)
        if rows:
            due = {"endpoint_id": endpoint_id, "now": now}
            await self._session.rows(let_all_be_due(dialect), due)
        await self._leave_newest_attempts(rows)
        return len(rows)

    async def end_pauses(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        dialect = self._session.dialect
        statement = await self._session.compiled(_paused, shape_of(filter), dialect)
        given = {"endpoint": endpoint_id, "now": now, "limit": limit, **values_of(filter)}
        rows = await self._session.rows(statement, given)
        if rows:
            due = {"ids": [id for id, *_ in rows], "now": now}
            await self._session.rows(_begin_anew(dialect), due)
        await self._leave_newest_attempts([delivery for _, *delivery in rows])
        return len(rows)

    async def _leave_newest_attempts(self, deliveries: Sequence[Row]) -> None:
        """Of these, told by their keys and by how many attempts they had."""
        if long := [
            key for key, attempt_count in deliveries if attempt_count > MAX_ATTEMPTS_BEFORE
        ]:
            await self._session.rows(_remove_attempts(self._session.dialect), {"keys": long})


def _replay(shape: Filter | None, dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    found = (
        select(it.id)
        .where(
            it.endpoint_id == parameter("endpoint", it.endpoint_id),
            it.state != pending(),
            condition(webhook_deliveries, shape, dialect),
        )
        .limit(LIMIT)
    )
    changed = (
        update(webhook_deliveries)
        .where(it.id.in_(found))
        .values(state=PENDING, due_at=None, finished_at=None, failures=0)
        .returning(it.delivery_id, it.attempt_count)
    )
    return dialect.compile(changed)


def _paused(shape: Filter | None, dialect: Dialect) -> Statement:
    """Locked, since who claims deliveries doesn't lock their endpoints."""
    it = webhook_deliveries.c
    found = (
        select(it.id, it.delivery_id, it.attempt_count)
        .where(
            it.endpoint_id == parameter("endpoint", it.endpoint_id),
            it.due_at > parameter("now", it.due_at),
            it.leased_until.is_(None),
            condition(webhook_deliveries, shape, dialect),
        )
        .order_by(it.due_at.desc(), it.id.desc())
        .limit(LIMIT)
    )
    return dialect.compile(found.with_for_update())


@cache
def _begin_anew(dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    changed = update(webhook_deliveries).values(due_at=parameter("now", it.due_at), failures=0)
    return dialect.compile(changed.where(dialect.among(it.id, "ids")))


@cache
def _remove_attempts(dialect: Dialect) -> Statement:
    """All but the newest ones."""
    attempt, of = webhook_attempts.c, webhook_deliveries.c
    first_kept = (
        select(of.attempt_count - MAX_ATTEMPTS_BEFORE)
        .where(of.delivery_id == attempt.delivery_id)
        .correlate(webhook_attempts)
        .scalar_subquery()
    )
    removed = delete(webhook_attempts).where(
        dialect.among(attempt.delivery_id, "keys"), attempt.position < first_kept
    )
    return dialect.compile(removed)
