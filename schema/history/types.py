"""Events of the log as clients see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from domain.callers import Caller
from domain.errors import StateRemoved
from domain.history import Event as Record
from domain.history import StateChange, changes_between
from repositories.registry import TYPES_IN_THE_LOG
from schema.callers import CallerKind
from schema.context import Context, Info
from schema.cursors import encode_log_position
from schema.declarations import FieldResolution
from schema.errors import Forbidden
from schema.history.event_types import EntityType, EventType
from schema.node import Node, for_any_entity, require_readable
from schema.pagination import PageInfo
from schema.scalars import JSONValue


def _caller_id(parent: Parent[Caller]) -> strawberry.ID:
    return strawberry.ID(parent.id)


@strawberry.type(name="Caller", description="Who asked for a change.")
class EventCaller:
    kind: CallerKind = strawberry.field(description="What kind of caller it is.")
    caller_id: strawberry.ID = strawberry.field(
        resolver=_caller_id, description="Names the caller among those of its kind."
    )
    on_behalf_of: str | None = strawberry.field(
        description="The person for whom the caller acted; null: it acted for itself."
    )


@strawberry.type(description="A value of an entity that a change replaced.")
class FieldChange:
    path: list[str] = strawberry.field(
        description=(
            "The way to the value, from the entity: field names, and list indexes as strings, like "
            '`["artifacts", "0", "url"]`.'
        )
    )
    before: JSONValue | None = strawberry.field(
        description="The value before the change; null where there was none."
    )
    after: JSONValue | None = strawberry.field(
        description="The value after the change; null where there is none."
    )


def _type(parent: Parent[Record]) -> EventType:
    return EventType(parent.type)


def _entity_type(parent: Parent[Record]) -> EntityType:
    return EntityType(parent.entity_type)


def _key(parent: Parent[Record]) -> strawberry.ID:
    return strawberry.ID(parent.entity_key)


def _request_id(parent: Parent[Record]) -> strawberry.ID:
    return strawberry.ID(parent.caller.request_id)


def _cursor(parent: Parent[Record]) -> str | None:
    return None if parent.position is None else encode_log_position(parent.position)


async def _entities(parents: Sequence[Record], context: Context) -> list[Any]:
    """The entities as they are stored now, those of a type by one read; an error in place of those
    that the caller may not read."""
    keys_of: dict[str, list[str]] = defaultdict(list)
    for event in parents:
        keys_of[event.entity_type].append(event.entity_key)
    found: dict[tuple[str, str], Any] = {}
    for name, keys in keys_of.items():
        type_ = TYPES_IN_THE_LOG[name]
        try:
            require_readable(type_, context.caller)
            loaded: Sequence[Any] = await context.loaders.of(type_).by_key.load_many(keys)
        except Forbidden as error:
            loaded = [error] * len(keys)
        found |= {(name, key): it for key, it in zip(keys, loaded, strict=True)}
    return [found[event.entity_type, event.entity_key] for event in parents]


def _key_name(event: Record) -> str:
    return to_camel_case(TYPES_IN_THE_LOG[event.entity_type].key_name)


async def _changes(parents: Sequence[Record], context: Context) -> list[Sequence[StateChange]]:
    before = await context.loaders.events.states_before.load_many(parents)
    return [
        ()
        if isinstance(state, StateRemoved)
        else changes_between(state, event.state, _key_name(event))
        for state, event in zip(before, parents, strict=True)
    ]


async def _changes_known(parents: Sequence[Record], context: Context) -> list[bool]:
    before = await context.loaders.events.states_before.load_many(parents)
    return [not isinstance(state, StateRemoved) for state in before]


def _read(read: Any, declared: dict[str, Any], type_: Any) -> Any:
    """A field that is read for all events of a level at once."""

    async def resolve(parent: Parent[Any], info: Info) -> Any:
        [found] = await read([parent], info.context)
        if isinstance(found, Forbidden):
            raise found
        return found

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        found: Sequence[Any] = await read(parents, info.context)
        return found

    return strawberry.field(
        resolver=resolve,
        **declared,
        graphql_type=type_,
        metadata=FieldResolution(resolve_batch=resolve_all).metadata,
    )


@strawberry.type(
    description=(
        "A change of an entity. Every change that was stored has exactly one event, recorded in "
        "the transaction of the change."
    )
)
class Event:
    event_id: strawberry.ID = strawberry.field(
        description="Unique; webhooks name the event by it, too."
    )
    cursor: str | None = strawberry.field(
        resolver=_cursor,
        description=(
            "The event's place in the log, for `after` of `events`; opaque. Null for some "
            "milliseconds after the change."
        ),
    )
    type: EventType = strawberry.field(resolver=_type, description="What happened.")
    entity_type: EntityType = strawberry.field(
        resolver=_entity_type, description="The type of the entity that it happened to."
    )
    key: strawberry.ID = strawberry.field(
        resolver=_key, description="The business key of the entity."
    )
    revision_before: int = strawberry.field(
        description="The entity's revision before the change; 0: it wasn't there."
    )
    revision_after: int = strawberry.field(
        description="The entity's revision after the change; 0: it's gone."
    )
    client_id: strawberry.ID | None = strawberry.field(
        description="The client whom the entity belonged to; null where that isn't known."
    )
    caller: EventCaller = strawberry.field(description="Who asked for the change.")
    request_id: strawberry.ID = strawberry.field(
        resolver=_request_id,
        description="The request that made the change, as answers and the server's log name it.",
    )
    occurred_at: datetime = strawberry.field(description="When the change was made.")
    changed_fields: list[str] = strawberry.field(
        description=(
            "The fields that have another value now: all of them for a new entity; none where the "
            "same was saved again, or the entity was deleted."
        )
    )
    state: JSON | None = strawberry.field(
        description=(
            "The entity with its children after the change, field by field as this API has them; "
            "null when it was deleted."
        )
    )
    changes: list[FieldChange] = _read(
        _changes,
        {
            "description": "The values that the change replaced, worked out from the states before "
            "and after it; none where `changesKnown` is false."
        },
        list[FieldChange],
    )
    changes_known: bool = _read(
        _changes_known,
        {
            "description": "Whether `changes` could be worked out: not where the event with the "
            "state before it was removed, since the server keeps events for some time only."
        },
        bool,
    )
    entity: Node | None = _read(
        _entities,
        for_any_entity("The entity as it's stored now; null when it isn't any more."),
        Node | None,
    )


@strawberry.type(description="An event, and its place in its list.")
class EventEdge:
    cursor: str = strawberry.field(
        description="The event's place in this list, for `after` and `before`; opaque."
    )
    node: Event = strawberry.field(description="The event.")


@strawberry.type(description="A page of events.")
class EventConnection:
    edges: list[EventEdge] = strawberry.field(
        description="The events with their cursors, in order."
    )
    nodes: list[Event] = strawberry.field(description="The events alone, in order.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")
