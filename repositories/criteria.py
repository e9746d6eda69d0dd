"""Criteria of reads: filters, orders and pages, free of any database.

Filters are two-valued: a comparison of an absent value is false, and `Not` is the exact complement.
Of what is absent, NE and NOT_IN are true, as the complements of EQ and IN. Text compares by code
point, case-sensitively and literally.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

Scalar = str | int | float | bool | datetime
R = TypeVar("R")

AttributeMask = Mapping[str, frozenset[str]]
"""The names of attributes, by the name of the record's type."""


class Operator(StrEnum):
    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "nin"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares a field with a value; IN and NOT_IN have a tuple of values."""

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """True where the field's value is absent."""

    field: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every condition is true, also without any condition."""

    conditions: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when some condition is true, never without any condition."""

    conditions: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Filter"


Filter = Comparison | IsNull | AllOf | AnyOf | Not


class Direction(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


@dataclass(frozen=True, slots=True)
class Order:
    """Orders by a field that is never null; rows with equal values come by their key, ascending."""

    field: str
    direction: Direction


NEWEST_FIRST = Order("created_at", Direction.DESC)


@dataclass(frozen=True, slots=True)
class Position:
    """A position in an order: the ordered field's value, and the key, of the row there.

    The row itself may be gone: the place stays.
    """

    value: Scalar
    key: str


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Up to `limit` rows between two positions of an order.

    The first ones after `after`, or, `backwards`, the last ones before `before`; both places may
    be given. The rows come in the order's direction either way.
    """

    limit: int
    order: Order = NEWEST_FIRST
    filter: Filter | None = None
    after: Position | None = None
    before: Position | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows in order, and whether there are more on either side of them.

    On the side that the page was opened at (by `after`, or backwards by `before`) 'more' means
    that a place was given, since the row of that place stood there.
    """

    items: tuple[R, ...]
    has_previous: bool
    has_next: bool

    @classmethod
    def of(cls, request: PageRequest, found: Iterable[R]) -> "Page[R]":
        """The page of up to one row more than the limit, in the direction of reading."""
        rows = tuple(found)
        more = len(rows) > request.limit
        items = rows[: request.limit]
        if request.backwards:
            return cls(items[::-1], has_previous=more, has_next=request.before is not None)
        return cls(items, has_previous=request.after is not None, has_next=more)
