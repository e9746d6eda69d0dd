"""Reading webhooks."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain import webhooks
from domain.scopes import Scope
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import record_connection
from schema.cursors import ListedRecords
from schema.lookups import FoundRecord, record_lookup
from schema.webhooks.types import WebhookDelivery, WebhookEndpoint


def _endpoint(
    loaders: Loaders,
    endpoint_id: Annotated[strawberry.ID, strawberry.argument(description="The endpoint's key.")],
) -> FoundRecord:
    return loaders.webhooks.endpoint_by_id, endpoint_id


def _delivery(
    loaders: Loaders,
    delivery_id: Annotated[strawberry.ID, strawberry.argument(description="The delivery's key.")],
) -> FoundRecord:
    return loaders.webhooks.delivery_by_id, delivery_id


@strawberry.type
class WebhookQuery:
    webhook_endpoint: WebhookEndpoint | None = record_lookup(
        _endpoint,
        "The endpoint of webhooks with this key; null when there is none.",
        Scope.WEBHOOKS_ADMIN,
    )
    webhook_endpoints: Connection[WebhookEndpoint] = record_connection(
        ListedRecords(webhooks.WebhookEndpoint, "endpoint_id"),
        lambda loaders: loaders.webhooks.endpoints,
        Scope.WEBHOOKS_ADMIN,
        "All endpoints of webhooks, page by page.",
    )
    webhook_delivery: WebhookDelivery | None = record_lookup(
        _delivery,
        "The delivery of a webhook with this key; null when there is none any more.",
        Scope.WEBHOOKS_ADMIN,
    )
    webhook_deliveries: Connection[WebhookDelivery] = record_connection(
        ListedRecords(webhooks.WebhookDelivery, "delivery_id"),
        lambda loaders: loaders.webhooks.deliveries,
        Scope.WEBHOOKS_ADMIN,
        "All deliveries of webhooks, page by page. They are kept for some time.",
    )
