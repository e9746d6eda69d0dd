"""Managing webhooks."""

from __future__ import annotations

from typing import Any

import strawberry

from domain.scopes import Scope
from domain.webhooks import Replayed, SecretShown
from resolvers.webhooks import commands
from schema.errors import MutationError
from schema.mutations import Payload, mutation
from schema.webhooks.inputs import (
    DeleteWebhookEndpointInput,
    ReplayWebhookDeliveriesInput,
    RotateWebhookSecretInput,
    SaveWebhookEndpointInput,
    TestWebhookEndpointInput,
)
from schema.webhooks.types import WebhookDelivery, WebhookEndpoint

_SHOWN_ONCE = (
    "The secret to verify events by. It is shown this once, and nobody can read it later; null "
    "when no secret was made."
)


def _endpoint() -> Any:
    return strawberry.field(
        description="The endpoint as it is stored now; null when `errors` says why not."
    )


@strawberry.type(description="The outcome of `saveWebhookEndpoint`.")
class SaveWebhookEndpointPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = _endpoint()
    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.type(description="The outcome of `rotateWebhookSecret`.")
class RotateWebhookSecretPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = _endpoint()
    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.type(description="The outcome of `deleteWebhookEndpoint`.")
class DeleteWebhookEndpointPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = strawberry.field(
        description="The endpoint as it was; null when `errors` says why not."
    )


@strawberry.type(description="The outcome of `testWebhookEndpoint`.")
class TestWebhookEndpointPayload(Payload):
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        description=(
            "The delivery, which is sent soon: `webhookDelivery` tells what came of it. Null when "
            "`errors` says why not."
        )
    )


@strawberry.type(description="The outcome of `replayWebhookDeliveries`.")
class ReplayWebhookDeliveriesPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = _endpoint()
    count: int | None = strawberry.field(
        description="How many deliveries are pending again; null when `errors` says why not."
    )


def _with_secret(type_: Any) -> Any:
    def payload(webhook_endpoint: SecretShown | None, errors: list[MutationError]) -> Payload:
        shown = webhook_endpoint
        made: Payload = type_(
            webhook_endpoint=shown and shown.endpoint, secret=shown and shown.secret, errors=errors
        )
        return made

    return payload


def _with_delivery(webhook_delivery: Any, errors: list[MutationError]) -> Payload:
    return TestWebhookEndpointPayload(webhook_delivery=webhook_delivery, errors=errors)


def _with_count(webhook_endpoint: Replayed | None, errors: list[MutationError]) -> Payload:
    replayed: Any = webhook_endpoint
    return ReplayWebhookDeliveriesPayload(
        webhook_endpoint=replayed and replayed.endpoint,
        count=replayed and replayed.count,
        errors=errors,
    )


def _deleted(webhook_endpoint: Any, errors: list[MutationError]) -> Payload:
    return DeleteWebhookEndpointPayload(webhook_endpoint=webhook_endpoint, errors=errors)


@strawberry.type
class WebhookMutation:
    save_webhook_endpoint: SaveWebhookEndpointPayload | None = mutation(
        "Save an endpoint of webhooks, new or in place of the stored one. A new one gets a secret, "
        "and the events that happen from now on. One that is enabled again goes on with the events "
        "that happened meanwhile.",
        _with_secret(SaveWebhookEndpointPayload),
        SaveWebhookEndpointInput,
        commands.save_webhook_endpoint,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
    rotate_webhook_secret: RotateWebhookSecretPayload | None = mutation(
        "Give an endpoint another secret. For 24 hours events are signed by the one before it, "
        "too.",
        _with_secret(RotateWebhookSecretPayload),
        RotateWebhookSecretInput,
        commands.rotate_webhook_secret,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
    test_webhook_endpoint: TestWebhookEndpointPayload | None = mutation(
        "Send an endpoint an event of the type `webhook_endpoint.tested`, which tells of no change "
        "of the pipeline.",
        _with_delivery,
        TestWebhookEndpointInput,
        commands.send_test_event,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_delivery",
    )
    replay_webhook_deliveries: ReplayWebhookDeliveriesPayload | None = mutation(
        "Send deliveries again that arrived or were given up: some, or all of a time.",
        _with_count,
        ReplayWebhookDeliveriesInput,
        commands.replay_webhook_deliveries,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
    delete_webhook_endpoint: DeleteWebhookEndpointPayload | None = mutation(
        "Delete an endpoint of webhooks with its deliveries, also those that are pending.",
        _deleted,
        DeleteWebhookEndpointInput,
        commands.delete_webhook_endpoint,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
