"""Endpoints, their deliveries, and who may attempt these: the same in memory and in databases."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from domain.webhooks import (
    MAX_ATTEMPTS_BEFORE,
    Claim,
    Decision,
    DeliveryState,
    EndedAttempt,
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from repositories.criteria import Comparison, Direction, Operator, Order, PageRequest, Position
from repositories.unit_of_work import Repositories, Storage
from repositories.webhooks.contract import WebhookRepository
from repositories.webhooks.memory import _Secrets
from tests import builders as build
from tests.support.patience import SECONDS
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


@pytest.fixture
def webhooks(repositories: Repositories) -> Webhooks:
    return Webhooks(repositories)


@pytest.fixture
async def endpoint(webhooks: Webhooks) -> WebhookEndpoint:
    """One that is stored."""
    endpoint = build.webhook_endpoint()
    await webhooks.insert(endpoint)
    return endpoint


def keys(claims: Sequence[Claim]) -> list[str]:
    return [claim.delivery_id for claim in claims]


def of(entity_key: str, number: int) -> NewDelivery:
    return build.new_delivery(number, entity_key=entity_key)


# Endpoints


async def test_an_endpoint_is_read_as_it_was_stored(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    assert await webhooks.endpoint() == endpoint


async def test_an_endpoint_is_replaced(webhooks: Webhooks, endpoint: WebhookEndpoint) -> None:
    changed = replace(
        endpoint,
        event_types=(),
        client_ids=(),
        enabled=False,
        disabled_reason="gone",
        failing_since=START,
        position=9,
        revision=2,
        updated_at=SOON,
    )

    await webhooks.do(lambda them: them.update(changed))

    assert await webhooks.endpoint() == changed


async def test_an_endpoint_that_is_not_there_is_none(webhooks: Webhooks) -> None:
    assert await webhooks.do(lambda them: them.get_for_update("nowhere")) is None
    assert await webhooks.do(lambda them: them.lock(["nowhere", "no\x00where"])) == {}
    assert await webhooks.do(lambda them: them.get_for_update("no\x00where")) is None
    assert await webhooks.do(lambda them: them.delete("nowhere")) is False


async def test_endpoints_that_are_enabled_and_behind_are_found(webhooks: Webhooks) -> None:
    for key, position, enabled in [("b", 1, True), ("a", 2, True), ("c", 3, True), ("d", 1, False)]:
        await webhooks.insert(build.webhook_endpoint(key, position=position, enabled=enabled))

    assert await webhooks.do(lambda them: them.behind(3)) == ["a", "b"]


async def test_a_deleted_endpoint_takes_its_deliveries_with_it(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.insert(build.webhook_endpoint("other"))
    await webhooks.add(build.new_delivery(1))
    await webhooks.add(build.new_delivery(2), to="other")
    [claim, _] = await webhooks.claim()
    await webhooks.complete(claim, GIVEN_UP)

    assert await webhooks.do(lambda them: them.delete("endpoint-1"))

    assert await webhooks.endpoint() is None
    assert await webhooks.attempts() == ()
    assert not await webhooks.complete(claim)
    assert (await webhooks.delivery("delivery-2")).endpoint_id == "other"


# Secrets


async def test_a_claim_signs_by_the_secret_of_its_endpoint(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    await webhooks.add(build.new_delivery())

    [claim] = await webhooks.claim()

    assert claim.secrets == (build.WEBHOOK_SECRET,)


async def test_after_a_rotation_both_secrets_sign_for_some_time(
    webhooks: Webhooks, endpoint: WebhookEndpoint
) -> None:
    until = START + timedelta(hours=1)
    await webhooks.add(build.new_delivery())

    await webhooks.do(lambda them: them.rotate_secret("endpoint-1", "whsec_new", until))

    [during] = await webhooks.claim(now=until - LEASE)
    [after] = await webhooks.claim(now=until)
    assert during.secrets == ("whsec_new", build.WEBHOOK_SECRET)
    assert after.secrets == ("whsec_new",)


def test_secrets_in_memory_are_not_in_what_may_be_logged() -> None:
    shown = repr(_Secrets("whsec_new", build.WEBHOOK_SECRET, START))

    assert "whsec_" not in shown


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


# Claims


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


# Attempts that are kept together


def ended(claim: Claim, decision: Decision = DELIVERED, **outcome: Any) -> EndedAttempt:
    return EndedAttempt(claim=claim, outcome=build.outcome(**outcome), decision=decision)


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


async def fail_all(webhooks: Webhooks, *pauses: int) -> None:
    """What is due fails, and is to be tried again after so many hours."""
    for claim, hours in zip(await webhooks.claim(), pauses, strict=True):
        due_at = SOON + timedelta(hours=hours)
        again = Decision(state=DeliveryState.PENDING, due_at=due_at)
        assert await webhooks.complete(claim, again, status=500)


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
