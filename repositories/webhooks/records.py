"""Rows of webhooks as records, and what becomes rows as the values of their columns."""

import json
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from domain.json_object import dumps
from domain.webhooks import (
    Claim,
    DeliveryState,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.drivers.compiled import Row
from repositories.records import constructor
from repositories.webhooks.tables import webhook_deliveries, webhook_endpoints

SECRET: Final = ("secret", "previous_secret", "previous_secret_until")
OF_ENDPOINTS: Final = tuple(
    column.name for column in webhook_endpoints.columns if column.name not in ("id", *SECRET)
)
OF_DELIVERIES: Final = tuple(
    column.name
    for column in webhook_deliveries.columns
    if column.name not in ("id", "payload", "token", "failures", "leased_until")
)
_OF_NEW: Final = tuple(field.name for field in fields(NewDelivery))
OF_NEW_DELIVERIES: Final = (*_OF_NEW, "endpoint_id", "created_at")
OF_CLAIMS: Final = (
    "id",
    "delivery_id",
    "endpoint_id",
    "token",
    "event_id",
    "payload",
    "failures",
)
OF_ATTEMPTS: Final = ("position", "created_at", "duration_ms", "status", "error", "response")

_new_endpoint = constructor(WebhookEndpoint)
_new_delivery = constructor(WebhookDelivery)


def endpoint_of(row: Row) -> WebhookEndpoint:
    """Of the columns OF_ENDPOINTS."""
    values = dict(zip(OF_ENDPOINTS, row, strict=True))
    lists = {name: tuple(json.loads(values[name])) for name in ("event_types", "client_ids")}
    return _new_endpoint(**{**values, **lists})


def delivery_of(row: Row) -> WebhookDelivery:
    """Of the columns OF_DELIVERIES."""
    values = dict(zip(OF_DELIVERIES, row, strict=True))
    return _new_delivery(**{**values, "state": DeliveryState(values["state"])})


def attempt_of(row: Row) -> WebhookAttempt:
    """Of the columns OF_ATTEMPTS."""
    return WebhookAttempt(**dict(zip(OF_ATTEMPTS, row, strict=True)))


def claim_of(row: Row, now: datetime) -> Claim:
    """Of the columns OF_CLAIMS of a delivery before it's taken, its endpoint's URL, and SECRET."""
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


def endpoint_values(endpoint: WebhookEndpoint) -> dict[str, Any]:
    values = {name: getattr(endpoint, name) for name in OF_ENDPOINTS}
    lists = {name: dumps(values[name]) for name in ("event_types", "client_ids")}
    return {**values, **lists, "key": endpoint.endpoint_id}


def new_delivery_values(new: NewDelivery, endpoint_id: str, now: datetime) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in _OF_NEW}
    return {**values, "endpoint_id": endpoint_id, "created_at": now}


def completed_values(ended: EndedAttempt, now: datetime) -> dict[str, Any]:
    """What an attempt makes of its delivery."""
    return {
        "key": ended.claim.delivery_id,
        "new_state": ended.decision.state.value,
        "new_due_at": ended.decision.due_at,
        "new_finished_at": now if ended.has_ended_delivery else None,
        "failed": int(not ended.outcome.is_success),
    }


def attempt_values(ended: EndedAttempt, position: int) -> dict[str, Any]:
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
