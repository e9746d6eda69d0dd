"""A storage and what sends its webhooks, with a sender that does as it is told."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from domain.webhooks import (
    Claim,
    DeliveryState,
    Outcome,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from orchestration.webhooks import Dispatcher, Pace
from repositories.criteria import Direction, Order, PageRequest
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.support.commands import Commands
from tests.support.patience import SECONDS
from tests.support.sources import SettableClock

OLDEST_FIRST = Order("created_at", Direction.ASC)
Respond = Callable[[Claim], Outcome]


class Sent:
    """A sender that keeps what it's to send, and takes the outcome from a function."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self.respond: Respond = lambda _: build.outcome()
        self.is_closed = False

    @property
    def events(self) -> list[str]:
        return [claim.event_id for claim in self.claims]

    async def send(self, claim: Claim) -> Outcome:
        self.claims.append(claim)
        await asyncio.sleep(0)
        return self.respond(claim)

    async def close(self) -> None:
        self.is_closed = True


class System:
    """A storage, and what sends its events."""

    def __init__(self, storage: Storage, sent: Sent, clock: SettableClock) -> None:
        self.storage = storage
        self.sent = sent
        self.clock = clock
        self.repositories = storage.as_(build.caller())
        self.commands = Commands(self.repositories)
        self.dispatcher = self.another()

    def another(self, sent: Sent | None = None, **pace: Any) -> Dispatcher:
        """As another process has it."""
        sender = sent or self.sent
        return Dispatcher(
            self.storage, lambda: sender, Pace(**pace), clock=self.clock, jitter=lambda: 0
        )

    async def settle(self) -> None:
        await self.storage.sequence_events()
        await self.dispatcher.settle()

    async def endpoint(self, key: str = "endpoint-1", **changes: Any) -> None:
        position = changes.pop("position", 0)
        endpoint = build.webhook_endpoint(
            key, **{"event_types": (), "client_ids": (), "position": position, **changes}
        )
        await self.repositories.write(
            lambda unit: unit.webhooks.insert(endpoint, build.WEBHOOK_SECRET)
        )

    async def stored(self, key: str = "endpoint-1") -> WebhookEndpoint:
        async with self.repositories.read() as snapshot:
            return (await snapshot.webhooks.endpoints([key]))[key]

    async def deliveries(self) -> Sequence[WebhookDelivery]:
        async with self.repositories.read() as snapshot:
            request = PageRequest(100, OLDEST_FIRST)
            return (await snapshot.webhooks.delivery_page(request)).items

    async def attempts(self, delivery_id: str) -> Sequence[WebhookAttempt]:
        async with self.repositories.read() as snapshot:
            found = await snapshot.webhooks.attempts_by_delivery_id([delivery_id])
            return found[delivery_id]

    async def states(self) -> list[DeliveryState]:
        return [delivery.state for delivery in await self.deliveries()]

    async def attempts_end(self, dispatcher: Dispatcher | None = None) -> None:
        """Wait until all attempts that are under way have ended; nothing of them is stored."""
        async with asyncio.timeout(SECONDS):
            await asyncio.wait((dispatcher or self.dispatcher)._attempts)

    async def save(self, *keys: str, **changes: Any) -> None:
        for key in keys:
            await self.commands.save_draft(build.save_draft(draft_id=key, **changes))
