"""Events become deliveries, and deliveries are attempted until they arrive or are given up."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import TimedOut, Unavailable
from domain.history import Event
from domain.webhooks import (
    PAUSES,
    Claim,
    DeliveryState,
    NewDelivery,
    Outcome,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from orchestration import payloads, webhooks
from orchestration.webhooks import Dispatcher, Pace
from repositories.criteria import Direction, Order, PageRequest
from repositories.deadlines import set_deadline
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from repositories.webhooks.database import DatabaseWebhookRepository
from repositories.webhooks.memory import MemoryWebhookRepository
from server.settings import load_settings
from server.webhooks import sending_webhooks
from tests import builders as build
from tests.support.commands import Commands
from tests.support.patience import SECONDS
from tests.support.sources import START, SettableClock

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


@pytest.fixture
def sent() -> Sent:
    return Sent()


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


@pytest.fixture
def system(storage: Storage, sent: Sent, clock: SettableClock) -> System:
    return System(storage, sent, clock)


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


# Attempts


async def test_what_fails_is_tried_again_after_a_pause(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    system.sent.respond = lambda _: build.outcome(500)
    await system.settle()
    assert await system.states() == [DeliveryState.PENDING]
    assert (await system.stored()).failing_since == START

    system.clock.move(seconds=PAUSES[0].total_seconds() - 0.001)
    await system.settle()
    assert len(system.sent.claims) == 1
    system.clock.move(seconds=0.001)
    system.sent.respond = lambda _: build.outcome(200)
    await system.settle()

    assert system.sent.events == ["event-new-1", "event-new-1"]
    assert await system.states() == [DeliveryState.DELIVERED]
    assert (await system.stored()).failing_since is None


async def test_what_always_fails_is_given_up_after_all_pauses(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    system.sent.respond = lambda _: build.outcome(None, error="no connection")

    for pause in PAUSES:
        await system.settle()
        system.clock.move(seconds=pause.total_seconds())
    await system.settle()

    [delivery] = await system.deliveries()
    assert delivery.state is DeliveryState.FAILED
    assert delivery.attempt_count == len(system.sent.claims) == len(PAUSES) + 1


async def test_an_entity_that_fails_keeps_its_later_events_and_no_others(system: System) -> None:
    await system.endpoint()
    await system.save("a", "b", "a", "b")
    system.sent.respond = lambda claim: build.outcome(500 if '"key":"a"' in claim.payload else 200)

    await system.settle()

    assert system.sent.events == ["event-new-1", "event-new-2", "event-new-4"]
    system.sent.respond = lambda _: build.outcome(200)
    system.clock.move(days=1)
    await system.settle()
    assert system.sent.events[3:] == ["event-new-1", "event-new-3"]


async def test_an_endpoint_that_is_gone_gets_nothing_more(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    system.sent.respond = lambda _: build.outcome(410)
    await system.settle()

    await system.save("b")
    await system.settle()

    assert len(system.sent.claims) == 1
    stored = await system.stored()
    assert (stored.enabled, stored.revision) == (False, 2)
    assert stored.disabled_reason == "The receiver answered with the status 410 (Gone)."


async def test_one_endpoint_does_not_take_all_attempts(system: System) -> None:
    for key in ("one", "two"):
        await system.endpoint(key)
    await system.save(*(f"draft-{number}" for number in range(6)))
    await system.storage.sequence_events()
    dispatcher = system.another(concurrency=4, per_endpoint=2)

    await dispatcher.plan()
    while await dispatcher.claim():
        pass
    first = {claim.endpoint_id for claim in dispatcher.under_way}
    await dispatcher.settle()

    assert first == {"one", "two"}
    assert len(system.sent.claims) == 12


# Several processes, and their ends


async def test_processes_share_the_work(system: System) -> None:
    await system.endpoint()
    await system.save(*(f"draft-{number}" for number in range(30)))
    await system.storage.sequence_events()
    other = Sent()

    async with asyncio.TaskGroup() as group:
        group.create_task(system.dispatcher.settle())
        group.create_task(system.another(other).settle())

    assert sorted(system.sent.events + other.events) == sorted(
        f"event-new-{number}" for number in range(1, 31)
    )


async def test_what_a_process_leaves_behind_is_taken_over(system: System) -> None:
    await system.endpoint()
    await system.save("a", "a")
    await system.storage.sequence_events()
    killed = system.another(Sent(), lease=60)
    await killed.plan()
    await killed.claim()

    await system.settle()
    assert system.sent.events == []
    system.clock.move(seconds=60)
    await system.settle()
    assert system.sent.events == ["event-new-1", "event-new-2"]

    # It wasn't killed after all, and comes too late.
    await killed.settle()
    assert [delivery.attempt_count for delivery in await system.deliveries()] == [1, 1]


async def test_a_process_that_ends_stores_what_its_attempts_have_led_to(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Sent):
        async def send(self, claim: Claim) -> Outcome:
            begun.set()
            await go_on.wait()
            return await super().send(claim)

    slow = Slow()
    dispatcher = system.another(slow)
    running = asyncio.create_task(dispatcher.run())
    await begun.wait()

    dispatcher.stop()
    asyncio.get_running_loop().call_soon(go_on.set)
    await running

    assert slow.is_closed
    assert await system.states() == [DeliveryState.DELIVERED]


class Turns:
    """Fails at each turn of making deliveries, and stops after some."""

    def __init__(self, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
        self._dispatcher = dispatcher
        self.error: Exception = Unavailable("There is no database.")
        self.last = 1
        self.count = 0
        monkeypatch.setattr(dispatcher, "plan", self._turn)

    async def _turn(self) -> bool:
        self.count += 1
        if self.count == self.last:
            self._dispatcher.stop()
        raise self.error


async def test_an_outage_is_told_once_and_survived(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = system.another(poll=0)
    turns = Turns(dispatcher, monkeypatch)
    turns.last = 5

    await dispatcher.run()

    assert caplog.messages == ["webhooks have to wait: There is no database."]
    assert turns.count == 5


async def test_a_bug_does_not_end_all_deliveries(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = system.another(poll=0)
    turns = Turns(dispatcher, monkeypatch)
    turns.error, turns.last = KeyError("bug"), 2

    await dispatcher.run()

    assert caplog.messages == ["unexpected error of webhooks"] * 2


async def test_an_outage_may_last(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    dispatcher = system.another(poll=0.0)
    turns = Turns(dispatcher, monkeypatch)
    turns.last = 1_100

    await dispatcher.run()

    assert turns.count == 1_100


async def test_an_attempt_that_a_bug_ends_has_failed_and_others_go_on(
    system: System, caplog: pytest.LogCaptureFixture
) -> None:
    await system.endpoint()
    await system.save("a", "b")

    def respond(claim: Claim) -> Outcome:
        if '"key":"a"' in claim.payload:
            raise KeyError("bug")
        return build.outcome()

    system.sent.respond = respond
    await system.settle()

    assert caplog.messages == ["unexpected error of an attempt"]
    assert await system.states() == [DeliveryState.PENDING, DeliveryState.DELIVERED]
    [attempt] = await system.attempts("delivery-new-1")
    assert (attempt.status, attempt.error) == (None, "The server failed to make the attempt.")


class Locks:
    """Changes what locking an endpoint does: it fails, waits, or finds that another has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def fail(self, endpoint_id: str) -> None:
        async def fail() -> bool:
            raise TimedOut

        self._meet(endpoint_id, fail)

    def are_taken(self, endpoint_id: str) -> None:
        async def is_free() -> bool:
            return False

        self._meet(endpoint_id, is_free)

    def stop(self) -> None:
        self._patch.undo()

    def _meet(self, endpoint_id: str, is_free: Callable[[], Awaitable[bool]]) -> None:
        for repository in (DatabaseWebhookRepository, MemoryWebhookRepository):
            self._patch.setattr(repository, "lock", _met(repository.lock, endpoint_id, is_free))


def _met(lock: Any, met: str, is_free: Callable[[], Awaitable[bool]]) -> Any:
    async def lock_others(it: Any, endpoint_ids: Sequence[str]) -> Any:
        if met not in endpoint_ids or await is_free():
            return await lock(it, endpoint_ids)
        return await lock(it, [key for key in endpoint_ids if key != met])

    return lock_others


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> Locks:
    return Locks(monkeypatch)


async def test_endpoints_do_not_wait_for_one_whose_events_can_not_be_read(
    system: System, caplog: pytest.LogCaptureFixture, locks: Locks
) -> None:
    dispatcher = system.another(poll=0)
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    await system.storage.sequence_events()
    locks.fail("one")

    await dispatcher.settle()
    await dispatcher.settle()

    assert [claim.endpoint_id for claim in system.sent.claims] == ["two"]
    [message] = caplog.messages
    assert message.startswith("webhooks to the endpoint one have to wait: ")
    locks.stop()
    await dispatcher.settle()
    assert [claim.endpoint_id for claim in system.sent.claims] == ["two", "one"]


async def test_an_endpoint_whose_events_could_not_be_read_is_left_alone_for_a_while(
    system: System, locks: Locks
) -> None:
    dispatcher = system.another(poll=3_600)
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    locks.fail("endpoint-1")
    await dispatcher.settle()
    locks.stop()

    await dispatcher.settle()

    assert system.sent.claims == []


async def test_endpoints_do_not_wait_for_one_whose_events_take_long(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_PATIENCE", 0)
    plan_for = Dispatcher._plan_for
    go_on = asyncio.Event()

    async def take_long(it: Dispatcher, endpoint_id: str) -> bool:
        if endpoint_id == "one":
            await go_on.wait()
        return await plan_for(it, endpoint_id)

    monkeypatch.setattr(Dispatcher, "_plan_for", take_long)
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    dispatcher = system.another(poll=0)
    running = asyncio.create_task(dispatcher.run())
    await system.storage.sequence_events()
    async with asyncio.timeout(SECONDS):
        while not system.sent.claims:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert [claim.endpoint_id for claim in system.sent.claims] == ["two"]

    go_on.set()
    async with asyncio.timeout(SECONDS):
        while len(system.sent.claims) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)

    dispatcher.stop()
    await running
    assert [claim.endpoint_id for claim in system.sent.claims] == ["two", "one"]


async def test_outcomes_of_endpoints_that_another_has_locked_are_stored_later(
    system: System, locks: Locks
) -> None:
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    await system.storage.sequence_events()
    system.sent.respond = lambda _: build.outcome(500)
    await system.dispatcher.plan()
    await system.dispatcher.claim()
    await system.attempts_end()
    locks.are_taken("one")

    assert await system.dispatcher.complete()
    assert [claim.endpoint_id for claim in system.dispatcher.under_way] == ["one"]
    assert not await system.dispatcher.complete()

    locks.stop()
    assert await system.dispatcher.complete()
    assert system.dispatcher.under_way == []
    assert [delivery.attempt_count for delivery in await system.deliveries()] == [1, 1]


async def test_outcomes_of_endpoints_that_are_gone_are_forgotten(system: System) -> None:
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    await system.storage.sequence_events()
    await system.dispatcher.plan()
    await system.dispatcher.claim()
    await system.attempts_end()
    await system.repositories.write(lambda unit: unit.webhooks.delete("one"))

    assert await system.dispatcher.complete()

    assert system.dispatcher.under_way == []
    assert await system.states() == [DeliveryState.DELIVERED]


async def test_outcomes_that_can_not_be_stored_are_kept_for_the_next_time(
    system: System, locks: Locks
) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    await system.dispatcher.plan()
    await system.dispatcher.claim()
    await system.attempts_end()
    locks.fail("endpoint-1")
    with pytest.raises(TimedOut):
        await system.dispatcher.complete()
    locks.stop()

    await system.settle()

    assert len(system.sent.claims) == 1
    assert await system.states() == [DeliveryState.DELIVERED]


async def test_of_a_batch_each_delivery_has_its_own_outcome(system: System) -> None:
    await system.endpoint()
    await system.save("a", "b", "c", "a")
    statuses = {"event-new-1": 200, "event-new-2": 500, "event-new-3": 400, "event-new-4": 200}
    system.sent.respond = lambda claim: build.outcome(statuses[claim.event_id])

    await system.settle()

    assert await system.states() == [
        DeliveryState.DELIVERED,
        DeliveryState.PENDING,
        DeliveryState.FAILED,
        DeliveryState.DELIVERED,
    ]
    assert system.sent.events == ["event-new-1", "event-new-2", "event-new-3", "event-new-4"]


async def test_an_endpoint_that_answers_quickly_may_have_most_attempts(system: System) -> None:
    await system.endpoint()
    await system.save(*(f"draft-{number}" for number in range(20)))
    await system.storage.sequence_events()
    dispatcher = system.another(concurrency=8, per_endpoint=2)
    await dispatcher.plan()
    while await dispatcher.claim():
        pass
    assert len(dispatcher.under_way) == 2
    await system.attempts_end(dispatcher)
    await dispatcher.complete()

    while await dispatcher.claim():
        pass

    assert len(dispatcher.under_way) == 12


async def test_an_endpoint_that_fails_or_is_slow_gets_few_attempts_again(system: System) -> None:
    await system.endpoint()
    await system.save(*(f"draft-{number}" for number in range(20)))
    await system.storage.sequence_events()
    dispatcher = system.another(concurrency=8, per_endpoint=2)
    await dispatcher.plan()
    for outcome in (build.outcome(500), replace(build.outcome(), duration_ms=1_001)):
        system.sent.respond = lambda _, outcome=outcome: outcome  # type: ignore[misc]
        await dispatcher.claim()
        await system.attempts_end(dispatcher)
        await dispatcher.complete()

        await dispatcher.claim()

        assert len(dispatcher.under_way) == 2
        await system.attempts_end(dispatcher)
        await dispatcher.complete()


async def test_no_more_attempts_are_made_at_once_than_asked_for(system: System) -> None:
    at_once = most = 0

    class Counted(Sent):
        async def send(self, claim: Claim) -> Outcome:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            outcome = await super().send(claim)
            at_once -= 1
            return outcome

    await system.endpoint()
    await system.save(*(f"draft-{number}" for number in range(20)))
    await system.storage.sequence_events()

    await system.another(Counted(), concurrency=3, per_endpoint=3).settle()

    assert most == 3
    assert await system.states() == [DeliveryState.DELIVERED] * 20


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


async def test_the_end_has_a_deadline_of_its_own_and_closes_the_sender(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    dispatcher = system.another()
    await dispatcher.plan()
    await dispatcher.claim()
    set_deadline(-1)
    dispatcher.stop()

    await dispatcher.run()

    assert await system.states() == [DeliveryState.DELIVERED]
    assert system.sent.is_closed


async def test_a_sender_is_closed_even_where_the_end_fails(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    dispatcher = system.another()
    await dispatcher.plan()
    await dispatcher.claim()
    dispatcher.stop()

    async def complete(*_: object) -> bool:
        raise KeyError("bug")

    monkeypatch.setattr(dispatcher, "complete", complete)
    with pytest.raises(KeyError):
        await dispatcher.run()

    assert system.sent.is_closed


async def test_an_end_that_nobody_asked_for_is_logged(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(_: Dispatcher) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(Dispatcher, "run", run)
    async with sending_webhooks(system.storage, load_settings()):
        pass

    assert caplog.messages == ["webhooks are sent no more"]


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
