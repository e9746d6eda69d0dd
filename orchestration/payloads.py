"""What becomes of events that are sent: deliveries, and the JSON texts that they send."""

from typing import Any, Final

from domain.history import Event, EventFilter
from domain.json_object import dumps
from domain.webhooks import NewDelivery, WebhookEndpoint, rfc3339

PAYLOAD_BYTES: Final = 256 * 1024
"""The largest payload; an event with a larger one is sent without the entity's state."""


def events_of(endpoint: WebhookEndpoint) -> EventFilter:
    """The events that the endpoint gets."""
    return EventFilter(types=endpoint.event_types or None, client_ids=endpoint.client_ids or None)


def payload_of(event: Event) -> str:
    """The JSON text that is sent of an event.

    It has at most PAYLOAD_BYTES: `state` is null and `stateOmitted` true where it would have more.
    """
    if event.state is not None and len(event.state.text) > PAYLOAD_BYTES:
        return _payload(event, None, is_omitted=True)  # without parsing what may be huge
    text = whole_payload_of(event)
    if len(text.encode()) <= PAYLOAD_BYTES:
        return text
    return _payload(event, None, is_omitted=True)


def whole_payload_of(event: Event) -> str:
    """The same JSON text with the entity's state, however large it is."""
    state = None if event.state is None else event.state.to_python()
    return _payload(event, state, is_omitted=False)


def _payload(event: Event, state: Any, *, is_omitted: bool) -> str:
    caller = event.caller
    return dumps(
        {
            "type": event.type,
            "timestamp": rfc3339(event.occurred_at),
            "data": {
                "eventId": event.event_id,
                "position": event.position,
                "entityType": event.entity_type,
                "key": event.entity_key,
                "revisionBefore": event.revision_before,
                "revisionAfter": event.revision_after,
                "clientId": event.client_id,
                "caller": {
                    "kind": caller.kind.value,
                    "id": caller.id,
                    "onBehalfOf": caller.on_behalf_of,
                },
                "requestId": caller.request_id,
                "changedFields": event.changed_fields,
                "state": state,
                "stateOmitted": is_omitted,
            },
        }
    )


def delivery_of(event: Event, delivery_id: str) -> NewDelivery:
    return NewDelivery(
        delivery_id=delivery_id,
        event_id=event.event_id,
        event_type=event.type,
        entity_type=event.entity_type,
        entity_key=event.entity_key,
        position=event.position,
        payload=payload_of(event),
    )
