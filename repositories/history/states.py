"""Entities as the JSON of the log, and back: complete, with their children, in the API's names.

The texts have no bookkeeping: storage decides about it as it saves, and keeps it beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
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
    type_: Any = type(record)
    return orjson.dumps(_members_of(type_)(record), _rendered, _OPTIONS).decode()


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
    type_: Any = type(value)
    if type_ is JsonObject:
        return orjson.Fragment(value.text)
    return _members_of(type_)(value)


@cache
def _members_of(type_: Any) -> Callable[[Any], Mapping[str, Any]]:
    """The function that returns the attributes of a record, and of those in its lists, by the
    names that they have in the API.

    Every save renders a state, so the function is compiled, as `dataclasses` compiles methods: it
    takes a sixth of the time of a loop over the names and of a call for each child.
    """
    types, functions = _types(type_), dict[str, Any]()
    members = []
    for attribute, name in state_names(type_).items():
        value = f"it.{attribute}"
        item = _record_in(types[attribute])
        if item is not None:
            function = f"of_{attribute}"
            functions[function] = _members_of(item)
            value = f"{value} and list(map({function}, {value}))"
        members.append(f"{name!r}: {value}")
    source = f"lambda it: {{{', '.join(members)}}}"
    made: Callable[[Any], Mapping[str, Any]] = eval(source, functions)  # noqa: S307 - our own names
    return made


def _record_in(type_: Any) -> Any:
    """The class of the records of which a type is a list; None where it's no such list."""
    for each in (type_, *get_args(type_)):
        if get_origin(each) is tuple:
            item, *_ = get_args(each)
            if hasattr(item, "__dataclass_fields__") and item is not JsonObject:
                return item
    return None


@cache
def _types(type_: Any) -> Mapping[str, Any]:
    return get_type_hints(type_)


def _attributes(type_: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    types = _types(type_)
    names = {field.name: api_name(field.name) for field in fields(type_)}
    return {
        attribute: _parsed(types[attribute], members[name])
        for attribute, name in names.items()
        if name in members
    }


def _parsed(type_: Any, value: Any) -> Any:
    """The value of an attribute of this type."""
    if value is None:
        return None
    type_ = getattr(type_, "__supertype__", type_)
    if get_origin(type_) is tuple:
        item, _ = get_args(type_)
        return tuple(_parsed(item, each) for each in value)
    if alternatives := get_args(type_):
        [type_] = (each for each in alternatives if each is not NoneType)
        return _parsed(type_, value)
    if type_ is JsonObject:
        return JsonObject.of(value)
    if type_ is datetime:
        return datetime.fromisoformat(value)
    if hasattr(type_, "__dataclass_fields__"):
        return type_(**_attributes(type_, value))
    return type_(value) if issubclass(type_, Enum) else value
