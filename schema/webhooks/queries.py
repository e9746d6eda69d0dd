"""Reading webhooks."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from domain import webhooks
from domain.scopes import Scope
from schema.connection_types import Connection
from schema.connections import record_connection
from schema.context import Info
from schema.cursors import ListedRecords
from schema.scopes import field_of, for_scope
from schema.webhooks.types import WebhookDelivery, WebhookEndpoint


async def _endpoint(
    info: Info,
    endpoint_id: Annotated[strawberry.ID, strawberry.argument(description="The endpoint's key.")],
) -> Any:
    return await info.context.loaders.webhooks.endpoint_by_id.load(endpoint_id)


async def _delivery(
    info: Info,
    delivery_id: Annotated[strawberry.ID, strawberry.argument(description="The delivery's key.")],
) -> Any:
    return await info.context.loaders.webhooks.delivery_by_id.load(delivery_id)


@strawberry.type
class WebhookQuery:
    webhook_endpoint: WebhookEndpoint | None = field_of(
        for_scope(
            Scope.WEBHOOKS_ADMIN,
            "The endpoint of webhooks with this key; null when there is none.",
        ),
        resolver=_endpoint,
        graphql_type=WebhookEndpoint | None,
    )
    webhook_endpoints: Connection[WebhookEndpoint] = record_connection(
        ListedRecords(webhooks.WebhookEndpoint, "endpoint_id"),
        lambda loaders: loaders.webhooks.endpoints,
        Scope.WEBHOOKS_ADMIN,
        "All endpoints of webhooks, page by page.",
    )
    webhook_delivery: WebhookDelivery | None = field_of(
        for_scope(
            Scope.WEBHOOKS_ADMIN,
            "The delivery of a webhook with this key; null when there is none any more.",
        ),
        resolver=_delivery,
        graphql_type=WebhookDelivery | None,
    )
    webhook_deliveries: Connection[WebhookDelivery] = record_connection(
        ListedRecords(webhooks.WebhookDelivery, "delivery_id"),
        lambda loaders: loaders.webhooks.deliveries,
        Scope.WEBHOOKS_ADMIN,
        "All deliveries of webhooks, page by page. They are kept for some time.",
    )
