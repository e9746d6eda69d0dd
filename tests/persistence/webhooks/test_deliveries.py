"""Deliveries are stored, keep the order of their entity, and are removed in the end."""

from datetime import timedelta

from domain.webhooks import Decision, DeliveryState, WebhookDelivery, WebhookEndpoint
from repositories.criteria import Comparison, Direction, Operator, Order, PageRequest, Position
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.support.sources import START
from tests.support.stored_webhooks import GIVEN_UP, SOON, Webhooks, keys, of

# Deliveries


async def test_a_delivery_is_read_as_it_was_made(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(build.new_delivery())

    assert await webhooks.delivery() == WebhookDelivery(
        delivery_id="delivery-1",
        endpoint_id="endpoint-1",
        event_id="event-1",
        event_type="draft.saved",
        entity_type="draft",
        entity_key="draft-1",
        position=1,
        state=DeliveryState.PENDING,
        attempt_count=0,
        due_at=START,
        created_at=START,
        finished_at=None,
    )


async def test_deliveries_are_paged_filtered_and_counted(
    repositories: Repositories, webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2), of("a", 3), of("a", 4))
    of_a = Comparison("entity_key", Operator.EQ, "a")
    request = PageRequest(
        2,
        Order("created_at", Direction.DESC),
        of_a,
        after=Position(START, "delivery-1"),
    )

    async with repositories.read() as snapshot:
        page = await snapshot.webhooks.delivery_page(request)
        count = await snapshot.webhooks.delivery_count(of_a)
        endpoints = await snapshot.webhooks.endpoint_page(PageRequest(1))
        endpoint_count = await snapshot.webhooks.endpoint_count(None)

    assert [each.delivery_id for each in page.items] == ["delivery-3", "delivery-4"]
    assert (page.has_previous, page.has_next, count) == (True, False, 3)
    assert ([*endpoints.items], endpoint_count) == ([endpoint], 1)


# The order of an entity


async def test_only_one_delivery_of_an_entity_is_open_at_a_time(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("a", 2), of("b", 3))
    await webhooks.add(of("a", 4), of("b", 5), of("c", 6))

    claims = await webhooks.claim()

    assert keys(claims) == ["delivery-1", "delivery-3", "delivery-6"]
    await webhooks.complete(claims[0])
    assert keys(await webhooks.claim()) == ["delivery-2"]


async def test_what_has_to_be_tried_again_keeps_later_ones_waiting(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("a", 2))
    later = SOON + timedelta(hours=1)
    [claim] = await webhooks.claim()

    await webhooks.complete(claim, Decision(state=DeliveryState.PENDING, due_at=later), status=500)

    assert await webhooks.claim(now=later - timedelta(seconds=1)) == []
    [again] = await webhooks.claim(now=later)
    assert (again.delivery_id, again.failures) == ("delivery-1", 1)


async def test_what_was_given_up_lets_the_next_one_go(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("a", 2))
    [claim] = await webhooks.claim()

    await webhooks.complete(claim, GIVEN_UP, status=400)

    assert keys(await webhooks.claim()) == ["delivery-2"]


async def test_entities_of_other_types_and_endpoints_go_on_by_themselves(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.insert(build.webhook_endpoint("other"))
    await webhooks.add(of("a", 1), build.new_delivery(2, entity_type="brief", entity_key="a"))
    await webhooks.add(of("a", 3), to="other")

    assert keys(await webhooks.claim()) == ["delivery-1", "delivery-2", "delivery-3"]


# Retention


async def test_old_deliveries_that_have_ended_are_removed(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(of("a", 1), of("b", 2), of("c", 3), of("d", 4))
    claims = await webhooks.claim(3)
    for claim, now in zip(claims, [START, START, SOON], strict=True):
        await webhooks.complete(claim, now=now)

    async def remove(limit: int) -> int:
        return await webhooks.do(lambda them: them.remove_finished(SOON, limit))

    assert [await remove(1), await remove(10), await remove(10)] == [1, 1, 0]
    assert await webhooks.attempts("delivery-1") == ()
    assert (await webhooks.delivery("delivery-3")).state is DeliveryState.DELIVERED
    assert (await webhooks.delivery("delivery-4")).state is DeliveryState.PENDING
