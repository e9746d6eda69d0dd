"""Webhooks as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent

from domain import webhooks
from schema.actions import AvailableAction, available_actions
from schema.context import Info
from schema.declarations import FieldResolution
from schema.webhooks.enums import DeliveryState


@strawberry.type(
    description=(
        "A receiver that events are sent to. It has a secret to verify them by, which nobody can "
        "read."
    )
)
class WebhookEndpoint:
    endpoint_id: strawberry.ID = strawberry.field(description="The business key of the endpoint.")
    url: str = strawberry.field(description="Where events are sent.")
    event_types: list[str] = strawberry.field(
        description="The types of events that it gets, such as `draft.saved`; none: all."
    )
    client_ids: list[strawberry.ID] = strawberry.field(
        description="It gets events of these clients alone; none: all events."
    )
    description: str = strawberry.field(description="What it's for.")
    enabled: bool = strawberry.field(
        description="Whether events are sent. Those that happen meanwhile are sent later."
    )
    disabled_reason: str | None = strawberry.field(
        description="Why the server disabled it; null when it didn't."
    )
    failing_since: datetime | None = strawberry.field(
        description="When the first attempt failed since one succeeded; null: the last succeeded."
    )
    revision: int = strawberry.field(
        description="1 when first saved, one more with every change. For `expectedRevision`."
    )
    created_at: datetime = strawberry.field(description="When it was first saved.")
    updated_at: datetime = strawberry.field(description="When it was last saved, or disabled.")
    available_actions: list[AvailableAction] = available_actions(webhooks.ACTIONS)

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, webhooks.WebhookEndpoint)


@strawberry.type(description="A request that the server made to an endpoint, or tried to make.")
class WebhookAttempt:
    position: int = strawberry.field(description="Its place among all of the delivery's: 0, 1, 2 …")
    created_at: datetime = strawberry.field(description="When it began.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")
    status: int | None = strawberry.field(
        description="The HTTP status of the response; null when there was none."
    )
    error: str | None = strawberry.field(
        description="Why there was no response; null when there was one."
    )
    response: str = strawberry.field(description="The beginning of the response's body.")

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, webhooks.WebhookAttempt)


async def _all_attempts(deliveries: Sequence[Any], info: Any) -> Sequence[Any]:
    keys = [delivery.delivery_id for delivery in deliveries]
    found = await info.context.loaders.webhooks.reads.attempts_by_delivery_id(keys)
    return [found.get(key, ()) for key in keys]


async def _attempts(parent: Parent[Any], info: Info) -> Any:
    [found] = await _all_attempts([parent], info)
    return found


@strawberry.type(
    description="An event that is sent to an endpoint until it arrives, or is given up."
)
class WebhookDelivery:
    delivery_id: strawberry.ID = strawberry.field(description="The business key of the delivery.")
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint that it's sent to.")
    event_id: strawberry.ID = strawberry.field(
        description="The event, which all attempts name as `webhook-id`."
    )
    event_type: str = strawberry.field(description="The type of the event, such as `draft.saved`.")
    entity_type: str = strawberry.field(description="The type of the entity, such as `draft`.")
    entity_key: str = strawberry.field(description="The business key of the entity.")
    state: DeliveryState = strawberry.field(description="What has become of it.")
    attempt_count: int = strawberry.field(description="How many attempts were made in all.")
    due_at: datetime | None = strawberry.field(
        description=(
            "When the next attempt may begin, or the one under way has to have ended; null when it "
            "has ended, or waits for an earlier one of the same entity."
        )
    )
    created_at: datetime = strawberry.field(description="When it was made from its event.")
    finished_at: datetime | None = strawberry.field(
        description="When it arrived or was given up; null until then."
    )
    attempts: list[WebhookAttempt] = strawberry.field(
        resolver=_attempts,
        description=(
            "The attempts, in the order in which they were made. At most "
            f"{webhooks.MAX_ATTEMPTS}: a replay removes the oldest."
        ),
        graphql_type=list[WebhookAttempt],
        metadata=FieldResolution(resolve_batch=_all_attempts).metadata,
    )

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, webhooks.WebhookDelivery)
