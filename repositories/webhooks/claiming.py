"""From a new delivery to its end, in the database: added, claimed by a sender, completed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Integer, bindparam, not_, select, true, update

from domain.webhooks import Claim, EndedAttempt, NewDelivery
from repositories.drivers.compiled import Statement
from repositories.sql.criteria import LIMIT
from repositories.sql.dialects import Dialect
from repositories.sql.leases import take
from repositories.webhooks.records import (
    OF_ATTEMPTS,
    OF_CLAIMS,
    OF_NEW_DELIVERIES,
    SECRET,
    attempt_values,
    claim_of,
    completed_values,
    new_delivery_values,
)
from repositories.webhooks.statements import (
    PENDING,
    WebhookStatements,
    insertion,
    parameter,
    pending,
)
from repositories.webhooks.tables import webhook_attempts, webhook_deliveries, webhook_endpoints
from repositories.webhooks.turns import let_next_be_due


class DatabaseClaims(WebhookStatements):
    """Deliveries, for those who send them."""

    async def add(self, endpoint_id: str, deliveries: Sequence[NewDelivery], now: datetime) -> None:
        if not deliveries:
            return
        values = [new_delivery_values(new, endpoint_id, now) for new in deliveries]
        await self._session.run_many(_insert_delivery(self._session.dialect), values)
        await self._let_next_be_due([new.delivery_id for new in deliveries], now)

    async def claim(
        self,
        limit: int,
        lease: timedelta,
        now: datetime,
        *,
        of_each: int | None = None,
        only: Sequence[str] | None = None,
        excluded: Sequence[str] = (),
    ) -> Sequence[Claim]:
        given = {
            "now": now,
            "limit": limit,
            "of_each": limit if of_each is None else of_each,
            "excluded": excluded,
            "only": only,
        }
        rows = await self._session.rows(_due(only is not None, self._session.dialect), given)
        if not rows:
            return []
        taken = {"ids": [row[0] for row in rows], "until": now + lease}
        await self._session.rows(take(webhook_deliveries, self._session.dialect), taken)
        return [claim_of(row, now) for row in rows]

    async def complete(
        self, attempts: Sequence[EndedAttempt], now: datetime
    ) -> Sequence[EndedAttempt]:
        keys = [each.claim.delivery_id for each in attempts]
        rows = await self._session.rows(_claimed(self._session.dialect), {"keys": keys})
        counts = {(key, token): attempt_count for key, token, attempt_count in rows}
        kept = [it for it in attempts if (it.claim.delivery_id, it.claim.token) in counts]
        if not kept:
            return ()
        await self._session.run_many(
            _complete(self._session.dialect), [completed_values(each, now) for each in kept]
        )
        made = [attempt_values(it, counts[it.claim.delivery_id, it.claim.token]) for it in kept]
        await self._session.run_many(_insert_attempt(self._session.dialect), made)
        if ended := [each.claim.delivery_id for each in kept if each.has_ended_delivery]:
            await self._let_next_be_due(ended, now)
        return kept

    async def _let_next_be_due(self, delivery_ids: Sequence[str], now: datetime) -> None:
        """The next deliveries of the entities that these deliveries are about."""
        given = {"keys": delivery_ids, "now": now}
        await self._session.rows(let_next_be_due(self._session.dialect), given)


@cache
def _insert_delivery(dialect: Dialect) -> Statement:
    begin = {"state": PENDING, "attempt_count": 0, "failures": 0, "token": 0}
    return insertion(webhook_deliveries, OF_NEW_DELIVERIES, dialect, **begin)


@cache
def _insert_attempt(dialect: Dialect) -> Statement:
    return insertion(webhook_attempts, ("delivery_id", *OF_ATTEMPTS), dialect)


@cache
def _due(is_limited: bool, dialect: Dialect) -> Statement:
    """What is due of each endpoint is found by itself, as an index has it."""
    to, found = webhook_endpoints, webhook_deliveries.alias("found")
    of_each = (
        select(found)
        .where(
            found.c.endpoint_id == to.c.endpoint_id,
            found.c.due_at <= parameter("now", found.c.due_at),
        )
        .order_by(found.c.due_at, found.c.id)
        .limit(bindparam("of_each", type_=Integer()))
        .correlate(to)
    )
    due: Any
    if dialect.is_sqlite:
        due = webhook_deliveries
        joined = to.join(due, due.c.id.in_(of_each.with_only_columns(found.c.id)))
    else:
        due = of_each.with_for_update(skip_locked=True).lateral("due")
        joined = to.join(due, true())
    conditions = [to.c.enabled.is_(True), not_(dialect.among(to.c.endpoint_id, "excluded"))]
    if is_limited:
        conditions.append(dialect.among(to.c.endpoint_id, "only"))
    claimed = (
        select(*(due.c[name] for name in OF_CLAIMS), to.c.url, *(to.c[name] for name in SECRET))
        .select_from(joined)
        .where(*conditions)
        .order_by(due.c.due_at, due.c.id)
        .limit(LIMIT)
    )
    return dialect.compile(claimed)


@cache
def _claimed(dialect: Dialect) -> Statement:
    """Locked, since who claims deliveries doesn't lock their endpoints."""
    it = webhook_deliveries.c
    found = select(it.delivery_id, it.token, it.attempt_count).where(
        dialect.among(it.delivery_id, "keys"), it.state == pending()
    )
    return dialect.compile(found.with_for_update())


@cache
def _complete(dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    changed = (
        update(webhook_deliveries)
        .where(it.delivery_id == parameter("key", it.delivery_id))
        .values(
            state=parameter("new_state", it.state),
            due_at=parameter("new_due_at", it.due_at),
            leased_until=None,
            finished_at=parameter("new_finished_at", it.finished_at),
            token=it.token + 1,  # so that the same attempt isn't kept twice
            attempt_count=it.attempt_count + 1,
            failures=it.failures + bindparam("failed", type_=Integer()),
        )
    )
    return dialect.compile(changed)
