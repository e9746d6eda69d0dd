"""Webhooks: receivers that events of the log are sent to, and what becomes of each delivery.

They follow the Standard Webhooks specification (https://www.standardwebhooks.com).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from domain import validation as check
from domain.actions import Action, Check, Situation
from domain.errors import RevisionConflict, ValidationFailed, Violation
from domain.json_object import dumps

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what all secrets begin with
SECRET_BYTES: Final = 32
"""The specification allows 24 to 64."""
SECRET_OVERLAP: Final = timedelta(hours=24)
"""How long deliveries are signed with the previous secret too, after it was rotated."""
RESPONSE_BYTES: Final = 1_024
"""How much of a receiver's response is kept."""

TEST_EVENT: Final = "webhook_endpoint.tested"
_ENDPOINT: Final = "webhook_endpoint"

PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000)
)
"""How long to wait after the first failed attempt, after the second, and so on: about a day."""
MAX_ATTEMPTS: Final = 50
"""How many attempts of a delivery are kept."""
MAX_ATTEMPTS_BEFORE: Final = MAX_ATTEMPTS - len(PAUSES) - 1
"""How many of them stay where a delivery begins anew: it may lead to as many as a new one."""
MAX_REPLAYED: Final = 1_000
"""How many deliveries are replayed at once."""
MAX_RETRIED: Final = 1_000
"""How many deliveries end their pauses at once."""
JITTER: Final = 0.2
"""A pause is up to this part longer or shorter, so that many don't end at the same moment."""
MAX_RETRY_AFTER: Final = timedelta(hours=12)
FAILING_FOR: Final = timedelta(days=5)
"""An endpoint is disabled when no attempt succeeded for so long."""

_GIVEN_UP: Final = frozenset(range(400, 500)) - {408, 409, 425, 429}
"""Answers after which the same request would be refused again."""


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    """It's to be sent, for the first time or again."""
    DELIVERED = "DELIVERED"
    """The receiver answered with a status from 200 to 299."""
    FAILED = "FAILED"
    """It was given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """A receiver. Its secrets are never read with it."""

    endpoint_id: str
    url: str
    event_types: tuple[str, ...]
    """The types of events that it gets; none: all."""
    client_ids: tuple[str, ...]
    """It gets events of these clients alone; none: of all, and of no client."""
    description: str
    enabled: bool
    disabled_reason: str | None
    """Why the server disabled it; None: it didn't."""
    failing_since: datetime | None
    """The first attempt that failed since one succeeded; None: the last one succeeded."""
    position: int
    """Events of the log up to here have become deliveries, as far as the endpoint gets them."""
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """An event that is sent to an endpoint until it arrives, or is given up."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    """The `webhook-id` of all attempts."""
    event_type: str
    entity_type: str
    entity_key: str
    position: int | None
    """The event's place in the log; None: it's a test event."""
    state: DeliveryState
    attempt_count: int
    due_at: datetime | None
    """When the next attempt may begin; None: never, or when an earlier one of the same entity has
    ended."""
    created_at: datetime
    finished_at: datetime | None
    """When it was delivered, or given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAttempt:
    """A request that was sent to an endpoint, or that failed before it was sent."""

    position: int
    created_at: datetime
    """When it began."""
    duration_ms: int
    status: int | None
    """The HTTP status of the response; None: there was none."""
    error: str | None
    """Why there was no response; None: there was one."""
    response: str
    """The beginning of the response's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """What becomes a delivery; `payload` is the text that all attempts send."""

    delivery_id: str
    event_id: str
    event_type: str
    entity_type: str
    entity_key: str
    position: int | None
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that one sender may attempt, until its lease ends.

    Only who has the newest `token` of a delivery may tell what came of it, and once.
    """

    delivery_id: str
    endpoint_id: str
    token: int
    event_id: str
    payload: str
    failures: int
    """How many attempts failed since the delivery was made, or began anew."""
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    """The newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt, as the sender saw it."""

    began_at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    response: str = ""
    retry_after: timedelta | None = None
    """What the receiver asked for."""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a delivery after an attempt."""

    state: DeliveryState
    due_at: datetime | None
    """When to try again; None: never."""
    disabled_reason: str | None = None
    """Why the endpoint is to be disabled; None: it isn't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAttempt:
    """An attempt of what was claimed, and what it led to."""

    claim: Claim
    outcome: Outcome
    decision: Decision

    @property
    def has_ended_delivery(self) -> bool:
        return self.decision.state is not DeliveryState.PENDING


def decide(outcome: Outcome, failures: int, now: datetime, jitter: float) -> Decision:
    """What becomes of a delivery after an attempt, `failures` of which failed before it.

    `jitter` is from -1 to 1.
    """
    if outcome.is_success:
        return Decision(state=DeliveryState.DELIVERED, due_at=None)
    if outcome.status == HTTPStatus.GONE:
        reason = "The receiver answered with the status 410 (Gone)."
        return Decision(state=DeliveryState.FAILED, due_at=None, disabled_reason=reason)
    if outcome.status in _GIVEN_UP or failures >= len(PAUSES):
        return Decision(state=DeliveryState.FAILED, due_at=None)
    pause = PAUSES[failures] * (1 + JITTER * jitter)
    if outcome.retry_after is not None:
        pause = max(pause, min(outcome.retry_after, MAX_RETRY_AFTER))
    return Decision(state=DeliveryState.PENDING, due_at=now + pause)


def _reason_to_disable(failing_since: datetime, now: datetime) -> str | None:
    """Why an endpoint that fails since then is disabled; None: it isn't yet."""
    if now - failing_since < FAILING_FOR:
        return None
    return f"No attempt has succeeded since {failing_since:%Y-%m-%d %H:%M} UTC."


def after_attempt(
    endpoint: WebhookEndpoint, url: str, outcome: Outcome, decision: Decision, now: datetime
) -> WebhookEndpoint:
    """The endpoint as an attempt leaves it: perhaps disabled.

    An attempt at a `url` that the endpoint had before tells nothing of the endpoint.
    """
    if url != endpoint.url:
        return endpoint
    if outcome.is_success:
        return replace(endpoint, failing_since=None)
    failing_since = endpoint.failing_since or now
    reason = decision.disabled_reason or _reason_to_disable(failing_since, now)
    if reason is None or not endpoint.enabled:
        return replace(endpoint, failing_since=failing_since)
    return replace(
        endpoint,
        enabled=False,
        disabled_reason=reason,
        failing_since=failing_since,
        revision=endpoint.revision + 1,
        updated_at=max(now, endpoint.updated_at),
    )


# Secrets and signatures


def new_secret(random: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(random).decode()


def sign(secrets: Sequence[str], id: str, timestamp: int, payload: str) -> str:
    """The value of the header `webhook-signature`: a signature by each of the secrets."""
    signed = f"{id}.{timestamp}.{payload}".encode()
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def is_secret(value: str) -> bool:
    """Whether it's a secret as the specification has them."""
    try:
        key = base64.b64decode(value.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        return False
    return value.startswith(SECRET_PREFIX) and 24 <= len(key) <= 64


# Test events


def new_test_delivery(
    endpoint_id: str, delivery_id: str, event_id: str, now: datetime
) -> NewDelivery:
    """A delivery that tells of no change: it shows whether the endpoint can be reached."""
    data = {"eventId": event_id, "entityType": _ENDPOINT, "key": endpoint_id}
    payload = {"type": TEST_EVENT, "timestamp": rfc3339(now), "data": data}
    return NewDelivery(
        delivery_id=delivery_id,
        event_id=event_id,
        event_type=TEST_EVENT,
        entity_type=_ENDPOINT,
        entity_key=endpoint_id,
        position=None,
        payload=dumps(payload),
    )


def rfc3339(time: datetime) -> str:
    """The time as payloads have it: in UTC, with microseconds."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveWebhookEndpoint:
    endpoint_id: str | None = None
    url: str
    event_types: tuple[str, ...] = ()
    client_ids: tuple[str, ...] = ()
    description: str = ""
    enabled: bool = True
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("endpoint_id", self.endpoint_id)
        yield from _receiver("url", self.url)
        yield from _keys("event_types", self.event_types)
        yield from _keys("client_ids", self.client_ids)
        yield from check.text("description", self.description, check.PROSE_LENGTH, blank=True)
        yield from check.expected_revision(self.expected_revision)


def _receiver(field: str, value: str) -> check.Violations:
    """An absolute URL of http or https, without credentials."""
    if found := check.url(field, value, ("http", "https")):
        return found
    parts = urlsplit(value)
    if parts.username is not None or parts.password is not None:
        return (Violation((field,), "must not have a user name or a password"),)
    if parts.port == 0:
        return (Violation((field,), "must not have the port 0"),)
    return ()


def _keys(field: str, values: Sequence[str]) -> check.Violations:
    if found := tuple(check.texts(field, values, check.KEY_LENGTH)):
        yield from found
        return
    for index, value in enumerate(values):
        for violation in check.key(field, value):
            yield replace(violation, path=(field, index))


def saved_endpoint(
    command: SaveWebhookEndpoint,
    stored: WebhookEndpoint | None,
    *,
    endpoint_id: str,
    position: int,
    now: datetime,
) -> WebhookEndpoint:
    """The endpoint as the command has it. `position` is that of a new one.

    An endpoint that is enabled again goes on at the event at which it was disabled. One that is
    enabled again, or has another URL, hasn't failed yet.
    """
    is_resumed = stored is not None and command.enabled and not stored.enabled
    is_moved = stored is not None and command.url != stored.url
    return WebhookEndpoint(
        endpoint_id=endpoint_id,
        url=command.url,
        event_types=command.event_types,
        client_ids=command.client_ids,
        description=command.description,
        enabled=command.enabled,
        disabled_reason=(None if stored is None or command.enabled else stored.disabled_reason),
        failing_since=None if stored is None or is_resumed or is_moved else stored.failing_since,
        position=position if stored is None else stored.position,
        revision=1 if stored is None else stored.revision + 1,
        created_at=now if stored is None else stored.created_at,
        updated_at=now if stored is None else max(now, stored.updated_at),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWebhookEndpoint:
    """To delete it, to rotate its secret, or to send it a test event."""

    endpoint_id: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("endpoint_id", self.endpoint_id)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayWebhookDeliveries:
    """Send again what has ended: these deliveries, or those that were made in this time."""

    endpoint_id: str
    delivery_ids: tuple[str, ...] | None = None
    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("endpoint_id", self.endpoint_id)
        yield from _keys("delivery_ids", self.delivery_ids or ())
        yield from check.moment("since", self.since)
        yield from check.moment("until", self.until)
        yield from check.expected_revision(self.expected_revision)
        if self.delivery_ids is None and self.since is None:
            message = "must be given, unless `deliveryIds` are"
            yield Violation(("since",), message)
        yield from check.not_before("until", self.until, "since", self.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryWebhookDeliveries:
    """Try again now what is pending and waits: these deliveries, or all of the endpoint."""

    endpoint_id: str
    delivery_ids: tuple[str, ...] | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("endpoint_id", self.endpoint_id)
        yield from _keys("delivery_ids", self.delivery_ids or ())
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretShown:
    """An endpoint, and its new secret: the only time that it's shown."""

    endpoint: WebhookEndpoint
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    endpoint: WebhookEndpoint
    count: int
    """How many deliveries are pending again, or due now."""


def require_endpoint_revision(stored: WebhookEndpoint | None, expected: int | None) -> None:
    """Raise RevisionConflict unless `expected` is None or the stored revision (None: 0)."""
    actual = 0 if stored is None else stored.revision
    if expected is not None and expected != actual:
        raise RevisionConflict(expected, actual)


def _require_enabled(endpoint: WebhookEndpoint, _: Situation) -> None:
    if not endpoint.enabled:
        raise ValidationFailed.at("endpoint_id", "is of an endpoint that is disabled")


_ENABLED: Final = (Check("enabled", _require_enabled),)

TEST: Final = Action("testWebhookEndpoint", _ENABLED)
RETRY: Final = Action("retryWebhookDeliveries", _ENABLED)
ACTIONS: Final = (
    Action("saveWebhookEndpoint"),
    Action("rotateWebhookSecret"),
    TEST,
    Action("replayWebhookDeliveries"),
    RETRY,
    Action("deleteWebhookEndpoint"),
)
