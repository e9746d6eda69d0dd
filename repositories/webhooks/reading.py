"""Reading webhooks in the database: endpoints, deliveries and attempts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from sqlalchemy import Table, func, select

from domain.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from repositories.criteria import Filter, Page, PageRequest
from repositories.drivers.compiled import Row, Statement
from repositories.sql.criteria import (
    condition,
    page_of,
    page_shape_of,
    page_values_of,
    shape_of,
    storable,
    values_of,
)
from repositories.sql.dialects import Dialect
from repositories.webhooks.records import (
    OF_ATTEMPTS,
    OF_DELIVERIES,
    OF_ENDPOINTS,
    attempt_of,
    delivery_of,
    endpoint_of,
)
from repositories.webhooks.statements import WebhookStatements, parameter
from repositories.webhooks.tables import webhook_attempts, webhook_deliveries, webhook_endpoints

_NAMES: Final = {
    webhook_endpoints: ("endpoint_id", OF_ENDPOINTS),
    webhook_deliveries: ("delivery_id", OF_DELIVERIES),
}
"""The key of each table, and what records have of it."""


class DatabaseWebhookReads(WebhookStatements):
    """Webhooks as one session's transaction sees them."""

    async def endpoints(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        rows = await self._by_key(webhook_endpoints, endpoint_ids)
        return {it.endpoint_id: it for it in map(endpoint_of, rows)}

    async def endpoint_page(self, request: PageRequest) -> Page[WebhookEndpoint]:
        rows = await self._page(webhook_endpoints, request)
        return Page.of(request, map(endpoint_of, rows))

    async def endpoint_count(self, filter: Filter | None) -> int:
        return await self._count(webhook_endpoints, filter)

    async def behind(self, position: int) -> Sequence[str]:
        rows = await self._session.rows(_behind(self._session.dialect), {"position": position})
        return [key for (key,) in rows]

    async def deliveries(self, delivery_ids: Sequence[str]) -> Mapping[str, WebhookDelivery]:
        rows = await self._by_key(webhook_deliveries, delivery_ids)
        return {it.delivery_id: it for it in map(delivery_of, rows)}

    async def delivery_page(self, request: PageRequest) -> Page[WebhookDelivery]:
        rows = await self._page(webhook_deliveries, request)
        return Page.of(request, map(delivery_of, rows))

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
            found[delivery_id].append(attempt_of(values))
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
def _behind(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    found = select(them.endpoint_id).where(
        them.enabled.is_(True), them.position < parameter("position", them.position)
    )
    return dialect.compile(found.order_by(them.endpoint_id))


@cache
def _attempts(dialect: Dialect) -> Statement:
    them = webhook_attempts.c
    found = select(them.delivery_id, *(them[name] for name in OF_ATTEMPTS)).where(
        dialect.among(them.delivery_id, "keys")
    )
    return dialect.compile(found.order_by(them.delivery_id, them.position))
