"""The names of what happens to entities, as clients see them."""

from enum import StrEnum
from typing import Final

from domain.history import ADOPTED, DELETED
from repositories.registry import ENTITY_TYPES
from schema.descriptions import describe_enum

_RECORDS: Final = tuple(type_.record for type_ in ENTITY_TYPES.values())


def _with_article(name: str) -> str:
    return f"{'An' if name[0] in 'aeiou' else 'A'} {name.replace('_', ' ')}"


def _outcomes(record: type) -> tuple[str, ...]:
    return (*record.outcomes, DELETED, ADOPTED)  # type: ignore[attr-defined]


EntityType = StrEnum(  # type: ignore[misc]
    "EntityType", {record.entity_type.upper(): record.entity_type for record in _RECORDS}
)
"""The types of entities, by their names in the log."""

EventType = StrEnum(  # type: ignore[misc]
    "EventType",
    {
        f"{record.entity_type}_{outcome}".upper(): f"{record.entity_type}.{outcome}"
        for record in _RECORDS
        for outcome in _outcomes(record)
    },
)
"""What may happen to entities of each type, by its names in the log."""

describe_enum(
    EntityType,
    "The types of entities.",
    **{name: f"{_with_article(member.value)}." for name, member in EntityType.__members__.items()},
)


def _description(value: str) -> str:
    entity, outcome = value.split(".")
    if outcome == ADOPTED:
        return f"{_with_article(entity)} was there when the log began."
    return f"{_with_article(entity)} was {outcome}."


describe_enum(
    EventType,
    "What happened to an entity. Webhooks name the same events by lower-case words and a point, "
    "such as `draft.saved`.",
    **{name: _description(member.value) for name, member in EventType.__members__.items()},
)
