"""Projections: the members that JSON objects have of records, and of what belongs to these."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, NamedTuple, final

from repositories.criteria import PageRequest


@final
class Attribute(NamedTuple):
    """The value of an attribute."""

    attribute: str


class Constant(NamedTuple):
    """A text that is the same for all records."""

    text: str


class EncodedId(NamedTuple):
    """A prefix and the value of an attribute, by `base64url`."""

    prefix: str
    attribute: str


class Address(NamedTuple):
    """An address, which nobody but the schema can make: `render_address` renders what it's made
    of, these attributes. It's the value of the attribute `given` where the record has one.

    The outermost projection has the terms of the address: `terms` has them under this number. None:
    the address is valid for good.

    With `of_children` it's also made of whether any of the record's children has an attribute: of
    those that it has under a name, the attribute.
    """

    attributes: tuple[str, ...]
    number: int | None = None
    given: str | None = None
    of_children: tuple[str, str] | None = None


class Computed(NamedTuple):
    """What storage computes of the record, and of what else is stored: whether something holds.

    The attribute is one of those that the record's repository computes.
    """

    attribute: str


class Embedded(NamedTuple):
    """The object that the record has under an attribute, or null; or all of a tuple of them."""

    attribute: str
    projection: "JsonProjection"
    is_many: bool


class Children(NamedTuple):
    """The record's children, in their order."""

    attribute: str
    projection: "JsonProjection"


class Reference(NamedTuple):
    """The entity of a type that has under `by` what the record has under `attribute`, or null."""

    attribute: str
    type_name: str
    by: str
    projection: "JsonProjection"


class Itself(NamedTuple):
    """Another object of the same record."""

    projection: "JsonProjection"


class Place(Enum):
    """The record's place in the order of the page that it's on, as `render_place` renders it."""

    OWN = auto()


class Fact(Enum):
    """A fact about a page."""

    TOTAL = auto()
    """How many entities match the filter on all pages together."""
    HAS_NEXT = auto()
    HAS_PREVIOUS = auto()
    START = auto()
    """The place of the first item, or null."""
    END = auto()
    """The place of the last item, or null."""


class Facts(NamedTuple):
    """An object of facts about a page."""

    members: tuple[tuple[str, Fact | Constant], ...]


class Items(NamedTuple):
    """The entities of a page, in order."""

    projection: "JsonProjection"


class Paged(NamedTuple):
    """A page of the entities of a type that have under `by` what the record has under `attribute`:
    an object with these members.

    The outermost projection has the request of the page: `pages` has it under this number.
    """

    attribute: str
    type_name: str
    by: str
    number: int
    members: "tuple[tuple[str, PagedMember], ...]"


PagedMember = Items | Facts | Fact | Constant
Part = (
    Attribute
    | Constant
    | EncodedId
    | Address
    | Computed
    | Embedded
    | Children
    | Reference
    | Itself
    | Place
    | Paged
)


@dataclass(frozen=True, slots=True, eq=False)
class JsonProjection:
    """The members of an object, in order: keys, and the parts under them.

    An outermost projection has the requests of all `pages` within it, and the terms of addresses,
    by their numbers. Terms change nothing of what is rendered, so projections that differ in these
    alone are equal.
    """

    members: tuple[tuple[str, Part], ...]
    pages: tuple[PageRequest, ...] = ()
    terms: tuple[Any, ...] = ()
    """Those of addresses, which the schema knows."""
    has_places: bool = field(init=False)
    """Whether its texts contain places."""
    has_addresses: bool = field(init=False)
    """Whether its texts contain addresses that are to be made."""
    _members_hash: int = field(init=False)

    def __post_init__(self) -> None:
        # It's looked up for every read, and may have many members.
        set_ = object.__setattr__
        set_(self, "has_places", any(_has_places(part) for _, part in self.members))
        has_own = any(isinstance(part, Address) for _, part in self.members)
        set_(self, "has_addresses", has_own or any(each.has_addresses for each in self.within))
        set_(self, "_members_hash", hash(self.members))

    def __hash__(self) -> int:
        return hash((self._members_hash, self.pages)) if self.pages else self._members_hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, JsonProjection)
            and self.members == other.members
            and self.pages == other.pages
        )

    def of_pages(
        self, pages: tuple[PageRequest, ...], terms: tuple[Any, ...] | None = None
    ) -> "JsonProjection":
        """The same projection with these pages, and with other terms where they are given."""
        if not pages and not terms:
            return self
        bound = object.__new__(JsonProjection)
        for name, value in (
            ("members", self.members),
            ("pages", pages),
            ("terms", self.terms if terms is None else terms),
            ("has_places", self.has_places),
            ("has_addresses", self.has_addresses),
            ("_members_hash", self._members_hash),
        ):
            object.__setattr__(bound, name, value)
        return bound

    @property
    def within(self) -> "Iterator[JsonProjection]":
        """The projections of the objects that are directly within the object."""
        for _, part in self.members:
            match part:
                case Embedded() | Children() | Reference() | Itself():
                    yield part.projection
                case Paged(members=members):
                    yield from (each.projection for _, each in members if isinstance(each, Items))

    @property
    def size(self) -> int:
        """How many members the object has, with those of objects within it."""
        return sum(map(_size, (part for _, part in self.members))) + sum(
            each.size for each in self.within
        )

    @property
    def copies(self) -> int:
        """How often the object may have a text of the record, or of its children, at the most, as
        long as no address is to be made.

        UNBOUNDED where it has something that isn't the record's.
        """
        of_names, again = Counter[str](), 0
        for _, part in self.members:
            match part:
                case Attribute(name) | EncodedId(_, name) | Constant(name):
                    of_names[name] += 1
                case Address(given=str(name)):
                    of_names[name] += 1
                case Embedded(name, projection, _) | Children(name, projection):
                    of_names[name] += projection.copies
                case Itself(projection):
                    again += projection.copies
                case _:
                    return UNBOUNDED
        return max(of_names.values(), default=0) + again

    @property
    def depth(self) -> int:
        """The depth of nested queries, by their weights; 0 without queries."""
        return max((_depth(part) for _, part in self.members), default=0)


UNBOUNDED: Final = 2**53
"""More copies than any object has."""

_OBJECT_DEPTH: Final = 4
_ENTITY_DEPTH: Final = 8
_LIST_DEPTH: Final = 12
"""Lists are deeper: they have a query within a query."""
_COMPUTED_DEPTH: Final = 12
"""As lists are: its query has conditions within conditions."""
_PAGE_DEPTH: Final = 13
"""Pages are the deepest: those that are sorted have one more."""


def _size(part: Part) -> int:
    """How many members the part makes, without those of projections within it."""
    if not isinstance(part, Paged):
        return 1
    facts = (each for _, each in part.members if isinstance(each, Facts))
    return 1 + len(part.members) + sum(len(each.members) for each in facts)


def _depth(part: Part) -> int:
    match part:
        case Itself(projection):
            return projection.depth
        case Embedded(_, projection, is_many):
            return projection.depth + (_LIST_DEPTH if is_many else _OBJECT_DEPTH)
        case Reference(projection=projection):
            return projection.depth + _ENTITY_DEPTH
        case Computed():
            return _COMPUTED_DEPTH
        case Address(of_children=tuple()):
            return _ENTITY_DEPTH
        case Children(_, projection):
            return projection.depth + _LIST_DEPTH
        case Paged(members=members):
            lists = (each.projection.depth for _, each in members if isinstance(each, Items))
            return _PAGE_DEPTH + max(lists, default=0)
    return 0


def _has_places(part: Part) -> bool:
    match part:
        case Place():
            return True
        case Embedded() | Children() | Reference() | Itself():
            return part.projection.has_places
        case Paged(members=members):
            return any(_are_places(each) for _, each in members)
    return False


def _are_places(member: PagedMember) -> bool:
    match member:
        case Items(projection):
            return projection.has_places
        case Facts(members):
            return any(_are_places(each) for _, each in members)
    return member is Fact.START or member is Fact.END
