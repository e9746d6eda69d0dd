"""What becomes of events that are sent: deliveries, and the JSON texts that they send."""

from typing import Final

from domain.history import Event, EventFilter
from domain.json_object import dumps
from domain.webhooks import NewDelivery, WebhookEndpoint, rfc3339

PAYLOAD_BYTES: Final = 256 * 1024
"""The largest payload; an event with a larger one is sent without the entity's state."""
_MAX_BYTES: Final = 4
"""Of a character in UTF-8."""
_NULL: Final = "null"


def events_of(endpoint: WebhookEndpoint) -> EventFilter:
    """The events that the endpoint gets."""
    return EventFilter(types=endpoint.event_types or None, client_ids=endpoint.client_ids or None)


def payload_of(event: Event) -> str:
    """The JSON text that is sent of an event.

    It has at most PAYLOAD_BYTES: `state` is null and `stateOmitted` true where it would have more.
    """
    if event.state is not None and len(event.state.text) > PAYLOAD_BYTES:
        return _payload(event, _NULL, is_omitted=True)
    text = whole_payload_of(event)
    if len(text) <= PAYLOAD_BYTES // _MAX_BYTES or len(text.encode()) <= PAYLOAD_BYTES:
        return text
    return _payload(event, _NULL, is_omitted=True)


def whole_payload_of(event: Event) -> str:
    """The same JSON text with the entity's state, however large it is."""
    state = _NULL if event.state is None else event.state.text
    return _payload(event, state, is_omitted=False)


def _payload(event: Event, state: str, *, is_omitted: bool) -> str:
    """`state` is JSON: it isn't parsed, for that would take most of the time."""
    caller = event.caller
    head = dumps(
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
            },
        }
    )
    omitted = "true" if is_omitted else "false"
    return f'{head[:-2]},"state":{state},"stateOmitted":{omitted}}}}}'


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
