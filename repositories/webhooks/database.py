"""Webhooks in the database."""

from datetime import datetime
from functools import cache

from sqlalchemy import delete, func, select

from repositories.drivers.compiled import Statement
from repositories.sql.criteria import LIMIT
from repositories.sql.dialects import POSTGRESQL, Dialect
from repositories.webhooks.claiming import DatabaseClaims
from repositories.webhooks.endpoints import DatabaseEndpoints
from repositories.webhooks.reading import DatabaseWebhookReads
from repositories.webhooks.replaying import DatabaseReplays
from repositories.webhooks.statements import parameter
from repositories.webhooks.tables import webhook_deliveries


class DatabaseWebhookRepository(
    DatabaseWebhookReads, DatabaseEndpoints, DatabaseClaims, DatabaseReplays
):
    """Webhooks as one session's transaction sees them."""

    async def time(self, now: datetime) -> datetime:
        if self._session.dialect.is_sqlite:
            return now
        [(time,)] = await self._session.rows(_TIME)
        found: datetime = time
        return found

    async def remove_finished(self, before: datetime, limit: int) -> int:
        given = {"before": before, "limit": limit}
        return len(await self._session.rows(_remove_finished(self._session.dialect), given))


_TIME = POSTGRESQL.compile(select(func.clock_timestamp()))


@cache
def _remove_finished(dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    old = (
        select(it.id)
        .where(it.finished_at < parameter("before", it.finished_at))
        .order_by(it.finished_at)
        .limit(LIMIT)
    )
    removed = delete(webhook_deliveries).where(it.id.in_(old)).returning(it.id)
    return dialect.compile(removed)
