"""Reading endpoints of webhooks, and their deliveries."""

from collections.abc import Mapping, Sequence

from domain.webhooks import WebhookDelivery, WebhookEndpoint
from repositories.lazy import lazy
from repositories.webhooks.contract import WebhookReads
from resolvers.dataloaders import DataLoader, Listing, listing_of_all


class WebhookLoaders:
    """The lists, and the reads by keys."""

    def __init__(self, reads: WebhookReads) -> None:
        self.reads = reads

    @lazy
    def endpoint_by_id(self) -> DataLoader[str, WebhookEndpoint | None]:
        return DataLoader(self._endpoints_by_id)

    @lazy
    def delivery_by_id(self) -> DataLoader[str, WebhookDelivery | None]:
        return DataLoader(self._deliveries_by_id)

    async def _endpoints_by_id(self, ids: Sequence[str]) -> Mapping[str, WebhookEndpoint | None]:
        return dict.fromkeys(ids) | dict(await self.reads.endpoints(ids))

    async def _deliveries_by_id(self, ids: Sequence[str]) -> Mapping[str, WebhookDelivery | None]:
        return dict.fromkeys(ids) | dict(await self.reads.deliveries(ids))

    @lazy
    def endpoints(self) -> Listing[WebhookEndpoint]:
        return listing_of_all(self.reads.endpoint_page, self.reads.endpoint_count)

    @lazy
    def deliveries(self) -> Listing[WebhookDelivery]:
        return listing_of_all(self.reads.delivery_page, self.reads.delivery_count)
