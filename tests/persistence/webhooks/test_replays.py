"""Deliveries that have ended are sent again, and pauses are ended."""

import asyncio
from datetime import timedelta

from domain.webhooks import MAX_ATTEMPTS_BEFORE, Decision, DeliveryState, WebhookEndpoint
from repositories.criteria import Comparison, Operator
from repositories.unit_of_work import Storage
from repositories.webhooks.contract import WebhookRepository
from tests import builders as build
from tests.support.patience import SECONDS
from tests.support.stored_webhooks import GIVEN_UP, LEASE, SOON, Webhooks, fail_all, keys, of

# Replays


async def test_what_has_ended_is_sent_again(webhooks: Webhooks, endpoint: WebhookEndpoint) -> None:
    await webhooks.add(of("a", 1), of("b", 2), of("c", 3))
    delivered, failed, _ = await webhooks.claim()
    await webhooks.complete(delivered)
    await webhooks.complete(failed, GIVEN_UP, status=400)

    assert await webhooks.replay() == 2

    again = await webhooks.claim()
    assert keys(again) == ["delivery-1", "delivery-2"]
    assert [(each.failures, each.event_id) for each in again] == [(0, "event-1"), (0, "event-2")]
    assert (await webhooks.delivery()).finished_at is None
    await webhooks.complete(again[0])
    assert [each.position for each in await webhooks.attempts()] == [0, 1]


async def test_only_what_matches_is_sent_again(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.insert(build.webhook_endpoint("other"))
    await webhooks.add(of("a", 1), of("b", 2))
    await webhooks.add(of("a", 3), to="other")
    for claim in await webhooks.claim():
        await webhooks.complete(claim)

    assert await webhooks.replay(Comparison("entity_key", Operator.EQ, "a")) == 1
    assert keys(await webhooks.claim()) == ["delivery-1"]


async def test_no_more_than_so_many_are_sent_again(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2), of("c", 3))
    for claim in await webhooks.claim():
        await webhooks.complete(claim)

    assert [await webhooks.replay(limit=2) for _ in range(3)] == [2, 1, 0]
    assert len(await webhooks.claim()) == 3


async def test_a_replay_leaves_the_newest_attempts(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2))
    again = Decision(state=DeliveryState.PENDING, due_at=SOON)
    for number in range(MAX_ATTEMPTS_BEFORE + 2):
        for claim in await webhooks.claim():
            is_last = number > MAX_ATTEMPTS_BEFORE or claim.delivery_id == "delivery-2"
            await webhooks.complete(claim, GIVEN_UP if is_last else again, status=500)

    assert await webhooks.replay() == 2

    positions = [attempt.position for attempt in await webhooks.attempts()]
    assert positions == [*range(2, MAX_ATTEMPTS_BEFORE + 2)]
    assert len(await webhooks.attempts("delivery-2")) == 1
    assert (await webhooks.delivery()).attempt_count == MAX_ATTEMPTS_BEFORE + 2


async def test_replays_of_an_entity_are_in_order_and_after_what_is_open(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("a", 2), of("a", 3), of("a", 4))
    for _ in range(2):
        [claim] = await webhooks.claim()
        await webhooks.complete(claim)
    [claim] = await webhooks.claim()

    assert await webhooks.replay() == 2

    sent = [claim.delivery_id]
    assert await webhooks.claim() == []
    while True:
        await webhooks.complete(claim)
        claims = await webhooks.claim()
        if not claims:
            break
        [claim] = claims
        sent.append(claim.delivery_id)
    assert sent == ["delivery-3", "delivery-1", "delivery-2", "delivery-4"]


# Pauses that are ended


async def test_a_delivery_whose_pause_is_ended_is_due_and_begins_anew(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2))
    await fail_all(webhooks, 12, 12)
    assert await webhooks.claim() == []

    assert await webhooks.end_pauses() == 2

    claims = await webhooks.claim()
    assert [(it.delivery_id, it.failures) for it in claims] == [
        ("delivery-1", 0),
        ("delivery-2", 0),
    ]
    assert await webhooks.complete(claims[0])
    assert [it.status for it in await webhooks.attempts()] == [500, 200]


async def test_what_is_under_way_stays_with_who_claimed_it(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("a", 2))
    [claim] = await webhooks.claim()

    assert await webhooks.end_pauses() == 0

    assert await webhooks.claim() == []
    assert await webhooks.complete(claim)
    assert keys(await webhooks.claim()) == ["delivery-2"]


async def test_what_was_under_way_may_end_its_pause_after_it_has_failed(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1))
    await webhooks.claim()
    [taken_over] = await webhooks.claim(now=SOON + LEASE)
    assert await webhooks.end_pauses() == 0
    again = Decision(state=DeliveryState.PENDING, due_at=SOON + timedelta(hours=1))
    await webhooks.complete(taken_over, again, status=500)

    assert await webhooks.end_pauses() == 1


async def test_what_waits_for_an_earlier_one_follows_it(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("a", 2))
    await fail_all(webhooks, 12)

    assert await webhooks.end_pauses(Comparison("delivery_id", Operator.EQ, "delivery-2")) == 0
    assert await webhooks.end_pauses() == 1

    [claim] = await webhooks.claim()
    assert claim.delivery_id == "delivery-1"
    await webhooks.complete(claim)
    assert keys(await webhooks.claim()) == ["delivery-2"]


async def test_only_pauses_of_what_matches_are_ended(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.insert(build.webhook_endpoint("other"))
    await webhooks.add(of("a", 1), of("b", 2), of("c", 3))
    await webhooks.add(of("a", 4), to="other")
    await fail_all(webhooks, 1, 0, 1, 1)  # the second one is due at once

    assert await webhooks.end_pauses(Comparison("entity_key", Operator.EQ, "a")) == 1
    assert await webhooks.end_pauses() == 1
    assert await webhooks.end_pauses() == 0
    assert keys(await webhooks.claim()) == ["delivery-1", "delivery-2", "delivery-3"]


async def test_of_many_pauses_the_longest_are_ended_first(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(*(of(f"entity-{number}", number) for number in range(1, 6)))
    await fail_all(webhooks, 3, 5, 1, 5, 2)

    assert await webhooks.end_pauses(limit=3) == 3
    assert keys(await webhooks.claim()) == ["delivery-1", "delivery-2", "delivery-4"]
    assert await webhooks.end_pauses(limit=3) == 2


async def test_what_has_ended_has_no_pause(webhooks: Webhooks, endpoint: WebhookEndpoint) -> None:
    await webhooks.add(of("a", 1), of("b", 2))
    delivered, failed = await webhooks.claim()
    await webhooks.complete(delivered)
    await webhooks.complete(failed, GIVEN_UP, status=400)

    assert await webhooks.end_pauses() == 0


async def test_the_end_of_a_pause_leaves_the_newest_attempts(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1))
    again = Decision(state=DeliveryState.PENDING, due_at=SOON)
    for _ in range(MAX_ATTEMPTS_BEFORE + 1):
        [claim] = await webhooks.claim()
        await webhooks.complete(claim, again, status=500)
    await fail_all(webhooks, 1)

    assert await webhooks.end_pauses() == 1

    positions = [attempt.position for attempt in await webhooks.attempts()]
    assert positions == [*range(2, MAX_ATTEMPTS_BEFORE + 2)]


async def test_no_delivery_is_claimed_twice_while_pauses_are_ended(
    storage: Storage, webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    """Each pause is ended, and each delivery claimed, by one of many who do so at once."""
    number = 60
    await webhooks.add(*(of(f"entity-{it}", it) for it in range(number)))
    await fail_all(webhooks, *[12] * number)
    ended, claimed = 0, list[str]()

    async def end_some() -> None:
        nonlocal ended
        while count := await Webhooks(storage.as_(build.caller())).do(_end_seven):
            ended += count

    async def claim_some() -> None:
        them = Webhooks(storage.as_(build.caller()))
        while len(claimed) < number:
            claimed.extend(keys(await them.claim(7)))
            await asyncio.sleep(0)

    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as both:
        for _ in range(3):
            both.create_task(end_some())
            both.create_task(claim_some())

    assert (ended, len({*claimed}), len(claimed)) == (number, number, number)
    assert await webhooks.end_pauses() == 0


async def _end_seven(them: WebhookRepository) -> int:
    await them.get_for_update("endpoint-1")
    return await them.end_pauses("endpoint-1", None, 7, SOON)
