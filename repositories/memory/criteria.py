"""Filters, orders and pages over records in memory."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeVar

from repositories.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Direction,
    Filter,
    IsNull,
    Not,
    Operator,
    Page,
    PageRequest,
)

R = TypeVar("R")

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda stored, value: stored == value,
    Operator.GT: lambda stored, value: stored > value,
    Operator.GTE: lambda stored, value: stored >= value,
    Operator.LT: lambda stored, value: stored < value,
    Operator.LTE: lambda stored, value: stored <= value,
    Operator.IN: lambda stored, value: stored in value,
    Operator.CONTAINS: lambda stored, value: value in stored,
    Operator.STARTS_WITH: lambda stored, value: stored.startswith(value),
}
_NEGATED = {Operator.NE: Operator.EQ, Operator.NOT_IN: Operator.IN}


def matches(record: object, filter: Filter | None) -> bool:
    match filter:
        case None:
            return True
        case AllOf(conditions):
            return all(matches(record, condition) for condition in conditions)
        case AnyOf(conditions):
            return any(matches(record, condition) for condition in conditions)
        case Not(condition):
            return not matches(record, condition)
        case IsNull(field):
            return getattr(record, field) is None
        case Comparison(field, operator, value):
            stored = getattr(record, field)
            if operator in _NEGATED:
                return not _is_true(stored, _NEGATED[operator], value)
            return _is_true(stored, operator, value)


def _is_true(stored: Any, operator: Operator, value: Any) -> bool:
    return stored is not None and _COMPARE[operator](stored, value)


def page_of(records: Iterable[R], key_name: str, request: PageRequest) -> Page[R]:
    """The page of the records that match."""
    field, upwards = request.order.field, request.order.direction is Direction.ASC
    rows = sorted(
        (record for record in records if matches(record, request.filter)),
        key=attrgetter(key_name),
        reverse=field == key_name and not upwards,
    )
    if field != key_name:
        # Sorting is stable, reversed or not: rows with equal values stay in the keys' order.
        rows.sort(key=attrgetter(field), reverse=not upwards)

    def is_after(record: R, value: Any, key: str) -> bool:
        stored = getattr(record, field)
        if stored != value:
            return bool(stored > value) is upwards
        return field != key_name and bool(getattr(record, key_name) > key)

    def is_before(record: R, value: Any, key: str) -> bool:
        at_place = getattr(record, field) == value and getattr(record, key_name) == key
        return not at_place and not is_after(record, value, key)

    if (after := request.after) is not None:
        rows = [row for row in rows if is_after(row, after.value, after.key)]
    if (before := request.before) is not None:
        rows = [row for row in rows if is_before(row, before.value, before.key)]
    if request.backwards:
        rows.reverse()
    return Page.of(request, rows[: request.limit + 1])
