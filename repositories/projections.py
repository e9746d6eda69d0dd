"""What JSON objects are to have of records, and of what belongs to these."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple, final

import orjson

from domain.json_object import JsonObject
from repositories.criteria import Order, Page, PageRequest, Scalar

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS
"""Times, which records have in UTC, get a `Z`. What else isn't plain is written here."""


@final
class Attribute(NamedTuple):
    """The value of an attribute."""

    attribute: str


class Constant(NamedTuple):
    """The same text for all."""

    text: str


class EncodedId(NamedTuple):
    """A prefix and the value of an attribute, by `base64url`."""

    prefix: str
    attribute: str


class Embedded(NamedTuple):
    """The object that the record has under an attribute, or null; or all of a tuple of them."""

    attribute: str
    selection: "JsonProjection"
    is_many: bool


class Children(NamedTuple):
    """The record's children, in their order."""

    attribute: str
    selection: "JsonProjection"


class Reference(NamedTuple):
    """The entity of a kind that has under `by` what the record has under `attribute`, or null."""

    attribute: str
    kind: str
    by: str
    selection: "JsonProjection"


class Itself(NamedTuple):
    """Another object of the same record."""

    selection: "JsonProjection"


class Place(Enum):
    """The record's place in the order of the page that it's on, as `render_place` writes it."""

    OWN = auto()


class Fact(Enum):
    """What can be told of a page."""

    TOTAL = auto()
    """How many entities match the filter on all pages together."""
    HAS_NEXT = auto()
    HAS_PREVIOUS = auto()
    START = auto()
    """The place of the first one, or null."""
    END = auto()
    """The place of the last one, or null."""


class Facts(NamedTuple):
    """An object of what can be told of a page."""

    members: tuple[tuple[str, Fact | Constant], ...]


class Items(NamedTuple):
    """The entities of a page, in order."""

    selection: "JsonProjection"


class Paged(NamedTuple):
    """A page of the entities of a kind that have under `by` what the record has under `attribute`:
    an object with what is selected of it.

    Which page it is, says the whole selection: `pages` has it under this number.
    """

    attribute: str
    kind: str
    by: str
    number: int
    members: "tuple[tuple[str, PagedMember], ...]"


PagedMember = Items | Facts | Fact | Constant
Part = Attribute | Constant | EncodedId | Embedded | Children | Reference | Itself | Place | Paged


@dataclass(frozen=True, slots=True, eq=False)
class JsonProjection:
    """The members of an object, in order: a key, and what stands under it.

    A whole selection has the requests of all `pages` within it, by their numbers.
    """

    members: tuple[tuple[str, Part], ...]
    pages: tuple[PageRequest, ...] = ()
    has_places: bool = field(init=False)
    """Whether there are places in its texts."""
    _members_hash: int = field(init=False)

    def __post_init__(self) -> None:
        # It's looked up for every read, and may have many members.
        object.__setattr__(self, "has_places", any(_has_places(part) for _, part in self.members))
        object.__setattr__(self, "_members_hash", hash(self.members))

    def __hash__(self) -> int:
        return hash((self._members_hash, self.pages)) if self.pages else self._members_hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, JsonProjection)
            and self.members == other.members
            and self.pages == other.pages
        )

    def of_pages(self, pages: tuple[PageRequest, ...]) -> "JsonProjection":
        """The same with these pages."""
        if not pages:
            return self
        bound = object.__new__(JsonProjection)
        for name, value in (
            ("members", self.members),
            ("pages", pages),
            ("has_places", self.has_places),
            ("_members_hash", self._members_hash),
        ):
            object.__setattr__(bound, name, value)
        return bound

    @property
    def within(self) -> "Iterator[JsonProjection]":
        """The selections of objects within the object, as far as these are its own level's."""
        for _, part in self.members:
            match part:
                case Embedded() | Children() | Reference() | Itself():
                    yield part.selection
                case Paged(members=members):
                    yield from (each.selection for _, each in members if isinstance(each, Items))

    @property
    def size(self) -> int:
        """How many members there are, those of objects within the object included."""
        return sum(map(_size, (part for _, part in self.members))) + sum(
            each.size for each in self.within
        )

    @property
    def depth(self) -> int:
        """How deep queries are within one another, by their weights; 0 where there are none."""
        return max((_depth(part) for _, part in self.members), default=0)


_OBJECT_DEPTH: Final = 4
_ENTITY_DEPTH: Final = 8
_LIST_DEPTH: Final = 12
"""Lists are deeper: they have a query within a query."""
_PAGE_DEPTH: Final = 13
"""Pages are the deepest: those that are sorted have one more."""


def _size(part: Part) -> int:
    """How many members it makes, without those of selections within."""
    if not isinstance(part, Paged):
        return 1
    facts = (each for _, each in part.members if isinstance(each, Facts))
    return 1 + len(part.members) + sum(len(each.members) for each in facts)


def _depth(part: Part) -> int:
    match part:
        case Itself(selection):
            return selection.depth
        case Embedded(_, selection, is_many):
            return selection.depth + (_LIST_DEPTH if is_many else _OBJECT_DEPTH)
        case Reference(selection=selection):
            return selection.depth + _ENTITY_DEPTH
        case Children(_, selection):
            return selection.depth + _LIST_DEPTH
        case Paged(members=members):
            lists = (each.selection.depth for _, each in members if isinstance(each, Items))
            return _PAGE_DEPTH + max(lists, default=0)
    return 0


def _has_places(part: Part) -> bool:
    match part:
        case Place():
            return True
        case Embedded() | Children() | Reference() | Itself():
            return part.selection.has_places
        case Paged(members=members):
            return any(_are_places(each) for _, each in members)
    return False


def _are_places(member: PagedMember) -> bool:
    match member:
        case Items(selection):
            return selection.has_places
        case Facts(members):
            return any(_are_places(each) for _, each in members)
    return member is Fact.START or member is Fact.END


PLACE_MARK: Final = "\x01"
"""Stands before and after each place in a text; nothing else in JSON can be it."""


class Scope(NamedTuple):
    """Where places have a meaning: in lists of a kind, in an order."""

    kind: str
    order: Order

    @property
    def beginning(self) -> str:
        """How places begin, as JSON lists; the value that it's ordered by and the key follow."""
        return f'["{self.kind}","{self.order.field}","{self.order.direction.value}",'


def render_place(scope: Scope, value: Scalar, key: str) -> orjson.Fragment:
    """The place of the record that has this value and key, as a JSON list between marks.

    Times have their offset in digits, as cursors have them.
    """
    if isinstance(value, datetime):
        value = value.isoformat()
    parts = b",".join((encode_json(value), encode_json(key)))
    mark = PLACE_MARK.encode()
    return orjson.Fragment(b"".join((mark, scope.beginning.encode(), parts, b"]", mark)))


Belonging = Callable[[Children | Reference | Paged, Sequence[Any]], Sequence[Any]]
"""The objects of what belongs to each of the records."""


def objects(
    selection: JsonProjection,
    records: Iterable[Any],
    belonging: Belonging,
    places: Sequence[orjson.Fragment] = (),
) -> list[dict[str, Any]]:
    """The objects of the records, which have these places, to be written by `encode_json`."""
    given = list(records)
    keys = [key for key, _ in selection.members]
    columns = [_column(part, given, belonging, places) for _, part in selection.members]
    if not columns:
        return [{} for _ in given]
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


def are_carried(selection: JsonProjection, record: Any) -> bool:
    """Whether the record has all that is selected, its children included."""
    return not any(
        isinstance(part, Reference | Paged)
        or (isinstance(part, Children) and getattr(record, part.attribute) is None)
        for _, part in selection.members
    )


def carried(part: Children | Reference | Paged, records: Sequence[Any]) -> Sequence[Any]:
    """The children that records carry, such as those that were just written."""
    assert isinstance(part, Children)
    return [objects(part.selection, getattr(each, part.attribute), carried) for each in records]


def _column(
    part: Part, records: Sequence[Any], belonging: Belonging, places: Sequence[orjson.Fragment]
) -> Sequence[Any]:
    if type(part) is Attribute:  # as most are, which a pattern would take longer to tell
        return list(map(attrgetter(part.attribute), records))
    match part:
        case Constant(text):
            return [text] * len(records)
        case EncodedId(prefix, attribute):
            return [base64url(prefix + getattr(record, attribute)) for record in records]
        case Embedded(attribute, selection, is_many):
            held = [getattr(record, attribute) for record in records]
            if is_many:
                return [objects(selection, each, belonging) for each in held]
            made = iter(objects(selection, [one for one in held if one is not None], belonging))
            return [None if one is None else next(made) for one in held]
        case Itself(selection):
            return objects(selection, records, belonging)
        case Place():
            return places
        case _:
            return belonging(part, records)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a page: its records, their places, and what `total` counts."""

    page: Page[Any]
    places: Sequence[orjson.Fragment]
    total: Callable[[], int]


def paged(part: Paged, found: Sequence[Found], belonging: Belonging) -> list[dict[str, Any]]:
    """The objects of pages that were found."""
    return _told(part.members, found, belonging)


def _told(
    members: Iterable[tuple[str, PagedMember]],
    found: Sequence[Found],
    belonging: Belonging,
) -> list[dict[str, Any]]:
    columns = {key: _of_pages(member, found, belonging) for key, member in members}
    return [{key: column[place] for key, column in columns.items()} for place in range(len(found))]


def _of_pages(member: PagedMember, found: Sequence[Found], belonging: Belonging) -> Sequence[Any]:
    match member:
        case Items(selection):
            # All of them together, so that what belongs to them is found together.
            items = [item for each in found for item in each.page.items]
            places = [place for each in found for place in each.places]
            made = iter(objects(selection, items, belonging, places))
            return [list(islice(made, len(each.page.items))) for each in found]
        case Facts(members):
            return _told(members, found, belonging)
        case Constant(text):
            return [text] * len(found)
    return [_FACTS[member](each) for each in found]


_FACTS: Final[Mapping[Fact, Callable[[Found], Any]]] = {
    Fact.TOTAL: lambda found: found.total(),
    Fact.HAS_NEXT: lambda found: found.page.has_next,
    Fact.HAS_PREVIOUS: lambda found: found.page.has_previous,
    Fact.START: lambda found: found.places[0] if found.places else None,
    Fact.END: lambda found: found.places[-1] if found.places else None,
}


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


def encode_json(value: Any) -> bytes:
    """In UTF-8. Raises TypeError for what isn't JSON, a time or a JSON object."""
    return orjson.dumps(value, _written, _OPTIONS)


def _written(value: object) -> orjson.Fragment:
    if isinstance(value, JsonTexts):
        return orjson.Fragment(value.joined)
    if isinstance(value, JsonObject):
        return orjson.Fragment(value.text)
    raise TypeError
