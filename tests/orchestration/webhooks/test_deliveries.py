"""Events become deliveries, for those endpoints that ask for them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.history import Event
from domain.webhooks import DeliveryState, NewDelivery
from orchestration import payloads, webhooks
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.webhooks.database import DatabaseWebhookRepository
from repositories.webhooks.memory import MemoryWebhookRepository
from tests import builders as build
from tests.support.sources import SettableClock
from tests.support.webhook_system import Sent, System

# From the log


async def test_every_event_is_sent_to_every_endpoint(system: System) -> None:
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a", "b")

    await system.settle()

    to = defaultdict(list)
    for claim in system.sent.claims:
        to[claim.endpoint_id].append(claim.event_id)
    assert to == {"one": ["event-new-1", "event-new-2"], "two": ["event-new-1", "event-new-2"]}
    assert await system.states() == [DeliveryState.DELIVERED] * 4


async def test_an_endpoint_gets_the_types_of_events_that_it_asks_for(system: System) -> None:
    await system.endpoint(event_types=("draft.deleted", "campaign.saved"))
    await system.save("a")
    await system.commands.save_campaign(build.save_campaign())
    await system.commands.delete(build.delete("draft_id", "a"))

    await system.settle()

    assert system.sent.events == ["event-new-2", "event-new-3"]


async def test_an_endpoint_gets_what_comes_after_its_position(system: System) -> None:
    await system.save("a", "b")
    await system.endpoint(position=1)

    await system.settle()

    assert system.sent.events == ["event-new-2"]


async def test_nothing_becomes_a_delivery_twice(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    await system.settle()

    await system.settle()
    await system.save("b")
    await system.settle()

    assert system.sent.events == ["event-new-1", "event-new-2"]


async def test_many_events_become_deliveries_page_by_page(system: System) -> None:
    await system.endpoint()
    await system.save(*(f"draft-{number}" for number in range(120)))

    await system.settle()

    assert sorted(system.sent.events) == sorted(f"event-new-{n}" for n in range(1, 121))
    assert (await system.stored()).position == 120


async def test_an_endpoint_that_is_disabled_misses_nothing(system: System) -> None:
    await system.endpoint(enabled=False)
    await system.save("a")
    await system.settle()
    assert await system.deliveries() == ()

    stored = await system.stored()
    await system.repositories.write(
        lambda unit: unit.webhooks.update(replace(stored, enabled=True))
    )
    await system.settle()

    assert system.sent.events == ["event-new-1"]


# Large events


async def test_requests_have_their_turn_between_large_payloads(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = [0]

    def count() -> None:
        turns[0] += 1
        asyncio.get_running_loop().call_soon(count)

    def delivery_of(event: Event, delivery_id: str) -> NewDelivery:
        seen.append(turns[0])
        return payloads.delivery_of(event, delivery_id)

    seen: list[int] = []
    monkeypatch.setattr(webhooks, "delivery_of", delivery_of)
    await system.endpoint()
    for body in ("short", "short", "x" * 200_000, "x" * 200_000, "short"):
        await system.save("a", body=body)
    await system.storage.sequence_events()
    count()

    await system.dispatcher.plan()

    assert len(set(seen[:4])) == 1
    assert seen[4] > seen[3]


async def test_events_of_large_entities_become_deliveries_one_by_one(
    database: Database, sent: Sent, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = System(create_storage(PersistenceMode.DB, database), sent, clock)
    monkeypatch.setattr(webhooks, "_STATES_AT_ONCE", 10_000)
    made: list[int] = []

    def add(them: Any) -> Any:
        real = them.add

        async def count(it: Any, endpoint_id: str, new: Sequence[NewDelivery], now: Any) -> None:
            made.append(len(new))
            await real(it, endpoint_id, new, now)

        return count

    for repository in (DatabaseWebhookRepository, MemoryWebhookRepository):
        monkeypatch.setattr(repository, "add", add(repository))
    await system.endpoint()
    for size in (1, 1, 9_000, 9_000, 20_000, 1, 1):
        await system.save("a", body="x" * size)

    await system.settle()

    assert (sum(made), made[0]) == (7, 1)
    assert await system.states() == [DeliveryState.DELIVERED] * 7


# Retention


async def test_deliveries_are_removed_when_they_ended_long_ago(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    await system.settle()
    system.clock.move(days=29)
    await system.another().settle()
    assert len(await system.deliveries()) == 1

    system.clock.move(days=1, seconds=1)
    await system.another().settle()

    assert await system.deliveries() == ()
