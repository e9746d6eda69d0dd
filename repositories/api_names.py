"""The names that the attributes of records have in the API."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

from domain.entity import Entity, Owned

BOOKKEEPING: Final = frozenset(field.name for field in fields(Entity))
"""The attributes of an entity about which storage decides as it saves."""

_DECIDED: Final = frozenset(field.name for field in fields(Owned))
"""Those of an entity that belongs to the client of another one."""


@cache
def api_name(attribute: str) -> str:
    """`target_audience` is `targetAudience` in the API."""
    first, *others = attribute.split("_")
    return first + "".join(map(str.capitalize, others))


def field_names(record_type: type[Entity]) -> Mapping[str, str]:
    """The attributes of an entity that may change, in order, with their names in the API."""
    kind: Any = record_type
    found = dict(state_names(kind))
    del found[record_type.key_name]
    return found


@cache
def state_names(kind: Any) -> Mapping[str, str]:
    """The attributes of a class of records, but for bookkeeping, with their names in the API."""
    left_out: frozenset[str] = frozenset()
    if issubclass(kind, Entity):
        left_out = _DECIDED if issubclass(kind, Owned) else BOOKKEEPING
    return {
        field.name: api_name(field.name) for field in fields(kind) if field.name not in left_out
    }
