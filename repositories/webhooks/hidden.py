"""Webhooks as a caller sees them who is bound to clients: there are none."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from domain.errors import ValidationFailed
from domain.webhooks import (
    Claim,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.criteria import Filter, Page, PageRequest


class HiddenWebhookRepository:
    """Endpoints are set up for all clients, so who is bound to some sees none, and makes none."""

    def __init__(self, session: object) -> None:
        """It needs no session."""

    async def endpoints(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        return {}

    async def endpoint_page(self, request: PageRequest) -> Page[WebhookEndpoint]:
        return Page.of(request, ())

    async def endpoint_count(self, filter: Filter | None) -> int:
        return 0

    async def behind(self, position: int) -> Sequence[str]:
        return ()

    async def deliveries(self, delivery_ids: Sequence[str]) -> Mapping[str, WebhookDelivery]:
        return {}

    async def delivery_page(self, request: PageRequest) -> Page[WebhookDelivery]:
        return Page.of(request, ())

    async def delivery_count(self, filter: Filter | None) -> int:
        return 0

    async def attempts_by_delivery_id(
        self, delivery_ids: Sequence[str]
    ) -> Mapping[str, tuple[WebhookAttempt, ...]]:
        return {}

    async def time(self, now: datetime) -> datetime:
        return now

    async def get_for_update(self, endpoint_id: str) -> WebhookEndpoint | None:
        return None

    async def lock(self, endpoint_ids: Sequence[str]) -> Mapping[str, WebhookEndpoint]:
        return {}

    async def insert(self, endpoint: WebhookEndpoint, secret: str) -> None:
        raise ValidationFailed.at(
            "client_ids", "can't be chosen by a caller who is bound to clients itself"
        )

    async def update(self, endpoint: WebhookEndpoint) -> None:
        _refuse()

    async def rotate_secret(self, endpoint_id: str, secret: str, until: datetime) -> None:
        _refuse()

    async def delete(self, endpoint_id: str) -> bool:
        return False

    async def add(self, endpoint_id: str, deliveries: Sequence[NewDelivery], now: datetime) -> None:
        _refuse()

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
        return ()

    async def complete(
        self, attempts: Sequence[EndedAttempt], now: datetime
    ) -> Sequence[EndedAttempt]:
        return ()

    async def replay(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        return 0

    async def end_pauses(
        self, endpoint_id: str, filter: Filter | None, limit: int, now: datetime
    ) -> int:
        return 0

    async def remove_finished(self, before: datetime, limit: int) -> int:
        return 0


def _refuse() -> NoReturn:
    raise RuntimeError("a caller who is bound to clients has no webhooks")
