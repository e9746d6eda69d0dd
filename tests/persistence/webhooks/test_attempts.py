"""Attempts are stored with what becomes of their deliveries."""

from dataclasses import replace
from datetime import timedelta

from domain.webhooks import Decision, DeliveryState, WebhookAttempt, WebhookEndpoint
from tests import builders as build
from tests.support.sources import START
from tests.support.stored_webhooks import (
    DELIVERED,
    GIVEN_UP,
    LEASE,
    SOON,
    Webhooks,
    ended,
    keys,
    of,
)

# Attempts that are kept together


async def test_attempts_that_are_kept_together_have_each_their_own_outcome(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2), of("c", 3), of("a", 4), of("b", 5))
    delivered, failed, given_up = await webhooks.claim()
    later = SOON + timedelta(seconds=5)
    again = Decision(state=DeliveryState.PENDING, due_at=later)
    attempts = [
        ended(delivered),
        ended(failed, again, status=None, error="no connection"),
        ended(given_up, GIVEN_UP, status=400),
    ]

    assert await webhooks.complete_all(*attempts) == attempts

    found = [await webhooks.delivery(f"delivery-{number}") for number in (1, 2, 3)]
    assert [it.state for it in found] == [
        DeliveryState.DELIVERED,
        DeliveryState.PENDING,
        DeliveryState.FAILED,
    ]
    assert [it.due_at for it in found] == [None, later, None]
    assert [it.finished_at for it in found] == [SOON, None, SOON]
    for number, status in ((1, 200), (2, None), (3, 400)):
        [attempt] = await webhooks.attempts(f"delivery-{number}")
        assert (attempt.position, attempt.status) == (0, status)
    assert keys(await webhooks.claim()) == ["delivery-4"]


async def test_what_another_has_claimed_since_is_left_out_of_those_that_are_kept_together(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2), of("b", 3))
    first, taken_over = await webhooks.claim()
    [again] = await webhooks.claim(1, now=SOON + LEASE)
    assert again.delivery_id == first.delivery_id
    both = [ended(first, GIVEN_UP, status=400), ended(taken_over)]

    assert await webhooks.complete_all(*both) == both[1:]

    assert await webhooks.attempts("delivery-1") == ()
    assert (await webhooks.delivery("delivery-1")).state is DeliveryState.PENDING
    assert (await webhooks.delivery("delivery-2")).state is DeliveryState.DELIVERED
    assert keys(await webhooks.claim()) == ["delivery-3"]


async def test_of_two_attempts_of_one_delivery_that_of_the_newest_claim_is_kept(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1))
    [old] = await webhooks.claim()
    [new] = await webhooks.claim(now=SOON + LEASE)
    both = [ended(old, GIVEN_UP, status=400), ended(new)]

    assert await webhooks.complete_all(*both) == both[1:]

    assert (await webhooks.delivery("delivery-1")).state is DeliveryState.DELIVERED
    assert len(await webhooks.attempts("delivery-1")) == 1


async def test_one_entity_may_be_among_those_that_are_kept_together_twice(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.insert(build.webhook_endpoint("other"))
    await webhooks.add(of("a", 1), of("a", 2))
    await webhooks.add(of("a", 3), of("a", 4), to="other")
    claims = await webhooks.claim()
    assert keys(claims) == ["delivery-1", "delivery-3"]

    assert len(await webhooks.complete_all(*map(ended, claims))) == 2

    assert keys(await webhooks.claim()) == ["delivery-2", "delivery-4"]


async def test_nothing_is_kept_of_no_attempts(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    assert not await webhooks.complete_all()


# Attempts


async def test_every_attempt_is_kept(webhooks: Webhooks, endpoint: WebhookEndpoint) -> None:
    await webhooks.add(build.new_delivery())
    [first] = await webhooks.claim()
    again = Decision(state=DeliveryState.PENDING, due_at=SOON)
    await webhooks.complete(first, again, status=None, error="no connection", response="")
    [second] = await webhooks.claim()
    await webhooks.complete(second, DELIVERED)

    attempts = await webhooks.attempts()

    first_made = WebhookAttempt(
        position=0,
        created_at=START,
        duration_ms=12,
        status=None,
        error="no connection",
        response="",
    )
    assert attempts == (
        first_made,
        replace(first_made, position=1, status=200, error=None, response="thanks"),
    )
    delivery = await webhooks.delivery()
    assert (delivery.attempt_count, delivery.finished_at, delivery.due_at) == (2, SOON, None)


async def test_an_attempt_is_kept_once(webhooks: Webhooks, endpoint: WebhookEndpoint) -> None:
    await webhooks.add(build.new_delivery())
    [claim] = await webhooks.claim()
    again = Decision(state=DeliveryState.PENDING, due_at=SOON)
    assert await webhooks.complete(claim, again, status=500)

    assert not await webhooks.complete(claim, again, status=500)

    assert len(await webhooks.attempts()) == 1
