"""What JSON objects are to have of records, and of what belongs to these."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from domain.json_object import JsonObject

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS
"""Times, which records have in UTC, get a `Z`. What else isn't plain is written here."""


class Value(NamedTuple):
    """The value of an attribute."""

    attribute: str


class Constant(NamedTuple):
    """The same text for all."""

    text: str


class Opaque(NamedTuple):
    """A prefix and the value of an attribute, by `base64url`."""

    prefix: str
    attribute: str


class Held(NamedTuple):
    """The object that the record has under an attribute, or null; or all of a tuple of them."""

    attribute: str
    selection: "Selection"
    is_many: bool


class Owned(NamedTuple):
    """The record's children, in their order."""

    attribute: str
    selection: "Selection"


class Referenced(NamedTuple):
    """The entity of a kind that has under `by` what the record has under `attribute`, or null."""

    attribute: str
    kind: str
    by: str
    selection: "Selection"


Part = Value | Constant | Opaque | Held | Owned | Referenced


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The members of an object, in order: a key, and what stands under it."""

    members: tuple[tuple[str, Part], ...]
    _hash: int = field(init=False)

    def __post_init__(self) -> None:
        # It's looked up for every read, and may have many members.
        object.__setattr__(self, "_hash", hash(self.members))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Selection) and self.members == other.members)

    @property
    def size(self) -> int:
        """How many members there are, those of objects within the object included."""
        return len(self.members) + sum(each.size for each in self._within)

    @property
    def levels(self) -> int:
        """How deep objects are within one another; 1 where there are none within."""
        return 1 + max((each.levels for each in self._within), default=0)

    @property
    def _within(self) -> "list[Selection]":
        parts = (part for _, part in self.members)
        return [part.selection for part in parts if isinstance(part, Held | Owned | Referenced)]


Belonging = Callable[[Owned | Referenced, Sequence[Any]], Sequence[Any]]
"""The objects of what belongs to each of the records."""


def objects(
    selection: Selection, records: Iterable[Any], belonging: Belonging
) -> list[dict[str, Any]]:
    """The objects of the records, to be written by `write_json`."""
    given = list(records)
    keys = [key for key, _ in selection.members]
    columns = [_column(part, given, belonging) for _, part in selection.members]
    if not columns:
        return [{} for _ in given]
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


def are_carried(selection: Selection, record: Any) -> bool:
    """Whether the record has all that is selected, its children included."""
    return not any(
        isinstance(part, Referenced)
        or (isinstance(part, Owned) and getattr(record, part.attribute) is None)
        for _, part in selection.members
    )


def carried(part: Owned | Referenced, records: Sequence[Any]) -> Sequence[Any]:
    """The children that records carry, such as those that were just written."""
    assert isinstance(part, Owned)
    return [objects(part.selection, getattr(each, part.attribute), carried) for each in records]


def _column(part: Part, records: Sequence[Any], belonging: Belonging) -> Sequence[Any]:
    match part:
        case Value(attribute):
            return list(map(attrgetter(attribute), records))
        case Constant(text):
            return [text] * len(records)
        case Opaque(prefix, attribute):
            return [base64url(prefix + getattr(record, attribute)) for record in records]
        case Held(attribute, selection, is_many):
            held = [getattr(record, attribute) for record in records]
            if is_many:
                return [objects(selection, each, belonging) for each in held]
            made = iter(objects(selection, [one for one in held if one is not None], belonging))
            return [None if one is None else next(made) for one in held]
        case _:
            return belonging(part, records)


def base64url(text: str) -> str:
    """Without padding: RFC 4648, section 5."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class JsonTexts:
    """JSON texts that stand in a value as they are: a list of them, or a single one."""

    texts: Sequence[str]
    is_list: bool = True

    @property
    def joined(self) -> str:
        return f"[{','.join(self.texts)}]" if self.is_list else self.texts[0]


def size_of(value: Any) -> int:
    """How many characters its texts have, each as often as it's there."""
    match value:
        case str():
            return len(value)
        case dict():
            return sum(map(size_of, value.values()))
        case list() | tuple():
            return sum(map(size_of, value))
        case JsonObject():
            return len(value.text)
        case JsonTexts():
            return sum(map(len, value.texts))
    return 0


def write_json(value: Any) -> bytes:
    """In UTF-8. Raises TypeError for what isn't JSON, a time or a JSON object."""
    return orjson.dumps(value, _written, _OPTIONS)


def _written(value: object) -> orjson.Fragment:
    if isinstance(value, JsonTexts):
        return orjson.Fragment(value.joined)
    if isinstance(value, JsonObject):
        return orjson.Fragment(value.text)
    raise TypeError
