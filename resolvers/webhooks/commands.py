"""Managing the endpoints of webhooks, and sending them events again."""

from domain.actions import Situation
from domain.errors import NotFound, ValidationFailed, Violation
from domain.sources import random_bytes
from domain.validation import require_valid
from domain.webhooks import (
    MAX_REPLAYED,
    MAX_RETRIED,
    RETRY,
    SECRET_BYTES,
    SECRET_OVERLAP,
    TEST,
    ChangeWebhookEndpoint,
    Replayed,
    ReplayWebhookDeliveries,
    RetryWebhookDeliveries,
    SaveWebhookEndpoint,
    SecretShown,
    WebhookDelivery,
    WebhookEndpoint,
    new_secret,
    new_test_delivery,
    require_endpoint_revision,
    saved_endpoint,
)
from repositories.criteria import AllOf, Comparison, Operator
from repositories.registry import EVENT_TYPES
from repositories.unit_of_work import UnitOfWork


async def save_webhook_endpoint(unit: UnitOfWork, command: SaveWebhookEndpoint) -> SecretShown:
    """A new endpoint has a secret, and gets what happens from now on.

    Raises ValidationFailed, RevisionConflict.
    """
    require_valid(command)
    _require_known(command.event_types)
    endpoint_id = command.endpoint_id or unit.new_key("endpoint")
    stored = await unit.webhooks.get_for_update(endpoint_id)
    require_endpoint_revision(stored, command.expected_revision)
    position = await unit.events.last_position() if stored is None else stored.position
    endpoint = saved_endpoint(
        command, stored, endpoint_id=endpoint_id, position=position, now=unit.now
    )
    if stored is not None:
        await unit.webhooks.update(endpoint)
        return SecretShown(endpoint=endpoint, secret=None)
    secret = _random_secret()
    await unit.webhooks.insert(endpoint, secret)
    return SecretShown(endpoint=endpoint, secret=secret)


async def rotate_webhook_secret(unit: UnitOfWork, command: ChangeWebhookEndpoint) -> SecretShown:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    endpoint = await _endpoint_of(unit, command)
    secret, now = _random_secret(), await unit.webhooks.time(unit.now)
    await unit.webhooks.rotate_secret(endpoint.endpoint_id, secret, now + SECRET_OVERLAP)
    return SecretShown(endpoint=endpoint, secret=secret)


async def delete_webhook_endpoint(
    unit: UnitOfWork, command: ChangeWebhookEndpoint
) -> WebhookEndpoint:
    """The endpoint as it was. Raises ValidationFailed, NotFound, RevisionConflict."""
    endpoint = await _endpoint_of(unit, command)
    await unit.webhooks.delete(endpoint.endpoint_id)
    return endpoint


async def send_test_event(unit: UnitOfWork, command: ChangeWebhookEndpoint) -> WebhookDelivery:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    endpoint = await _endpoint_of(unit, command)
    TEST.require(endpoint, Situation(unit.caller))
    delivery_id, event_id = unit.new_key("delivery"), unit.new_key("event")
    new = new_test_delivery(endpoint.endpoint_id, delivery_id, event_id, unit.now)
    now = await unit.webhooks.time(unit.now)
    await unit.webhooks.add(endpoint.endpoint_id, [new], now)
    return (await unit.webhooks.deliveries([delivery_id]))[delivery_id]


async def replay_webhook_deliveries(unit: UnitOfWork, command: ReplayWebhookDeliveries) -> Replayed:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    endpoint = await _endpoint_of(unit, command)
    conditions = []
    if command.delivery_ids is not None:
        conditions.append(Comparison("delivery_id", Operator.IN, command.delivery_ids))
    if command.state is not None:
        conditions.append(Comparison("state", Operator.EQ, command.state.value))
    if command.since is not None:
        conditions.append(Comparison("created_at", Operator.GTE, command.since))
    if command.until is not None:
        conditions.append(Comparison("created_at", Operator.LT, command.until))
    now = await unit.webhooks.time(unit.now)
    wanted = AllOf(tuple(conditions))
    count = await unit.webhooks.replay(endpoint.endpoint_id, wanted, MAX_REPLAYED + 1, now)
    if count > MAX_REPLAYED:
        raise ValidationFailed.at(
            "since", f"must leave at most {MAX_REPLAYED:,} deliveries, with the other conditions"
        )
    return Replayed(endpoint=endpoint, count=count)


async def retry_webhook_deliveries(unit: UnitOfWork, command: RetryWebhookDeliveries) -> Replayed:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    endpoint = await _endpoint_of(unit, command)
    RETRY.require(endpoint, Situation(unit.caller))
    wanted = None
    if command.delivery_ids is not None:
        wanted = Comparison("delivery_id", Operator.IN, command.delivery_ids)
    now = await unit.webhooks.time(unit.now)
    count = await unit.webhooks.end_pauses(endpoint.endpoint_id, wanted, MAX_RETRIED, now)
    return Replayed(endpoint=endpoint, count=count)


_OfEndpoint = ChangeWebhookEndpoint | ReplayWebhookDeliveries | RetryWebhookDeliveries


async def _endpoint_of(unit: UnitOfWork, command: _OfEndpoint) -> WebhookEndpoint:
    require_valid(command)
    endpoint = await unit.webhooks.get_for_update(command.endpoint_id)
    if endpoint is None:
        raise NotFound("webhook endpoint", "endpoint_id", command.endpoint_id)
    require_endpoint_revision(endpoint, command.expected_revision)
    return endpoint


def _require_known(event_types: tuple[str, ...]) -> None:
    unknown = [
        Violation(("event_types", index), "is not a type of events")
        for index, type_ in enumerate(event_types)
        if type_ not in EVENT_TYPES
    ]
    if unknown:
        raise ValidationFailed(unknown)


def _random_secret() -> str:
    return new_secret(random_bytes(SECRET_BYTES))
