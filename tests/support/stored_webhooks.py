"""Endpoints and deliveries in a storage."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from domain.webhooks import (
    Claim,
    Decision,
    DeliveryState,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.criteria import Comparison
from repositories.unit_of_work import Repositories
from repositories.webhooks.contract import WebhookRepository
from tests import builders as build
from tests.support.sources import START

T = TypeVar("T")
LEASE = timedelta(seconds=60)
SOON = START + timedelta(seconds=1)
DELIVERED = Decision(state=DeliveryState.DELIVERED, due_at=None)
GIVEN_UP = Decision(state=DeliveryState.FAILED, due_at=None)


class Webhooks:
    """Each call is a unit of work of its own."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    async def do(self, work: Callable[[WebhookRepository], Awaitable[T]]) -> T:
        return await self._repositories.write(lambda unit: work(unit.webhooks))

    async def insert(self, endpoint: WebhookEndpoint, secret: str = build.WEBHOOK_SECRET) -> None:
        await self.do(lambda them: them.insert(endpoint, secret))

    async def add(self, *new: NewDelivery, to: str = "endpoint-1") -> None:
        await self.do(lambda them: them.add(to, new, START))

    async def claim(
        self,
        limit: int = 100,
        now: datetime = SOON,
        **which: Any,
    ) -> Sequence[Claim]:
        return await self.do(lambda them: them.claim(limit, LEASE, now, **which))

    async def complete(
        self, claim: Claim, decision: Decision = DELIVERED, now: datetime = SOON, **outcome: Any
    ) -> bool:
        ended = EndedAttempt(claim=claim, outcome=build.outcome(**outcome), decision=decision)
        return bool(await self.complete_all(ended, now=now))

    async def complete_all(
        self, *ended: EndedAttempt, now: datetime = SOON
    ) -> Sequence[EndedAttempt]:
        return await self.do(lambda them: them.complete(ended, now))

    async def replay(
        self, filter: Comparison | None = None, to: str = "endpoint-1", limit: int = 100
    ) -> int:
        return await self.do(lambda them: them.replay(to, filter, limit, SOON))

    async def end_pauses(
        self, filter: Comparison | None = None, to: str = "endpoint-1", limit: int = 100
    ) -> int:
        return await self.do(lambda them: them.end_pauses(to, filter, limit, SOON))

    async def endpoint(self, key: str = "endpoint-1") -> WebhookEndpoint | None:
        async with self._repositories.read() as snapshot:
            return (await snapshot.webhooks.endpoints([key])).get(key)

    async def delivery(self, key: str = "delivery-1") -> WebhookDelivery:
        async with self._repositories.read() as snapshot:
            return (await snapshot.webhooks.deliveries([key]))[key]

    async def attempts(self, key: str = "delivery-1") -> Sequence[WebhookAttempt]:
        async with self._repositories.read() as snapshot:
            return (await snapshot.webhooks.attempts_by_delivery_id([key])).get(key, ())


def keys(claims: Sequence[Claim]) -> list[str]:
    return [claim.delivery_id for claim in claims]


def of(entity_key: str, number: int) -> NewDelivery:
    return build.new_delivery(number, entity_key=entity_key)


def ended(claim: Claim, decision: Decision = DELIVERED, **outcome: Any) -> EndedAttempt:
    return EndedAttempt(claim=claim, outcome=build.outcome(**outcome), decision=decision)


async def fail_all(webhooks: Webhooks, *pauses: int) -> None:
    """What is due fails, and is to be tried again after so many hours."""
    for claim, hours in zip(await webhooks.claim(), pauses, strict=True):
        due_at = SOON + timedelta(hours=hours)
        again = Decision(state=DeliveryState.PENDING, due_at=due_at)
        assert await webhooks.complete(claim, again, status=500)
