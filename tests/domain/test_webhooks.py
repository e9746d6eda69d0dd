"""When deliveries are tried again or given up, how they are signed, and what an endpoint may be."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from domain.errors import ValidationFailed
from domain.validation import require_valid
from domain.webhooks import (
    FAILING_FOR,
    JITTER,
    MAX_RETRY_AFTER,
    PAUSES,
    Decision,
    DeliveryState,
    Outcome,
    WebhookEndpoint,
    after_attempt,
    decide,
    is_secret,
    new_secret,
    saved_endpoint,
    sign,
)
from tests import builders as build
from tests.support.sources import START

NOW = START
FAILED = Decision(state=DeliveryState.FAILED, due_at=None)


def decision(status: int | None, failures: int = 0, jitter: float = 0, **changes: Any) -> Decision:
    return decide(build.outcome(status, **changes), failures, NOW, jitter)


def pause(status: int | None, failures: int = 0, jitter: float = 0, **changes: Any) -> timedelta:
    due_at = decision(status, failures, jitter, **changes).due_at
    assert due_at is not None
    return due_at - NOW


# Attempts


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_status_of_success_delivers(status: int) -> None:
    assert decision(status) == Decision(state=DeliveryState.DELIVERED, due_at=None)


@pytest.mark.parametrize("status", [None, 301, 308, 408, 409, 425, 429, 500, 502, 503, 599])
def test_what_may_pass_is_tried_again(status: int | None) -> None:
    assert decision(status).state is DeliveryState.PENDING
    assert pause(status) == PAUSES[0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422, 451, 499])
def test_what_the_receiver_refuses_is_given_up(status: int) -> None:
    assert decision(status) == FAILED


def test_pauses_grow_over_about_a_day_until_the_delivery_is_given_up() -> None:
    pauses = [pause(500, failures) for failures in range(len(PAUSES))]

    assert pauses == sorted(pauses)
    assert timedelta(hours=20) < sum(pauses, timedelta()) < timedelta(hours=28)
    assert decision(500, len(PAUSES)) == FAILED


def test_pauses_differ_so_that_not_all_end_at_once() -> None:
    assert pause(500, 3, jitter=-1) == PAUSES[3] * (1 - JITTER)
    assert pause(500, 3, jitter=1) == PAUSES[3] * (1 + JITTER)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(0), PAUSES[0]),
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(days=100), MAX_RETRY_AFTER),
    ],
)
def test_a_receiver_may_ask_for_a_longer_pause_within_bounds(
    asked: timedelta, given: timedelta
) -> None:
    assert pause(503, retry_after=asked) == given


# Endpoints that fail


def after(
    status: int,
    now: datetime = NOW,
    endpoint: WebhookEndpoint | None = None,
    url: str | None = None,
) -> WebhookEndpoint:
    outcome = build.outcome(status)
    stored = endpoint or build.webhook_endpoint()
    return after_attempt(stored, url or stored.url, outcome, decide(outcome, 0, now, 0), now)


def test_an_endpoint_fails_from_its_first_failure_until_a_success() -> None:
    failing = after(500)
    assert failing.failing_since == NOW

    later = NOW + timedelta(hours=1)
    assert after(500, later, failing).failing_since == NOW
    assert after(200, later, failing).failing_since is None


def test_an_endpoint_that_fails_for_days_is_disabled_with_the_reason() -> None:
    failing = after(500)
    just_before = NOW + FAILING_FOR - timedelta(seconds=1)
    assert after(500, just_before, failing).enabled

    disabled = after(500, NOW + FAILING_FOR, failing)

    assert not disabled.enabled
    assert disabled.disabled_reason == "No attempt has succeeded since 2026-03-02 09:30 UTC."
    assert (disabled.revision, disabled.updated_at) == (2, NOW + FAILING_FOR)


def test_an_endpoint_that_says_it_is_gone_is_disabled() -> None:
    disabled = after(410)

    assert not disabled.enabled
    assert disabled.disabled_reason == "The receiver answered with the status 410 (Gone)."
    assert decision(410).state is DeliveryState.FAILED


def test_an_endpoint_that_somebody_disabled_stays_so_without_a_reason() -> None:
    disabled = build.webhook_endpoint(enabled=False)

    assert after(410, endpoint=disabled).disabled_reason is None


@pytest.mark.parametrize("status", [200, 410, 500])
def test_a_response_from_an_earlier_url_tells_nothing_of_the_endpoint(status: int) -> None:
    moved = build.webhook_endpoint(failing_since=NOW)

    assert after(status, NOW + FAILING_FOR, moved, url="https://old.example/") == moved


# Signatures


def secrets() -> Iterator[str]:
    for number, size in enumerate((24, 32, 64)):
        yield new_secret(bytes([number]) * size)


@pytest.mark.parametrize("secret", [*secrets()])
@pytest.mark.parametrize("payload", ["{}", '{"é":"🎯"}', ""])
def test_a_signature_is_that_of_the_specification(secret: str, payload: str) -> None:
    signature = sign([secret], "msg_1", int(NOW.timestamp()), payload)

    at = datetime.fromtimestamp(int(NOW.timestamp()), UTC)
    assert signature == Webhook(secret).sign("msg_1", at, payload)


def test_there_is_a_signature_by_each_secret() -> None:
    one, two, _ = secrets()

    both = sign([one, two], "msg_1", 1, "{}")

    assert both == f"{sign([one], 'msg_1', 1, '{}')} {sign([two], 'msg_1', 1, '{}')}"


def test_secrets_have_24_to_64_bytes() -> None:
    assert all(is_secret(secret) for secret in secrets())
    assert not is_secret(new_secret(b"x" * 23))
    assert not is_secret(new_secret(b"x" * 65))
    assert not is_secret("whsec_!")
    assert not is_secret(new_secret(b"x" * 32).removeprefix("whsec_"))


# Commands


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"endpoint_id": " "}, ("endpoint_id",), "must not be blank"),
        ({"url": "nowhere"}, ("url",), "must be an absolute URL (http or https)"),
        ({"url": "ftp://example.com/a"}, ("url",), "must be an absolute URL (http or https)"),
        ({"url": "file:///etc/passwd"}, ("url",), "(http or https)"),
        ({"url": "s3://bucket/key"}, ("url",), "(http or https)"),
        ({"url": "https://ada:secret@example.com/"}, ("url",), "user name or a password"),
        ({"url": "https://example.com:0/"}, ("url",), "the port 0"),
        ({"event_types": ("draft.saved", "")}, ("event_types", 1), "must not be blank"),
        ({"client_ids": (" x",)}, ("client_ids", 0), "white space"),
        ({"client_ids": ("x",) * 501}, ("client_ids",), "at most 500 items"),
        ({"description": "x" * 10_001}, ("description",), "at most 10,000 characters"),
        ({"expected_revision": -1}, ("expected_revision",), "must not be negative"),
    ],
)
def test_a_broken_rule_names_its_field(
    changes: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(ValidationFailed) as raised:
        require_valid(build.save_webhook_endpoint(**changes))

    [violation] = raised.value.violations
    assert violation.path == path
    assert message in violation.message


def saved(stored: WebhookEndpoint | None, **changes: Any) -> WebhookEndpoint:
    command = build.save_webhook_endpoint(**changes)
    later = NOW + timedelta(hours=1)
    return saved_endpoint(command, stored, endpoint_id="endpoint-1", position=40, now=later)


def test_a_new_endpoint_gets_what_happens_from_now_on() -> None:
    new = saved(None)

    assert (new.position, new.revision, new.failing_since) == (40, 1, None)
    assert new.created_at == new.updated_at


def test_an_endpoint_that_is_saved_again_goes_on_where_it_was() -> None:
    stored = build.webhook_endpoint(failing_since=NOW)

    again = saved(stored)

    assert (again.position, again.revision, again.failing_since) == (7, 2, NOW)
    assert again.created_at == stored.created_at


def test_an_endpoint_that_is_enabled_again_has_not_failed_yet() -> None:
    stored = build.webhook_endpoint(enabled=False, disabled_reason="gone", failing_since=NOW)

    assert saved(stored, enabled=False).disabled_reason == "gone"
    enabled = saved(stored, enabled=True)
    assert (enabled.disabled_reason, enabled.failing_since) == (None, None)


def test_an_endpoint_at_another_url_has_not_failed_yet() -> None:
    stored = build.webhook_endpoint(failing_since=NOW)

    assert saved(stored, url="https://other.example/").failing_since is None


def test_an_attempt_without_a_response_is_no_success() -> None:
    assert not Outcome(began_at=NOW, duration_ms=1, error="no connection").is_success


def test_secrets_are_not_in_what_may_be_logged() -> None:
    assert build.WEBHOOK_SECRET not in repr(build.claim())
