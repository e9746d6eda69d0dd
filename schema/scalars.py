"""The custom scalars: `DateTime` for aware datetimes, `JSON` for JSON objects."""

import re
from datetime import UTC, datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from domain.json_object import JsonObject
from domain.validation import EARLIEST, LATEST
from schema.descriptions import JSON_OBJECT

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def parse_date_time(value: object) -> datetime:
    """In UTC; raises ValueError unless `value` is RFC 3339 and within the limits."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError(
            "must be an RFC 3339 date and time with an offset from UTC and at most "
            "microseconds, like 2026-03-01T09:30:00Z"
        )
    try:
        moment = datetime.fromisoformat(value.upper().replace(" ", "T"))
    except ValueError:
        raise ValueError("must be a date and time that exists") from None
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("must be in the years 1970 to 9998 (UTC)")
    return moment.astimezone(UTC)


def serialize_date_time(value: datetime) -> str:
    """In UTC with `Z`; a fraction of microseconds only where there is one."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def serialize_json(value: JsonObject) -> dict[str, Any]:
    return value.to_python()


WRITABLE: dict[str, type] = {"DateTime": datetime, "JSON": JsonObject}
"""By which class those of the scalars' values are known that `schema.encoding` writes."""

SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment, as an RFC 3339 date and time with an offset: `2026-03-01T09:30:00Z`. "
            "Without an offset it's refused. Given back in UTC with `Z`, to the microsecond. "
            "Years 1970 to 9998."
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
    ),
}
