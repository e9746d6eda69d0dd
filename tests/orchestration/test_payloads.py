"""What is sent of an event: the change, with the entity as it was after it."""

import json
from dataclasses import replace
from typing import Any

from domain.callers import Caller, CallerKind
from domain.history import Event
from domain.json_object import JsonObject
from domain.webhooks import new_test_delivery
from orchestration.payloads import PAYLOAD_BYTES, delivery_of, events_of
from tests import builders as build
from tests.support.sources import START


def event(**changes: Any) -> Event:
    complete = Event(
        position=7,
        event_id="event-1",
        type="draft.saved",
        entity_type="draft",
        entity_key="draft-1",
        revision_before=1,
        revision_after=2,
        client_id="client-1",
        caller=Caller(CallerKind.OPERATOR, "ada", None, "request-1", clients=None),
        occurred_at=START,
        changed_fields=("title",),
        state=JsonObject.of({"draftId": "draft-1", "title": "Brot für alle"}),
    )
    return replace(complete, **changes)


def payload(event: Event) -> Any:
    return json.loads(delivery_of(event, "delivery-1").payload)


def test_a_payload_tells_the_change() -> None:
    assert payload(event()) == {
        "type": "draft.saved",
        "timestamp": "2026-03-02T09:30:15.123456Z",
        "data": {
            "eventId": "event-1",
            "position": 7,
            "entityType": "draft",
            "key": "draft-1",
            "revisionBefore": 1,
            "revisionAfter": 2,
            "clientId": "client-1",
            "caller": {"kind": "operator", "id": "ada", "onBehalfOf": None},
            "requestId": "request-1",
            "changedFields": ["title"],
            "state": {"draftId": "draft-1", "title": "Brot für alle"},
            "stateOmitted": False,
        },
    }


def test_a_deletion_has_no_state() -> None:
    data = payload(event(type="draft.deleted", revision_after=0, state=None))["data"]

    assert (data["state"], data["stateOmitted"]) == (None, False)


def test_a_state_that_is_too_large_is_left_out_and_the_payload_says_so() -> None:
    text = delivery_of(event(state=JsonObject.of({"body": "é" * PAYLOAD_BYTES})), "d").payload

    data = json.loads(text)["data"]
    assert (data["state"], data["stateOmitted"]) == (None, True)
    assert len(text.encode()) < 1_000


def test_a_state_that_is_too_large_is_not_parsed() -> None:
    no_json = JsonObject("x" * (PAYLOAD_BYTES + 1))

    assert payload(event(state=no_json))["data"]["stateOmitted"] is True


def test_a_delivery_knows_its_event() -> None:
    delivery = delivery_of(event(), "delivery-1")

    assert (delivery.delivery_id, delivery.event_id, delivery.position) == (
        "delivery-1",
        "event-1",
        7,
    )
    assert (delivery.event_type, delivery.entity_type, delivery.entity_key) == (
        "draft.saved",
        "draft",
        "draft-1",
    )


def test_a_test_event_is_of_the_endpoint_and_of_no_change() -> None:
    delivery = new_test_delivery("endpoint-1", "delivery-1", "event-1", START)

    assert delivery.position is None
    assert json.loads(delivery.payload) == {
        "type": "webhook_endpoint.tested",
        "timestamp": "2026-03-02T09:30:15.123456Z",
        "data": {"eventId": "event-1", "entityType": "webhook_endpoint", "key": "endpoint-1"},
    }


def test_an_endpoint_without_types_and_clients_gets_all_events() -> None:
    assert events_of(build.webhook_endpoint(event_types=(), client_ids=())).matches(event())
    assert events_of(build.webhook_endpoint()).matches(event())
    assert not events_of(build.webhook_endpoint(event_types=("a.b",))).matches(event())
    assert not events_of(build.webhook_endpoint(client_ids=("other",))).matches(event())
