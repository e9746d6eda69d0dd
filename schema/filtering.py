"""Inputs of filters and orders, and their conversion to criteria of the repositories."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import strawberry
from strawberry import UNSET

from domain.files import ByteCount
from domain.validation import LIST_LENGTH
from repositories.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Direction,
    Filter,
    IsNull,
    Not,
    Operator,
)
from schema.descriptions import describe_enum
from schema.errors import BadUserInput

MAX_FILTER_CONDITIONS = 200
MAX_FILTER_DEPTH = 10

ALL_HOLD = "all of them hold. `null` counts as left out."
"""A sentence of the description of each set of conditions."""

_EQ = "Equal to."
_NE = "Different from."
_IN = "One of these; an empty list finds nothing."
_NIN = "None of these; an empty list finds everything."
_IS_NULL = "`true` finds what is absent, `false` what is present."
_ABSENT = "What is absent is different from every value, so `ne` and `nin` find it."
_ABSENT_MOMENT = "What is absent is different from every moment, so `ne` finds it."


def optional(description: str, name: str | None = None) -> Any:
    """An optional field of a filter."""
    return strawberry.field(default=UNSET, description=description, name=name)


@strawberry.input(
    name="IDFilter", description=f"Conditions on a key; {ALL_HOLD} Keys compare exactly."
)
class IDFilter:
    eq: strawberry.ID | None = optional(_EQ)
    ne: strawberry.ID | None = optional(_NE)
    in_: list[strawberry.ID] | None = optional(_IN, "in")
    nin: list[strawberry.ID] | None = optional(_NIN)


@strawberry.input(
    name="NullableIDFilter",
    description=f"Conditions on a key that may be absent; {ALL_HOLD} {_ABSENT}",
)
class NullableIDFilter(IDFilter):
    is_null: bool | None = optional(_IS_NULL)


@strawberry.input(description=f"Conditions on a text; {ALL_HOLD} Case-sensitive, by code point.")
class StringFilter:
    eq: str | None = optional(_EQ)
    ne: str | None = optional(_NE)
    in_: list[str] | None = optional(_IN, "in")
    nin: list[str] | None = optional(_NIN)
    contains: str | None = optional("Has this text in it, literally: `%` and `_` mean themselves.")
    starts_with: str | None = optional("Begins with this text, literally.")


@strawberry.input(description=f"Conditions on a text that may be absent; {ALL_HOLD} {_ABSENT}")
class NullableStringFilter(StringFilter):
    is_null: bool | None = optional(_IS_NULL)


@strawberry.input(description=f"Conditions on a whole number; {ALL_HOLD}")
class IntFilter:
    eq: int | None = optional(_EQ)
    ne: int | None = optional(_NE)
    gt: int | None = optional("Greater than.")
    gte: int | None = optional("Greater than or equal to.")
    lt: int | None = optional("Less than.")
    lte: int | None = optional("Less than or equal to.")


@strawberry.input(description=f"Conditions on a number of bytes; {ALL_HOLD}")
class ByteCountFilter:
    eq: ByteCount | None = optional(_EQ)
    ne: ByteCount | None = optional(_NE)
    gt: ByteCount | None = optional("Greater than.")
    gte: ByteCount | None = optional("Greater than or equal to.")
    lt: ByteCount | None = optional("Less than.")
    lte: ByteCount | None = optional("Less than or equal to.")


@strawberry.input(description=f"Conditions on a number; {ALL_HOLD}")
class FloatFilter:
    eq: float | None = optional(_EQ)
    ne: float | None = optional(_NE)
    gt: float | None = optional("Greater than.")
    gte: float | None = optional("Greater than or equal to.")
    lt: float | None = optional("Less than.")
    lte: float | None = optional("Less than or equal to.")


@strawberry.input(description=f"Conditions on a moment; {ALL_HOLD}")
class DateTimeFilter:
    eq: datetime | None = optional(_EQ)
    ne: datetime | None = optional(_NE)
    gt: datetime | None = optional("After.")
    gte: datetime | None = optional("At or after.")
    lt: datetime | None = optional("Before.")
    lte: datetime | None = optional("At or before.")


@strawberry.input(
    description=f"Conditions on a moment that may be absent; {ALL_HOLD} {_ABSENT_MOMENT}"
)
class NullableDateTimeFilter(DateTimeFilter):
    is_null: bool | None = optional(_IS_NULL)


@strawberry.input(description="A condition on a yes or no. `null` counts as left out.")
class BooleanFilter:
    eq: bool | None = optional("Equal to.")


E = TypeVar("E")


@strawberry.input
class EnumFilter(Generic[E]):
    """Base of the filters on closed sets; not a GraphQL type of its own."""

    eq: E | None = optional(_EQ)
    ne: E | None = optional(_NE)
    in_: list[E] | None = optional(_IN, "in")
    nin: list[E] | None = optional(_NIN)


describe_enum(
    Direction,
    "The direction of an order. Equal values follow by their key, ascending, either way.",
    ASC="Smallest, earliest or alphabetically first (by code point) first.",
    DESC="Largest, latest or alphabetically last (by code point) first.",
)

_COMBINATORS: dict[str, type[AllOf] | type[AnyOf]] = {"and_": AllOf, "or_": AnyOf}


def require_few_conditions(filter: Mapping[str, Any] | None) -> None:
    """Raises BadUserInput when a filter has too many conditions.

    It counts the coerced input, because making objects of it takes a hundred times as long.
    """
    if filter is not None:
        _require_few(_count(filter))


def _count(filter: Mapping[str, Any]) -> int:
    """The `_size` of the filter that is made of this input."""
    found = 0
    for name, value in filter.items():
        if value is None:
            continue
        if name in ("and", "or"):
            found += sum(map(_count, value)) or 1
        elif name == "not":
            found += _count(value)
        elif isinstance(value, Mapping):
            found += sum(each is not None for each in value.values())
        else:  # the filter of events has lists alone
            found += 1
    return found or 1


def _require_few(conditions: int) -> None:
    if conditions > MAX_FILTER_CONDITIONS:
        raise BadUserInput(
            f"filter: at most {MAX_FILTER_CONDITIONS} conditions are allowed, not {conditions}."
        )


def criteria(filter: Any, depth: int = 1) -> Filter | None:
    """The criteria of an `<Entity>Filter`. Raises BadUserInput when it's too large."""
    if filter is UNSET or filter is None:
        return None
    converted = _all_of(filter, depth)
    _require_few(_size(converted))
    return converted


def _all_of(filter: Any, depth: int) -> Filter:
    if depth > MAX_FILTER_DEPTH:
        raise BadUserInput(f"filter: may be nested at most {MAX_FILTER_DEPTH} levels deep.")
    conditions: list[Filter] = []
    for field in fields(filter):
        value = getattr(filter, field.name)
        if value is UNSET or value is None:
            continue
        if combine := _COMBINATORS.get(field.name):
            conditions.append(combine(tuple(_all_of(part, depth + 1) for part in value)))
        elif field.name == "not_":
            conditions.append(Not(_all_of(value, depth + 1)))
        else:
            conditions.extend(_comparisons(field.name, value))
    return AllOf(tuple(conditions))


def _comparisons(name: str, comparator: Any) -> list[Filter]:
    found: list[Filter] = []
    for field in fields(comparator):
        value = getattr(comparator, field.name)
        if value is UNSET or value is None:
            continue
        if field.name == "is_null":
            absent = IsNull(name)
            found.append(absent if value else Not(absent))
            continue
        operator = Operator[_OPERATORS.get(field.name, field.name).upper()]
        if isinstance(value, list):
            if len(value) > LIST_LENGTH:
                raise BadUserInput(f"filter: lists may have at most {LIST_LENGTH} items.")
            found.append(Comparison(name, operator, tuple(map(_plain, value))))
        else:
            found.append(Comparison(name, operator, _plain(value)))
    return found


_OPERATORS = {"in_": "in", "nin": "not_in"}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _size(filter: Filter) -> int:
    """The number of conditions; an empty filter counts as one, since it's a part of the query."""
    match filter:
        case AllOf(conditions) | AnyOf(conditions):
            return sum(map(_size, conditions)) or 1
        case Not(condition):
            return _size(condition)
        case _:
            return 1


def is_null() -> Any:
    """The condition of comparators on what may be absent."""
    return optional(_IS_NULL)


def on(field: str) -> Any:
    """A condition on a field of the entity."""
    return optional(f"Conditions on `{field}`.")


def all_of() -> Any:
    return optional("All of these hold; an empty list always does.", "and")


def any_of() -> Any:
    return optional("At least one of these holds; an empty list never does.", "or")


def none_of() -> Any:
    return optional("This doesn't hold: finds exactly what it wouldn't find by itself.", "not")


def order_field() -> Any:
    return strawberry.field(description="What to order by.")


def order_direction() -> Any:
    return strawberry.field(description="Which way.")
