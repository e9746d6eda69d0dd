"""What webhooks promise about endpoints, deliveries and attempts.

Of the pending deliveries to an endpoint that are about one entity, exactly one is due, or leased:
the earliest one that was pending when no other was. The others wait until it has ended.

Methods that take `now` take the time that `time` gave in the same unit of work.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.webhooks import (
    Claim,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.criteria import Filter, Page, PageRequest


class WebhookReads(Protocol):
    """Reading what there is. Secrets can't be read."""

    async def endpoints(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        """By key; keys that aren't stored are left out."""
        ...

    async def endpoint_page(self, request: PageRequest) -> Page[WebhookEndpoint]:
        """A page of all endpoints."""
        ...

    async def endpoint_count(self, filter: Filter | None) -> int:
        """How many endpoints match."""
        ...

    async def behind(self, position: int) -> Sequence[str]:
        """The keys of enabled endpoints whose position is before this one, in the keys' order."""
        ...

    async def deliveries(self, delivery_ids: Sequence[str]) -> Mapping[str, WebhookDelivery]:
        """By key; keys that aren't stored are left out."""
        ...

    async def delivery_page(self, request: PageRequest) -> Page[WebhookDelivery]:
        """A page of all deliveries."""
        ...

    async def delivery_count(self, filter: Filter | None) -> int:
        """How many deliveries match."""
        ...

    async def attempts_by_delivery_id(
        self, delivery_ids: Sequence[str]
    ) -> Mapping[str, tuple[WebhookAttempt, ...]]:
        """In the order in which they were made; deliveries without any are left out."""
        ...


class WebhookRepository(WebhookReads, Protocol):
    """Reading and writing, inside a unit of work."""

    async def time(self, now: datetime) -> datetime:
        """The present time: PostgreSQL's, since several servers may share it, or else `now`."""
        ...

    async def get_for_update(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint, which nobody else changes before this unit of work ends."""
        ...

    async def lock(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        """Those of the endpoints that nobody else has locked, for update.

        Nobody is waited for: those that are locked are left out, as those that aren't stored.
        """
        ...

    async def insert(self, endpoint: WebhookEndpoint, secret: str) -> None:
        """Store a new endpoint. Raises WriteConflict where its key is taken."""
        ...

    async def update(self, endpoint: WebhookEndpoint) -> None:
        """Replace the stored endpoint, which this unit of work got for update."""
        ...

    async def rotate_secret(self, endpoint_id: str, secret: str, until: datetime) -> None:
        """Sign by the new secret, and until then by the one before it, too."""
        ...

    async def delete(self, endpoint_id: str) -> bool:
        """Remove the endpoint with its deliveries; False when it isn't there."""
        ...

    async def add(self, endpoint_id: str, deliveries: Sequence[NewDelivery], now: datetime) -> None:
        """Deliveries to an endpoint, which this unit of work got for update, in their order."""
        ...

    async def claim(
        self,
        limit: int,
        lease: timedelta,
        now: datetime,
        *,
        of_each: int | None = None,
        only: Sequence[str] | None = None,
        excluded: Sequence[str] = (),
    ) -> Sequence[Claim]:
        """Up to `limit` deliveries that are due, those that are so for longest first.

        `of_each` endpoint so many are taken at most; None: `limit`. They are due again when the
        lease ends, unless `complete` was called before. Those to endpoints that are disabled,
        `excluded`, or not among `only`, and those that others claim at this time aren't among them.
        """
        ...

    async def complete(
        self, attempts: Sequence[EndedAttempt], now: datetime
    ) -> Sequence[EndedAttempt]:
        """Keep attempts and what they led to; those that were kept.

        This unit of work got their endpoints for update. An attempt isn't kept where somebody has
        claimed the delivery since, where it was kept before, or where the delivery is gone. A
        delivery that has ended lets the next one of its entity be due.
        """
        ...

    async def replay(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        """Make up to `limit` of those deliveries that have ended pending again; how many it were.

        Of the attempts of each the newest MAX_ATTEMPTS_BEFORE are kept. This unit of work got the
        endpoint for update.
        """
        ...

    async def end_pauses(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        """Make up to `limit` pending deliveries that wait to be tried again due; how many it were.

        Of those that match the ones that would wait for longest. None that somebody attempts at
        this time is among them: two attempts at once could reach the receiver in any order. They
        begin anew, as by a replay. This unit of work got the endpoint for update.
        """
        ...

    async def remove_finished(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` deliveries that ended before this time; how many it were."""
        ...
