"""What clients send about the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from domain.history import EventFilter as Filter
from domain.validation import LIST_LENGTH
from schema.callers import CallerKind
from schema.descriptions import ITEMS
from schema.errors import BadUserInput
from schema.history.event_types import EntityType, EventType


def _one_of(description: str) -> Any:
    return strawberry.field(default=UNSET, description=f"{description} {ITEMS}")


@strawberry.input(description="Conditions on events; all that are given hold.")
class EventFilter:
    types: list[EventType] | None = _one_of("What happened is one of these.")
    entity_types: list[EntityType] | None = _one_of("It happened to an entity of these types.")
    keys: list[strawberry.ID] | None = _one_of("It happened to an entity with one of these keys.")
    client_ids: list[strawberry.ID] | None = _one_of("The entity belongs to one of these clients.")
    caller_kinds: list[CallerKind] | None = _one_of("The caller who changed it is of these kinds.")
    caller_ids: list[strawberry.ID] | None = _one_of(
        "The caller who changed it has one of these ids, as `caller.callerId`."
    )
    on_behalf_of: list[str] | None = _one_of("The caller acted for one of these persons.")
    since: datetime | None = strawberry.field(
        default=UNSET, description="It happened at this time or later, by `occurredAt`."
    )
    until: datetime | None = strawberry.field(
        default=UNSET, description="It happened before this time, by `occurredAt`."
    )


def filter_of(given: EventFilter | None) -> Filter:
    """What the log is to be filtered by. Raises BadUserInput for lists that are too long, and for
    times of which none is in between."""
    if given is None or given is UNSET:
        return Filter()
    since, until = (it or None for it in (given.since, given.until))
    if since is not None and until is not None and until < since:
        raise BadUserInput("filter.until: must not be before `since`.")
    return _by_index(
        Filter(
            types=_values("types", given.types),
            entity_types=_values("entityTypes", given.entity_types),
            entity_keys=_values("keys", given.keys),
            client_ids=_values("clientIds", given.client_ids),
            caller_kinds=_values("callerKinds", given.caller_kinds),
            caller_ids=_values("callerIds", given.caller_ids),
            on_behalf_of=_values("onBehalfOf", given.on_behalf_of),
            since=since,
            until=until,
        )
    )


def _values(name: str, given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None or given is UNSET:
        return None
    if len(given) > LIST_LENGTH:
        raise BadUserInput(f"filter.{name}: at most {LIST_LENGTH} items are allowed.")
    return tuple(map(str, given))


def _given_or_all(entity_types: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(map(str, EntityType)) if entity_types is None else entity_types


def _by_index(filter: Filter) -> Filter:
    """The same events by conditions that the log has indexes for: by entities' types and keys, or
    by the types of events."""
    entity_types = filter.entity_types
    if filter.entity_keys is not None:
        return replace(filter, entity_types=_given_or_all(entity_types))
    if entity_types is None:
        return filter
    asked = map(str, EventType) if filter.types is None else filter.types
    types = tuple(it for it in asked if it.partition(".")[0] in entity_types)
    return replace(filter, types=types, entity_types=None)
