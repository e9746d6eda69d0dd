"""A delivery is claimed before it is attempted, by one of all who want it."""

from datetime import timedelta

from domain.webhooks import Claim, DeliveryState, WebhookEndpoint
from tests import builders as build
from tests.support.sources import START
from tests.support.stored_webhooks import GIVEN_UP, LEASE, SOON, Webhooks, keys, of


async def test_a_claim_has_all_that_an_attempt_needs(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(build.new_delivery())

    assert await webhooks.claim() == [
        Claim(
            delivery_id="delivery-1",
            endpoint_id="endpoint-1",
            token=1,
            event_id="event-1",
            payload='{"number":1}',
            failures=0,
            url="https://receiver.example/events",
            secrets=(build.WEBHOOK_SECRET,),
        )
    ]


async def test_what_is_claimed_is_due_again_only_when_the_lease_ends(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(build.new_delivery())
    [first] = await webhooks.claim()

    assert await webhooks.claim(now=SOON + LEASE - timedelta(microseconds=1)) == []
    [second] = await webhooks.claim(now=SOON + LEASE)

    assert (first.token, second.token) == (1, 2)


async def test_who_lost_the_lease_can_not_tell_what_came_of_it(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(build.new_delivery())
    [first] = await webhooks.claim()
    [second] = await webhooks.claim(now=SOON + LEASE)

    assert not await webhooks.complete(first, GIVEN_UP)
    assert (await webhooks.delivery()).state is DeliveryState.PENDING
    assert await webhooks.attempts() == ()
    assert await webhooks.complete(second)
    assert not await webhooks.complete(second, GIVEN_UP)
    assert (await webhooks.delivery()).state is DeliveryState.DELIVERED


async def test_what_is_due_for_longest_is_claimed_first(webhooks: Webhooks) -> None:
    for key in ("one", "two"):
        await webhooks.insert(build.webhook_endpoint(key))
    await webhooks.do(lambda them: them.add("one", [of("a", 1), of("b", 2)], SOON))
    await webhooks.do(lambda them: them.add("two", [of("a", 3), of("b", 4)], START))

    assert keys(await webhooks.claim(3)) == ["delivery-3", "delivery-4", "delivery-1"]
    assert keys(await webhooks.claim(3)) == ["delivery-2"]


async def test_endpoints_that_are_disabled_or_excluded_are_not_claimed_for(
    webhooks: Webhooks,
) -> None:
    for number, key in enumerate(("one", "two", "three"), 1):
        await webhooks.insert(build.webhook_endpoint(key))
        await webhooks.add(build.new_delivery(number), to=key)
    disabled = build.webhook_endpoint("two", enabled=False)
    await webhooks.do(lambda them: them.update(disabled))

    assert keys(await webhooks.claim(excluded=["one"])) == ["delivery-3"]
    assert keys(await webhooks.claim()) == ["delivery-1"]


async def test_of_each_endpoint_so_many_are_claimed_at_most(webhooks: Webhooks) -> None:
    for key, numbers in (("one", (1, 2, 3)), ("two", (4, 5))):
        await webhooks.insert(build.webhook_endpoint(key))
        await webhooks.add(*(of(f"entity-{it}", it) for it in numbers), to=key)

    claimed = keys(await webhooks.claim(of_each=2))

    assert claimed == ["delivery-1", "delivery-2", "delivery-4", "delivery-5"]


async def test_what_is_claimed_is_of_endpoints_that_are_asked_for(webhooks: Webhooks) -> None:
    for number, key in enumerate(("one", "two", "three"), 1):
        await webhooks.insert(build.webhook_endpoint(key))
        await webhooks.add(build.new_delivery(number), to=key)

    assert keys(await webhooks.claim(only=["two", "nowhere"])) == ["delivery-2"]
    assert keys(await webhooks.claim(only=["one", "three"], excluded=["one"])) == ["delivery-3"]
    assert keys(await webhooks.claim(only=[])) == []
