"""Webhooks in the database."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)

from domain.json_object import dumps
from domain.validation import unstorable
from domain.webhooks import (
    MAX_ATTEMPTS_BEFORE,
    Claim,
    DeliveryState,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.criteria import Filter, Page, PageRequest
from repositories.drivers.compiled import Row, Statement
from repositories.records import constructor
from repositories.sql.criteria import (
    condition,
    page_of,
    page_shape_of,
    page_values_of,
    shape_of,
    storable,
    values_of,
)
from repositories.sql.dialects import POSTGRESQL, Dialect
from repositories.sql.session import DatabaseSession
from repositories.webhooks.tables import webhook_attempts, webhook_deliveries, webhook_endpoints

_SECRET = ("secret", "previous_secret", "previous_secret_until")
_OF_ENDPOINTS = tuple(
    column.name for column in webhook_endpoints.columns if column.name not in ("id", *_SECRET)
)
_OF_DELIVERIES = tuple(
    column.name
    for column in webhook_deliveries.columns
    if column.name not in ("id", "payload", "token", "failures")
)
_OF_ATTEMPTS = ("position", "created_at", "duration_ms", "status", "error", "response")
_NAMES = {
    webhook_endpoints: ("endpoint_id", _OF_ENDPOINTS),
    webhook_deliveries: ("delivery_id", _OF_DELIVERIES),
}
_PENDING = DeliveryState.PENDING.value

_new_endpoint = constructor(WebhookEndpoint)
_new_delivery = constructor(WebhookDelivery)


class DatabaseWebhookRepository:
    """Webhooks as one session's transaction sees them."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    # Reading

    async def endpoints(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        rows = await self._by_key(webhook_endpoints, endpoint_ids)
        return {it.endpoint_id: it for it in map(_endpoint, rows)}

    async def endpoint_page(self, request: PageRequest) -> Page[WebhookEndpoint]:
        rows = await self._page(webhook_endpoints, request)
        return Page.of(request, map(_endpoint, rows))

    async def endpoint_count(self, filter: Filter | None) -> int:
        return await self._count(webhook_endpoints, filter)

    async def deliveries(self, delivery_ids: Sequence[str]) -> Mapping[str, WebhookDelivery]:
        rows = await self._by_key(webhook_deliveries, delivery_ids)
        return {it.delivery_id: it for it in map(_delivery, rows)}

    async def delivery_page(self, request: PageRequest) -> Page[WebhookDelivery]:
        rows = await self._page(webhook_deliveries, request)
        return Page.of(request, map(_delivery, rows))

    async def delivery_count(self, filter: Filter | None) -> int:
        return await self._count(webhook_deliveries, filter)

    async def attempts_by_delivery_id(
        self, delivery_ids: Sequence[str]
    ) -> Mapping[str, tuple[WebhookAttempt, ...]]:
        found: defaultdict[str, list[WebhookAttempt]] = defaultdict(list)
        rows = await self._session.rows(
            _attempts(self._session.dialect), {"keys": storable(delivery_ids)}
        )
        for delivery_id, *values in rows:
            found[delivery_id].append(
                WebhookAttempt(**dict(zip(_OF_ATTEMPTS, values, strict=True)))
            )
        return {key: tuple(attempts) for key, attempts in found.items()}

    async def _by_key(self, table: Table, keys: Sequence[str]) -> Sequence[Row]:
        statement = _by_key(table, self._session.dialect)
        return await self._session.rows(statement, {"keys": storable(keys)})

    async def _page(self, table: Table, request: PageRequest) -> Sequence[Row]:
        statement = await self._session.compiled(
            _page, table, page_shape_of(request), self._session.dialect
        )
        return await self._session.rows(statement, page_values_of(request))

    async def _count(self, table: Table, filter: Filter | None) -> int:
        statement = await self._session.compiled(
            _count, table, shape_of(filter), self._session.dialect
        )
        [(count,)] = await self._session.rows(statement, values_of(filter))
        return int(count)

    # Writing

    async def time(self, now: datetime) -> datetime:
        if self._session.dialect.is_sqlite:
            return now
        [(time,)] = await self._session.rows(_TIME)
        found: datetime = time
        return found

    async def get_for_update(self, endpoint_id: str) -> WebhookEndpoint | None:
        if unstorable(endpoint_id):
            return None
        statement = _for_update(self._session.dialect)
        rows = await self._session.rows(statement, {"endpoint_id": endpoint_id})
        return _endpoint(rows[0]) if rows else None

    async def lock(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        statement = _lock(self._session.dialect)
        rows = await self._session.rows(statement, {"keys": storable(endpoint_ids)})
        return {it.endpoint_id: it for it in map(_endpoint, rows)}

    async def insert(self, endpoint: WebhookEndpoint, secret: str) -> None:
        values = {**_endpoint_values(endpoint), "secret": secret}
        await self._session.rows(_insert_endpoint(self._session.dialect), values)

    async def update(self, endpoint: WebhookEndpoint) -> None:
        values = _endpoint_values(endpoint)
        await self._session.rows(_update_endpoint(self._session.dialect), values)

    async def rotate_secret(self, endpoint_id: str, secret: str, until: datetime) -> None:
        values = {"key": endpoint_id, "new_secret": secret, "until": until}
        await self._session.rows(_rotate_secret(self._session.dialect), values)

    async def delete(self, endpoint_id: str) -> bool:
        if unstorable(endpoint_id):
            return False
        statement = _delete_endpoint(self._session.dialect)
        return bool(await self._session.rows(statement, {"endpoint_id": endpoint_id}))

    async def behind(self, position: int) -> Sequence[str]:
        rows = await self._session.rows(_behind(self._session.dialect), {"position": position})
        return [key for (key,) in rows]

    async def add(self, endpoint_id: str, deliveries: Sequence[NewDelivery], now: datetime) -> None:
        if not deliveries:
            return
        values = [
            {
                "delivery_id": new.delivery_id,
                "endpoint_id": endpoint_id,
                "event_id": new.event_id,
                "event_type": new.event_type,
                "entity_type": new.entity_type,
                "entity_key": new.entity_key,
                "position": new.position,
                "payload": new.payload,
                "created_at": now,
            }
            for new in deliveries
        ]
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
            "most": limit,
            "of_each": limit if of_each is None else of_each,
            "excluded": excluded,
            "only": only,
        }
        rows = await self._session.rows(_due(only is not None, self._session.dialect), given)
        if not rows:
            return []
        taken = {"ids": [row[0] for row in rows], "until": now + lease}
        await self._session.rows(_take(self._session.dialect), taken)
        return [_claim(row, now) for row in rows]

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
            _complete(self._session.dialect), [_completed_values(each, now) for each in kept]
        )
        made = [_attempt_values(it, counts[it.claim.delivery_id, it.claim.token]) for it in kept]
        await self._session.run_many(_insert_attempt(self._session.dialect), made)
        if ended := [each.claim.delivery_id for each in kept if each.has_ended_delivery]:
            await self._let_next_be_due(ended, now)
        return kept

    async def replay(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        dialect = self._session.dialect
        statement = await self._session.compiled(_replay, shape_of(filter), dialect)
        given = {"endpoint": endpoint_id, "most": limit, **values_of(filter)}
        rows = await self._session.rows(statement, given)
        if rows:
            due = {"endpoint_id": endpoint_id, "now": now}
            await self._session.rows(_let_all_be_due(dialect), due)
        if long := [key for key, attempt_count in rows if attempt_count > MAX_ATTEMPTS_BEFORE]:
            await self._session.rows(_remove_attempts(dialect), {"keys": long})
        return len(rows)

    async def remove_finished(self, before: datetime, limit: int) -> int:
        given = {"before": before, "most": limit}
        return len(await self._session.rows(_remove_finished(self._session.dialect), given))

    async def _let_next_be_due(self, delivery_ids: Sequence[str], now: datetime) -> None:
        """The next deliveries of the entities that these deliveries are about."""
        given = {"keys": delivery_ids, "now": now}
        await self._session.rows(_let_next_be_due(self._session.dialect), given)


def _parameter(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _equal(table: Any, *names: str) -> list[Any]:
    return [table.c[name] == _parameter(name, table.c[name]) for name in names]


@cache
def _by_key(table: Table, dialect: Dialect) -> Statement:
    key, names = _NAMES[table]
    found = select(*(table.c[name] for name in names))
    return dialect.compile(found.where(dialect.among(table.c[key], "keys")))


def _page(table: Table, shape: PageRequest, dialect: Dialect) -> Statement:
    key, names = _NAMES[table]
    found = select(*(table.c[name] for name in names)).where(
        condition(table, shape.filter, dialect)
    )
    return dialect.compile(page_of(found, table, table.c[key], shape))


def _count(table: Table, shape: Filter | None, dialect: Dialect) -> Statement:
    found = select(func.count()).select_from(table)
    return dialect.compile(found.where(condition(table, shape, dialect)))


@cache
def _attempts(dialect: Dialect) -> Statement:
    them = webhook_attempts.c
    found = select(them.delivery_id, *(them[name] for name in _OF_ATTEMPTS)).where(
        dialect.among(them.delivery_id, "keys")
    )
    return dialect.compile(found.order_by(them.delivery_id, them.position))


_TIME = POSTGRESQL.compile(select(func.clock_timestamp()))


@cache
def _for_update(dialect: Dialect) -> Statement:
    found = _endpoints().where(*_equal(webhook_endpoints, "endpoint_id"))
    return dialect.compile(found.with_for_update())


@cache
def _lock(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    found = _endpoints().where(dialect.among(them.endpoint_id, "keys"))
    return dialect.compile(found.with_for_update(skip_locked=True))


def _endpoints() -> Select[Any]:
    return select(*(webhook_endpoints.c[name] for name in _OF_ENDPOINTS))


@cache
def _insert_endpoint(dialect: Dialect) -> Statement:
    return _insertion(webhook_endpoints, (*_OF_ENDPOINTS, "secret"), dialect)


@cache
def _update_endpoint(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    changed = {
        name: _parameter(name, them[name]) for name in _OF_ENDPOINTS if name != "endpoint_id"
    }
    # A parameter in WHERE can't have the name of a column that is set.
    found = update(webhook_endpoints).where(them.endpoint_id == _parameter("key", them.endpoint_id))
    return dialect.compile(found.values(changed))


@cache
def _rotate_secret(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    changed = update(webhook_endpoints).values(
        secret=_parameter("new_secret", them.secret),
        previous_secret=them.secret,
        previous_secret_until=_parameter("until", them.previous_secret_until),
    )
    return dialect.compile(changed.where(them.endpoint_id == _parameter("key", them.endpoint_id)))


@cache
def _delete_endpoint(dialect: Dialect) -> Statement:
    removed = delete(webhook_endpoints).where(*_equal(webhook_endpoints, "endpoint_id"))
    return dialect.compile(removed.returning(webhook_endpoints.c.id))


@cache
def _behind(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    found = select(them.endpoint_id).where(
        them.enabled.is_(True), them.position < _parameter("position", them.position)
    )
    return dialect.compile(found.order_by(them.endpoint_id))


@cache
def _insert_delivery(dialect: Dialect) -> Statement:
    given = (
        "delivery_id",
        "endpoint_id",
        "event_id",
        "event_type",
        "entity_type",
        "entity_key",
        "position",
        "payload",
        "created_at",
    )
    return _insertion(
        webhook_deliveries,
        given,
        dialect,
        state=_PENDING,
        attempt_count=0,
        failures=0,
        token=0,
    )


@cache
def _insert_attempt(dialect: Dialect) -> Statement:
    return _insertion(webhook_attempts, ("delivery_id", *_OF_ATTEMPTS), dialect)


def _insertion(table: Table, names: Sequence[str], dialect: Dialect, **constant: Any) -> Statement:
    given = {name: _parameter(name, table.c[name]) for name in names}
    return dialect.compile(insert(table).values(**given, **constant))


@cache
def _let_all_be_due(dialect: Dialect) -> Statement:
    """Of each entity that has pending deliveries and none that is due, the first one is."""
    waiting, other = webhook_deliveries, webhook_deliveries.alias("other")
    is_before = or_(other.c.id < waiting.c.id, other.c.due_at.is_not(None))
    goes_before = _pending_of_same(other, waiting).where(is_before)
    changed = update(waiting).where(
        *_equal(waiting, "endpoint_id"), waiting.c.state == _state(), waiting.c.due_at.is_(None)
    )
    return _due_now(changed.where(not_(goes_before.correlate(waiting).exists())), dialect)


@cache
def _let_next_be_due(dialect: Dialect) -> Statement:
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
    return select(other.c.id).where(*is_same, other.c.state == _state())


def _due_now(changed: Update, dialect: Dialect) -> Statement:
    due_at = webhook_deliveries.c.due_at
    return dialect.compile(changed.values(due_at=_parameter("now", due_at)))


def _state() -> Any:
    """In the SQL itself, so that an index of pending deliveries can be used."""
    return literal_column(f"'{_PENDING}'")


@cache
def _due(is_limited: bool, dialect: Dialect) -> Statement:
    """What is due of each endpoint is found by itself, as an index has it."""
    to, found = webhook_endpoints, webhook_deliveries.alias("found")
    of_each = (
        select(found)
        .where(
            found.c.endpoint_id == to.c.endpoint_id,
            found.c.due_at <= _parameter("now", found.c.due_at),
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
    names = ("id", "delivery_id", "endpoint_id", "token", "event_id", "payload", "failures")
    claimed = (
        select(*(due.c[name] for name in names), to.c.url, *(to.c[name] for name in _SECRET))
        .select_from(joined)
        .where(*conditions)
        .order_by(due.c.due_at, due.c.id)
        .limit(bindparam("most", type_=Integer()))
    )
    return dialect.compile(claimed)


@cache
def _take(dialect: Dialect) -> Statement:
    due = webhook_deliveries.c
    changed = update(webhook_deliveries).values(
        token=due.token + 1, due_at=_parameter("until", due.due_at)
    )
    return dialect.compile(changed.where(dialect.among(due.id, "ids")))


@cache
def _claimed(dialect: Dialect) -> Statement:
    """Locked, since who claims deliveries doesn't lock their endpoints."""
    it = webhook_deliveries.c
    found = select(it.delivery_id, it.token, it.attempt_count).where(
        dialect.among(it.delivery_id, "keys"), it.state == _state()
    )
    return dialect.compile(found.with_for_update())


@cache
def _complete(dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    changed = (
        update(webhook_deliveries)
        .where(it.delivery_id == _parameter("key", it.delivery_id))
        .values(
            state=_parameter("new_state", it.state),
            due_at=_parameter("new_due_at", it.due_at),
            finished_at=_parameter("new_finished_at", it.finished_at),
            token=it.token + 1,  # so that the same attempt isn't kept twice
            attempt_count=it.attempt_count + 1,
            failures=it.failures + bindparam("failed", type_=Integer()),
        )
    )
    return dialect.compile(changed)


def _replay(shape: Filter | None, dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    found = (
        select(it.id)
        .where(
            it.endpoint_id == _parameter("endpoint", it.endpoint_id),
            it.state != _state(),
            condition(webhook_deliveries, shape, dialect),
        )
        .limit(bindparam("most", type_=Integer()))
    )
    changed = (
        update(webhook_deliveries)
        .where(it.id.in_(found))
        .values(state=_PENDING, due_at=None, finished_at=None, failures=0)
        .returning(it.delivery_id, it.attempt_count)
    )
    return dialect.compile(changed)


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


@cache
def _remove_finished(dialect: Dialect) -> Statement:
    it = webhook_deliveries.c
    old = (
        select(it.id)
        .where(it.finished_at < _parameter("before", it.finished_at))
        .order_by(it.finished_at)
        .limit(bindparam("most", type_=Integer()))
    )
    removed = delete(webhook_deliveries).where(it.id.in_(old)).returning(it.id)
    return dialect.compile(removed)


def _endpoint_values(endpoint: WebhookEndpoint) -> dict[str, Any]:
    values = {name: getattr(endpoint, name) for name in _OF_ENDPOINTS}
    lists = {name: dumps(values[name]) for name in ("event_types", "client_ids")}
    return {**values, **lists, "key": endpoint.endpoint_id}


def _completed_values(ended: EndedAttempt, now: datetime) -> dict[str, Any]:
    return {
        "key": ended.claim.delivery_id,
        "new_state": ended.decision.state.value,
        "new_due_at": ended.decision.due_at,
        "new_finished_at": now if ended.has_ended_delivery else None,
        "failed": int(not ended.outcome.is_success),
    }


def _attempt_values(ended: EndedAttempt, position: int) -> dict[str, Any]:
    outcome = ended.outcome
    return {
        "delivery_id": ended.claim.delivery_id,
        "position": position,
        "created_at": outcome.began_at,
        "duration_ms": outcome.duration_ms,
        "status": outcome.status,
        "error": outcome.error,
        "response": outcome.response,
    }


def _endpoint(row: Row) -> WebhookEndpoint:
    values = dict(zip(_OF_ENDPOINTS, row, strict=True))
    lists = {name: tuple(json.loads(values[name])) for name in ("event_types", "client_ids")}
    return _new_endpoint(**{**values, **lists})


def _delivery(row: Row) -> WebhookDelivery:
    values = dict(zip(_OF_DELIVERIES, row, strict=True))
    return _new_delivery(**{**values, "state": DeliveryState(values["state"])})


def _claim(row: Row, now: datetime) -> Claim:
    (
        _,
        delivery_id,
        endpoint_id,
        token,
        event_id,
        payload,
        failures,
        url,
        secret,
        previous_secret,
        previous_secret_until,
    ) = row
    is_valid = previous_secret_until is not None and previous_secret_until > now
    return Claim(
        delivery_id=delivery_id,
        endpoint_id=endpoint_id,
        token=token + 1,
        event_id=event_id,
        payload=payload,
        failures=failures,
        url=url,
        secrets=(secret, previous_secret) if is_valid else (secret,),
    )
