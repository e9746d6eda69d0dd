"""What clients send about the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import strawberry
from strawberry import UNSET

from domain.history import EventFilter as Filter
from domain.validation import LIST_LENGTH
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


def filter_of(given: EventFilter | None) -> Filter:
    """What the log is to be filtered by. Raises BadUserInput for lists that are too long."""
    if given is None or given is UNSET:
        return Filter()
    lists = {
        "types": given.types,
        "entityTypes": given.entity_types,
        "keys": given.keys,
        "clientIds": given.client_ids,
    }
    for name, values in lists.items():
        if values and len(values) > LIST_LENGTH:
            raise BadUserInput(f"filter.{name}: at most {LIST_LENGTH} items are allowed.")
    types, entity_types, keys, client_ids = (
        None if values is None or values is UNSET else tuple(map(str, values))
        for values in lists.values()
    )
    return _by_index(
        Filter(types=types, entity_types=entity_types, entity_keys=keys, client_ids=client_ids)
    )


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
