"""Deliveries are attempted until they arrive or are given up."""

from dataclasses import replace

import pytest

from domain.webhooks import PAUSES, Claim, DeliveryState, Outcome
from tests import builders as build
from tests.support.sources import START
from tests.support.webhook_system import Sent, System

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


# Outcomes


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


# Pace


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
