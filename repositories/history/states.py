"""Entities as the JSON of the log, and back: complete, with their children, in the API's names.

The texts have no bookkeeping: storage decides about it as it saves, and keeps it beside them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import orjson

from domain.entity import Entity, Owned
from domain.json_object import JsonObject
from repositories.api_names import api_name, state_names
from repositories.json_encoding import encode_json

R = TypeVar("R", bound=Entity)

_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


def render_state(record: Entity) -> str:
    """The record, which has its children, as a JSON object."""
    return orjson.dumps(record, _rendered, _OPTIONS).decode()


def complete_state(
    state: str, revision: int, created_at: datetime, updated_at: datetime
) -> JsonObject:
    """The state with the bookkeeping, as the API renders it."""
    rest = encode_json({"revision": revision, "createdAt": created_at, "updatedAt": updated_at})
    return JsonObject(f"{state[:-1]},{rest[1:].decode()}")


def record_of(record_type: type[R], state: JsonObject, client_id: str | None) -> R:
    """The record whose complete state it is, which belonged to the client.

    What is younger than the state has its default.
    """
    attributes = _attributes(record_type, state.to_python())
    if issubclass(record_type, Owned):
        attributes["client_id"] = client_id
    return record_type(**attributes)


def _rendered(value: Any) -> Any:
    """The value that orjson encodes in place of one of an unknown class."""
    kind: Any = type(value)
    if kind is JsonObject:
        return orjson.Fragment(value.text)
    names, attributes = _getters(kind)
    return dict(zip(names, attributes(value), strict=True))


@cache
def _getters(kind: Any) -> tuple[Sequence[str], Callable[[Any], tuple[Any, ...]]]:
    names = state_names(kind)
    return tuple(names.values()), attrgetter(*names)


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _attributes(kind: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    types = _types(kind)
    names = {field.name: api_name(field.name) for field in fields(kind)}
    return {
        attribute: _parsed(types[attribute], members[name])
        for attribute, name in names.items()
        if name in members
    }


def _parsed(kind: Any, value: Any) -> Any:
    """The value of an attribute of this type."""
    if value is None:
        return None
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is tuple:
        item, _ = get_args(kind)
        return tuple(_parsed(item, each) for each in value)
    if alternatives := get_args(kind):
        [kind] = (each for each in alternatives if each is not NoneType)
        return _parsed(kind, value)
    if kind is JsonObject:
        return JsonObject.of(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if hasattr(kind, "__dataclass_fields__"):
        return kind(**_attributes(kind, value))
    return kind(value) if issubclass(kind, Enum) else value
