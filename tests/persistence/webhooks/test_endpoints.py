"""Endpoints and their secrets."""

from dataclasses import replace
from datetime import timedelta

from domain.webhooks import WebhookEndpoint
from repositories.webhooks.memory import _Secrets
from tests import builders as build
from tests.support.sources import START
from tests.support.stored_webhooks import GIVEN_UP, LEASE, SOON, Webhooks

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
