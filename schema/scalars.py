"""The custom scalars: `DateTime` for aware datetimes, `JSON` for JSON objects, and others."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NewType

import strawberry
from graphql import (
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)
from strawberry.scalars import JSON

from domain.files import MAX_BYTES, ByteCount
from domain.json_object import JsonObject
from domain.scopes import Scope
from domain.validation import EARLIEST, JSON_LEVELS, LATEST
from schema.descriptions import JSON_OBJECT

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_date_time(value: object) -> datetime:
    """The time in UTC, to the microsecond: further digits are cut off, not rounded.

    Raises ValueError unless `value` is RFC 3339 and within the limits.
    """
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError(
            "must be an RFC 3339 date and time with an offset from UTC, like 2026-03-01T09:30:00Z"
        )
    try:
        moment = datetime.fromisoformat(value.upper().replace(" ", "T"))
    except ValueError:
        raise ValueError("must be a date and time that exists") from None
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("must be in the years 1970 to 9998 (UTC)")
    return moment.astimezone(UTC)


def serialize_date_time(value: datetime) -> str:
    """The time in UTC with `Z`, with a fraction only if it has one."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_json_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> Any:
    """The value with its variables as the client gave them.

    A variable without a value leaves its key out, and is null in a list, as in graphql-js.
    """
    match node:
        case ObjectValueNode(fields=fields):
            members = {
                field.name.value: parse_json_literal(field.value, variables) for field in fields
            }
            return {name: value for name, value in members.items() if value is not Undefined}
        case ListValueNode(values=nodes):
            items = [parse_json_literal(item, variables) for item in nodes]
            return [None if item is Undefined else item for item in items]
        case VariableNode(name=name):
            return _as_json((variables or {}).get(name.value, Undefined), JSON_LEVELS)
        case _:
            return value_from_ast_untyped(node)


def _as_json(coerced: Any, levels: int) -> Any:
    """The JSON of a coerced value, to a depth of `levels`; deeper JSON is refused later."""
    if isinstance(coerced, datetime):
        return serialize_date_time(coerced)
    if isinstance(coerced, Enum):
        return coerced.name
    if levels and isinstance(coerced, dict):
        return {name: _as_json(value, levels - 1) for name, value in coerced.items()}
    if levels and isinstance(coerced, list):
        return [_as_json(item, levels - 1) for item in coerced]
    return coerced


def parse_byte_count(value: object) -> int:
    """The number. Raises ValueError unless it's whole, and every client reads it exactly."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_BYTES:
        raise ValueError(f"must be a whole number up to {MAX_BYTES:,}")
    return value


def serialize_json(value: JsonObject) -> dict[str, Any]:
    return value.to_python()


ScopeName = NewType("ScopeName", str)
"""A scope, as clients have it."""

JSONValue = NewType("JSONValue", object)
"""Any JSON value, as Python has it."""

ENCODABLE: dict[str, type] = {"DateTime": datetime, "JSON": JsonObject, "ByteCount": int}
"""The class of the values that `schema.encoding` encodes as they are, by the scalar's name."""

SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment, as an RFC 3339 date and time with an offset: `2026-03-01T09:30:00Z`. "
            "Without an offset it's refused. A fraction may have any number of digits and is cut "
            "to microseconds. Given back in UTC with `Z`. Years 1970 to 9998."
        ),
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=serialize_date_time,
        parse_value=parse_date_time,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description=(
            "A JSON object. Key order and numbers come back as they were given. "
            f"{JSON_OBJECT} Integers within 64 bits; no NUL and no lone surrogates in texts."
        ),
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259",
        serialize=serialize_json,
        parse_value=lambda value: value,
        parse_literal=parse_json_literal,
    ),
    ByteCount: strawberry.scalar(
        name="ByteCount",
        description=(
            "A number of bytes: a whole number, which may be larger than 32 bits hold, up to "
            f"{MAX_BYTES:,}."
        ),
        serialize=lambda value: value,
        parse_value=parse_byte_count,
    ),
    ScopeName: strawberry.scalar(
        name="Scope",
        description=(
            "What a caller may do, by module and verb: "
            + ", ".join(f"`{scope}`" for scope in Scope)
            + ". `admin` grants all others."
        ),
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
    JSONValue: strawberry.scalar(
        name="JSONValue",
        description="Any JSON value: an object, a list, a text, a number, a boolean or null.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
