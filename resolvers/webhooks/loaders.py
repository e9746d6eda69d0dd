"""Reading endpoints of webhooks, and their deliveries."""

from domain.webhooks import WebhookDelivery, WebhookEndpoint
from repositories.lazy import lazy
from repositories.webhooks.contract import WebhookReads
from resolvers.dataloaders import Listing, listing_of_all


class WebhookLoaders:
    """The lists, and the reads by keys."""

    def __init__(self, reads: WebhookReads) -> None:
        self.reads = reads

    @lazy
    def endpoints(self) -> Listing[WebhookEndpoint]:
        return listing_of_all(self.reads.endpoint_page, self.reads.endpoint_count)

    @lazy
    def deliveries(self) -> Listing[WebhookDelivery]:
        return listing_of_all(self.reads.delivery_page, self.reads.delivery_count)
