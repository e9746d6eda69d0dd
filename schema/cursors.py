"""Cursors: opaque texts that name a position in a list."""

import binascii
import hashlib
import json
import math
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Protocol, get_type_hints

import orjson
from strawberry import UNSET

from domain.files import MAX_BYTES, ByteCount
from domain.validation import EARLIEST, INT_MAX, LATEST, unstorable
from repositories.criteria import Order, Position
from repositories.places import PLACE_MARK
from schema.errors import BadUserInput

_CHECKSUM_BYTES: Final = 6
_QUOTES: Final = 10
"""How many quotes a place has whose five parts are texts."""
_AS_JSON: Final = json.JSONEncoder(separators=(",", ":"))
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


class Listed(Protocol):
    """What lists are of: a type of records, and the attribute that is their key."""

    @property
    def record(self) -> type: ...

    @property
    def name(self) -> str:
        """The name of the GraphQL type, which is the record's."""
        ...

    @property
    def key_name(self) -> str: ...

    @property
    def module(self) -> str:
        """The module of the record, in every room."""
        ...


@dataclass(frozen=True, slots=True)
class ListedRecords:
    """Records that are no entities of the registry."""

    record: type
    key_name: str

    @property
    def name(self) -> str:
        return self.record.__name__

    @property
    def module(self) -> str:
        return self.record.__module__.rpartition(".")[-1]


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads the cursors of lists of one type in one order."""

    listed: Listed
    order: Order

    def encode(self, record: object) -> str:
        return self.encode_place(
            getattr(record, self.order.field), getattr(record, self.listed.key_name)
        )

    def encode_place(self, value: Any, key: str) -> str:
        """The cursor of the record with this value and key."""
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat()
        return _signed(_payload_of([*self._scope(), value, key]))

    def decode(self, argument: str, cursor: str | None) -> Position | None:
        """The position of the cursor. Raises BadUserInput unless it was made for lists of this type
        in this order."""
        found = _decoded(argument, cursor, self._scope())
        if found is None:
            return None
        position = self._position(*found)
        if position is None:
            raise _unknown(argument)
        return position

    def _scope(self) -> list[str]:
        return [self.listed.name, self.order.field, self.order.direction.value]

    def _position(self, value: Any, key: Any) -> Position | None:
        if not isinstance(key, str) or unstorable(key):
            return None
        type_, largest = _type_of(self.listed.record, self.order.field)
        if type_ is datetime and isinstance(value, str):
            value = _moment(value)
        fits = isinstance(value, str if issubclass(type_, str) else type_)
        return Position(value, key) if fits and _is_storable(value, largest) else None


_LOG: Final = ["Event", "position", "ASC"]
_HISTORY: Final = ["Event", "revision", "DESC"]


def encode_log_position(position: int) -> str:
    """The cursor of the event at this position of the log."""
    return _signed(_payload_of([*_LOG, position, ""]))


def decode_log_position(argument: str, cursor: str | None) -> int | None:
    """The position of the cursor. Raises BadUserInput unless it's a cursor of the log."""
    found = _decoded(argument, cursor, _LOG)
    if found is None:
        return None
    position, _ = found
    if type(position) is not int or not 0 <= position <= INT_MAX:
        raise _unknown(argument)
    return position


def encode_event_id(event_id: str) -> str:
    """The cursor of the event in the history of its entity."""
    return _signed(_payload_of([*_HISTORY, 0, event_id]))


def decode_event_id(argument: str, cursor: str | None) -> str | None:
    """The id of the cursor's event. Raises BadUserInput unless it's a cursor of a history."""
    found = _decoded(argument, cursor, _HISTORY)
    if found is None:
        return None
    _, event_id = found
    if not isinstance(event_id, str) or unstorable(event_id):
        raise _unknown(argument)
    return event_id


def _decoded(argument: str, cursor: str | None, scope: list[str]) -> tuple[Any, Any] | None:
    """The value and the key of a cursor of this scope. Raises BadUserInput."""
    if cursor is None or cursor is UNSET:
        return None
    payload = _payload(cursor)
    if payload is None:
        raise _unknown(argument)
    *given, value, key = payload
    if given != scope:
        raise BadUserInput(
            f"{argument}: this cursor is of a list of {_in_words(given)}, "
            f"but the list here is of {_in_words(scope)}."
        )
    return value, key


def _unknown(argument: str) -> BadUserInput:
    return BadUserInput(f"{argument}: this is not a cursor that was given out here.")


def with_cursors(text: str) -> str:
    """The JSON text with a cursor for each place that a repository rendered into it."""
    pieces = text.split(PLACE_MARK)
    places = pieces[1::2]
    payload_of = str.encode if _are_payloads(places) else _payload_of_place
    pieces[1::2] = [f'"{_signed(payload_of(place))}"' for place in places]
    return "".join(pieces)


def _are_payloads(places: Sequence[str]) -> bool:
    """Whether the places are payloads of cursors without a change: nothing in them is escaped.

    Numbers have several forms, and so have characters that JSON may escape.
    """
    all_ = "".join(places)
    is_unescaped = all_.isascii() and "\\" not in all_ and "\x7f" not in all_
    return is_unescaped and all_.count('"') == _QUOTES * len(places)


def _payload_of_place(place: str) -> bytes:
    return _payload_of(orjson.loads(place))


@cache
def _type_of(record: type, field: str) -> tuple[type, int]:
    """The type of an attribute, and its largest number where it's one."""
    type_: Any = get_type_hints(record)[field]
    return (int, MAX_BYTES) if type_ is ByteCount else (type_, INT_MAX)


def _payload_of(parts: list[Any]) -> bytes:
    return _AS_JSON.encode(parts).encode()


def _signed(payload: bytes) -> str:
    raw = b2a_base64(_checksum(payload) + payload, newline=False)
    return raw.translate(_URL_SAFE, b"=").decode()


def _in_words(scope: list[str]) -> str:
    type_name, field, direction = scope
    # Fields to order by are named like those of the records, in capitals.
    return f"{type_name} ordered by {field.upper()} {direction}"


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo and EARLIEST <= moment <= LATEST else None


def _is_storable(value: Any, largest: int) -> bool:
    if isinstance(value, str):
        return unstorable(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) <= largest


def _payload(cursor: str) -> list[Any] | None:
    """The payload of the cursor; None when a single character of it was changed."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        checksum, payload = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        if checksum != _checksum(payload):
            return None
        if _signed(payload) != cursor:
            return None
        parts = json.loads(payload)
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) != 5:
        return None
    # A scope is told in messages, so it has to be made of names.
    has_scope = all(isinstance(name, str) and name.isidentifier() for name in parts[:3])
    return parts if has_scope else None


def _checksum(payload: bytes) -> bytes:
    # It finds mistakes; there is nothing to gain by forging a cursor.
    return hashlib.blake2s(payload, digest_size=_CHECKSUM_BYTES).digest()
