"""Changing endpoints in the database, and locking them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, delete, select, update

from domain.validation import unstorable
from domain.webhooks import WebhookEndpoint
from repositories.drivers.compiled import Statement
from repositories.sql.criteria import storable
from repositories.sql.dialects import Dialect
from repositories.webhooks.records import OF_ENDPOINTS, endpoint_of, endpoint_values
from repositories.webhooks.statements import WebhookStatements, equal, insertion, parameter
from repositories.webhooks.tables import webhook_endpoints


class DatabaseEndpoints(WebhookStatements):
    """Endpoints, for those who change them or what belongs to them."""

    async def get_for_update(self, endpoint_id: str) -> WebhookEndpoint | None:
        if unstorable(endpoint_id):
            return None
        statement = _for_update(self._session.dialect)
        rows = await self._session.rows(statement, {"endpoint_id": endpoint_id})
        return endpoint_of(rows[0]) if rows else None

    async def lock(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        statement = _lock(self._session.dialect)
        rows = await self._session.rows(statement, {"keys": storable(endpoint_ids)})
        return {it.endpoint_id: it for it in map(endpoint_of, rows)}

    async def insert(self, endpoint: WebhookEndpoint, secret: str) -> None:
        values = {**endpoint_values(endpoint), "secret": secret}
        await self._session.rows(_insert_endpoint(self._session.dialect), values)

    async def update(self, endpoint: WebhookEndpoint) -> None:
        values = endpoint_values(endpoint)
        await self._session.rows(_update_endpoint(self._session.dialect), values)

    async def rotate_secret(self, endpoint_id: str, secret: str, until: datetime) -> None:
        values = {"key": endpoint_id, "new_secret": secret, "until": until}
        await self._session.rows(_rotate_secret(self._session.dialect), values)

    async def delete(self, endpoint_id: str) -> bool:
        if unstorable(endpoint_id):
            return False
        statement = _delete_endpoint(self._session.dialect)
        return bool(await self._session.rows(statement, {"endpoint_id": endpoint_id}))


@cache
def _for_update(dialect: Dialect) -> Statement:
    found = _endpoints().where(*equal(webhook_endpoints, "endpoint_id"))
    return dialect.compile(found.with_for_update())


@cache
def _lock(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    found = _endpoints().where(dialect.among(them.endpoint_id, "keys"))
    return dialect.compile(found.with_for_update(skip_locked=True))


def _endpoints() -> Select[Any]:
    return select(*(webhook_endpoints.c[name] for name in OF_ENDPOINTS))


@cache
def _insert_endpoint(dialect: Dialect) -> Statement:
    return insertion(webhook_endpoints, (*OF_ENDPOINTS, "secret"), dialect)


@cache
def _update_endpoint(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    changed = {name: parameter(name, them[name]) for name in OF_ENDPOINTS if name != "endpoint_id"}
    # A parameter in WHERE can't have the name of a column that is set.
    found = update(webhook_endpoints).where(them.endpoint_id == parameter("key", them.endpoint_id))
    return dialect.compile(found.values(changed))


@cache
def _rotate_secret(dialect: Dialect) -> Statement:
    them = webhook_endpoints.c
    changed = update(webhook_endpoints).values(
        secret=parameter("new_secret", them.secret),
        previous_secret=them.secret,
        previous_secret_until=parameter("until", them.previous_secret_until),
    )
    return dialect.compile(changed.where(them.endpoint_id == parameter("key", them.endpoint_id)))


@cache
def _delete_endpoint(dialect: Dialect) -> Statement:
    removed = delete(webhook_endpoints).where(*equal(webhook_endpoints, "endpoint_id"))
    return dialect.compile(removed.returning(webhook_endpoints.c.id))
