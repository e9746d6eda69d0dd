"""Reading webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from resolvers.dataloaders import ALL, Listing
from schema.connection_types import Connection
from schema.connections import FILTER, page_request
from schema.context import Info
from schema.cursors import Cursors
from schema.pagination import After, Before, First, Last
from schema.webhooks.inputs import (
    WebhookDeliveryFilter,
    WebhookDeliveryOrder,
    WebhookEndpointFilter,
    WebhookEndpointOrder,
)
from schema.webhooks.types import WebhookDelivery, WebhookEndpoint

_ORDER = "The order; newest first by default."


@dataclass(frozen=True, slots=True)
class _List:
    name: str
    key_name: str

    def page(self, listing: Listing[Any], **arguments: Any) -> Any:
        request = page_request(self, **arguments)
        cursors = Cursors(self, request.order)
        return Connection(listing=listing, key=ALL, request=request, cursors=cursors)


_ENDPOINTS = _List("WebhookEndpoint", "endpoint_id")
_DELIVERIES = _List("WebhookDelivery", "delivery_id")


async def _endpoint(
    info: Info,
    endpoint_id: Annotated[strawberry.ID, strawberry.argument(description="The endpoint's key.")],
) -> Any:
    return await info.context.loaders.webhooks.endpoint_by_id.load(endpoint_id)


async def _endpoints(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        WebhookEndpointFilter | None, strawberry.argument(description=FILTER)
    ] = UNSET,
    order_by: Annotated[
        WebhookEndpointOrder | None, strawberry.argument(description=_ORDER)
    ] = UNSET,
) -> Any:
    return _ENDPOINTS.page(
        info.context.loaders.webhooks.endpoints,
        first=first,
        after=after,
        last=last,
        before=before,
        filter=filter,
        order_by=order_by,
    )


async def _delivery(
    info: Info,
    delivery_id: Annotated[strawberry.ID, strawberry.argument(description="The delivery's key.")],
) -> Any:
    return await info.context.loaders.webhooks.delivery_by_id.load(delivery_id)


async def _deliveries(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        WebhookDeliveryFilter | None, strawberry.argument(description=FILTER)
    ] = UNSET,
    order_by: Annotated[
        WebhookDeliveryOrder | None, strawberry.argument(description=_ORDER)
    ] = UNSET,
) -> Any:
    return _DELIVERIES.page(
        info.context.loaders.webhooks.deliveries,
        first=first,
        after=after,
        last=last,
        before=before,
        filter=filter,
        order_by=order_by,
    )


@strawberry.type
class WebhookQuery:
    webhook_endpoint: WebhookEndpoint | None = strawberry.field(
        resolver=_endpoint,
        description="The endpoint of webhooks with this key; null when there is none.",
        graphql_type=WebhookEndpoint | None,
    )
    webhook_endpoints: Connection[WebhookEndpoint] = strawberry.field(
        resolver=_endpoints,
        description="All endpoints of webhooks, page by page.",
        graphql_type=Connection[WebhookEndpoint],
    )
    webhook_delivery: WebhookDelivery | None = strawberry.field(
        resolver=_delivery,
        description="The delivery of a webhook with this key; null when there is none any more.",
        graphql_type=WebhookDelivery | None,
    )
    webhook_deliveries: Connection[WebhookDelivery] = strawberry.field(
        resolver=_deliveries,
        description="All deliveries of webhooks, page by page. They are kept for some time.",
        graphql_type=Connection[WebhookDelivery],
    )
