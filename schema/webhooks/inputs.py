"""What clients send about webhooks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import strawberry

from domain import webhooks
from repositories.criteria import Direction
from schema.commands import command_input, expected_revision, optional, required
from schema.descriptions import KEY, KEYS, OWN_KEY, PROSE, describe_enum
from schema.filtering import (
    ALL_HOLD,
    BooleanFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    NullableDateTimeFilter,
    NullableStringFilter,
    StringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.webhooks.enums import DeliveryState


@command_input(
    webhooks.SaveWebhookEndpoint,
    "An endpoint, whole. A stored one with this key is replaced; its secret stays.",
)
class SaveWebhookEndpointInput:
    endpoint_id: strawberry.ID | None = optional("The endpoint's key.", OWN_KEY, KEY)
    url: str = required(
        "Where events are sent: an absolute URL that begins with http or https, without "
        "user name and password; at most 2,048 characters, not blank.",
        "The server sends nothing to addresses that aren't public, unless its settings name them.",
    )
    event_types: list[str] | None = optional(
        "The types of events that it gets, such as `draft.saved`; all by default.", KEYS
    )
    client_ids: list[strawberry.ID] | None = optional(
        "It gets events of these clients alone; all events by default.", KEYS
    )
    description: str | None = optional("What it's for; empty by default.", PROSE)
    enabled: bool | None = optional("Whether events are sent; `true` by default.")
    expected_revision: int | None = expected_revision()


@command_input(webhooks.ChangeWebhookEndpoint, "Which endpoint to delete.")
class DeleteWebhookEndpointInput:
    endpoint_id: strawberry.ID = required("The endpoint that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(webhooks.ChangeWebhookEndpoint, "Which endpoint gets another secret.")
class RotateWebhookSecretInput:
    endpoint_id: strawberry.ID = required("The endpoint.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(webhooks.ChangeWebhookEndpoint, "Which endpoint gets a test event.")
class TestWebhookEndpointInput:
    endpoint_id: strawberry.ID = required("The endpoint, which has to be enabled.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(
    webhooks.ReplayWebhookDeliveries,
    "Which deliveries to send again. Those that are pending aren't touched.",
)
class ReplayWebhookDeliveriesInput:
    endpoint_id: strawberry.ID = required("The endpoint that they are of.", KEY)
    delivery_ids: list[strawberry.ID] | None = optional(
        "These deliveries; left out, all since `since`.", KEYS
    )
    state: DeliveryState | None = optional("Only those in this state.")
    since: datetime | None = optional(
        "Only those that were made at this time or later. It has to be given unless `deliveryIds` "
        "are.",
        f"All conditions together leave at most {webhooks.MAX_REPLAYED:,} deliveries; for more, "
        "repeat the mutation for one time after another.",
    )
    until: datetime | None = optional("Only those that were made before this time.")
    expected_revision: int | None = expected_revision()


@command_input(
    webhooks.RetryWebhookDeliveries,
    "Which deliveries to try again now. Those that are pending and wait for their next attempt.",
)
class RetryWebhookDeliveriesInput:
    endpoint_id: strawberry.ID = required(
        "The endpoint that they are of, which has to be enabled.", KEY
    )
    delivery_ids: list[strawberry.ID] | None = optional(
        "These deliveries; left out, all of the endpoint.", KEYS
    )
    expected_revision: int | None = expected_revision()


@strawberry.input(
    name="DeliveryStateFilter", description=f"Conditions on the state of a delivery; {ALL_HOLD}"
)
class DeliveryStateFilter(EnumFilter[DeliveryState]):
    pass


@strawberry.input(description=f"Conditions on endpoints of webhooks; {ALL_HOLD}")
class WebhookEndpointFilter:
    endpoint_id: IDFilter | None = on("endpointId")
    url: StringFilter | None = on("url")
    description: StringFilter | None = on("description")
    enabled: BooleanFilter | None = on("enabled")
    disabled_reason: NullableStringFilter | None = on("disabledReason")
    failing_since: NullableDateTimeFilter | None = on("failingSince")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[WebhookEndpointFilter] | None = all_of()
    or_: list[WebhookEndpointFilter] | None = any_of()
    not_: WebhookEndpointFilter | None = none_of()


class WebhookEndpointOrderField(StrEnum):
    ENDPOINT_ID = "endpoint_id"
    URL = "url"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    WebhookEndpointOrderField,
    "What endpoints of webhooks can be ordered by.",
    ENDPOINT_ID="By `endpointId`.",
    URL="By `url`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of endpoints of webhooks.")
class WebhookEndpointOrder:
    field: WebhookEndpointOrderField = order_field()
    direction: Direction = order_direction()


@strawberry.input(description=f"Conditions on deliveries of webhooks; {ALL_HOLD}")
class WebhookDeliveryFilter:
    delivery_id: IDFilter | None = on("deliveryId")
    endpoint_id: IDFilter | None = on("endpointId")
    event_id: IDFilter | None = on("eventId")
    event_type: StringFilter | None = on("eventType")
    entity_type: StringFilter | None = on("entityType")
    entity_key: StringFilter | None = on("entityKey")
    state: DeliveryStateFilter | None = on("state")
    attempt_count: IntFilter | None = on("attemptCount")
    due_at: NullableDateTimeFilter | None = on("dueAt")
    created_at: DateTimeFilter | None = on("createdAt")
    finished_at: NullableDateTimeFilter | None = on("finishedAt")
    and_: list[WebhookDeliveryFilter] | None = all_of()
    or_: list[WebhookDeliveryFilter] | None = any_of()
    not_: WebhookDeliveryFilter | None = none_of()


class WebhookDeliveryOrderField(StrEnum):
    DELIVERY_ID = "delivery_id"
    CREATED_AT = "created_at"


describe_enum(
    WebhookDeliveryOrderField,
    "What deliveries of webhooks can be ordered by.",
    DELIVERY_ID="By `deliveryId`.",
    CREATED_AT="By `createdAt`.",
)


@strawberry.input(description="An order of deliveries of webhooks.")
class WebhookDeliveryOrder:
    field: WebhookDeliveryOrderField = order_field()
    direction: Direction = order_direction()
