"""Managing webhooks."""

from __future__ import annotations

from functools import partial

import strawberry

from domain.scopes import Scope
from domain.webhooks import MAX_RETRIED
from resolvers.webhooks import commands
from schema.mutations import NULL, Payload, mutation, secret, stored, unrendered
from schema.webhooks.inputs import (
    DeleteWebhookEndpointInput,
    ReplayWebhookDeliveriesInput,
    RetryWebhookDeliveriesInput,
    RotateWebhookSecretInput,
    SaveWebhookEndpointInput,
    TestWebhookEndpointInput,
)
from schema.webhooks.types import WebhookDelivery, WebhookEndpoint

_secret = partial(secret, "The secret to verify events by.", "null when no secret was made")
_with_secret = partial(unrendered, parts={"webhook_endpoint": "endpoint", "secret": "secret"})
_with_count = partial(unrendered, parts={"webhook_endpoint": "endpoint", "count": "count"})


@strawberry.type(description="The outcome of `saveWebhookEndpoint`.")
class SaveWebhookEndpointPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = stored("endpoint")
    secret: str | None = _secret()


@strawberry.type(description="The outcome of `rotateWebhookSecret`.")
class RotateWebhookSecretPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = stored("endpoint")
    secret: str | None = _secret()


@strawberry.type(description="The outcome of `deleteWebhookEndpoint`.")
class DeleteWebhookEndpointPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = strawberry.field(
        description=f"The endpoint as it was; {NULL}."
    )


@strawberry.type(description="The outcome of `testWebhookEndpoint`.")
class TestWebhookEndpointPayload(Payload):
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        description=(
            f"The delivery, which is sent soon: `webhookDelivery` tells what came of it; {NULL}."
        )
    )


@strawberry.type(description="The outcome of `replayWebhookDeliveries`.")
class ReplayWebhookDeliveriesPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = stored("endpoint")
    count: int | None = strawberry.field(
        description=f"How many deliveries are pending again; {NULL}."
    )


@strawberry.type(description="The outcome of `retryWebhookDeliveries`.")
class RetryWebhookDeliveriesPayload(Payload):
    webhook_endpoint: WebhookEndpoint | None = stored("endpoint")
    count: int | None = strawberry.field(
        description=(
            f"How many deliveries are due now; {NULL}. Where it's {MAX_RETRIED:,} there may be "
            "more: repeat the mutation."
        )
    )


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
        unrendered(TestWebhookEndpointPayload),
        TestWebhookEndpointInput,
        commands.send_test_event,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_delivery",
    )
    replay_webhook_deliveries: ReplayWebhookDeliveriesPayload | None = mutation(
        "Send deliveries again that arrived or were given up: some, or all of a time.",
        _with_count(ReplayWebhookDeliveriesPayload),
        ReplayWebhookDeliveriesInput,
        commands.replay_webhook_deliveries,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
    retry_webhook_deliveries: RetryWebhookDeliveriesPayload | None = mutation(
        "Try deliveries again now that failed and wait for their next attempt, such as when a "
        f"receiver is back: some, or all of an endpoint, up to {MAX_RETRIED:,} at once, those that "
        "would wait for longest first. If they fail again, their pauses begin anew. Those under "
        "way aren't touched, and those that wait for an earlier one of their entity follow it.",
        _with_count(RetryWebhookDeliveriesPayload),
        RetryWebhookDeliveriesInput,
        commands.retry_webhook_deliveries,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
    delete_webhook_endpoint: DeleteWebhookEndpointPayload | None = mutation(
        "Delete an endpoint of webhooks with its deliveries, also those that are pending.",
        unrendered(DeleteWebhookEndpointPayload),
        DeleteWebhookEndpointInput,
        commands.delete_webhook_endpoint,
        scope=Scope.WEBHOOKS_ADMIN,
        outcome="webhook_endpoint",
    )
