"""Filters, orders and pages as SQL that means the same on SQLite and PostgreSQL."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    any_,
    bindparam,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domain.validation import unstorable
from repositories.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Direction,
    Filter,
    Not,
    Operator,
    PageRequest,
    Position,
)
from repositories.metadata import PlainText

Condition = ColumnElement[bool]


def among(column: ColumnElement[Any], values: Iterable[Any], *, is_sqlite: bool) -> Condition:
    """`column` is one of `values`, as one parameter whatever their number."""
    kept = [value for value in values if not _never_stored(value)]
    if is_sqlite:
        members = func.json_each(bindparam(None, json.dumps(kept))).table_valued("value")
        return column.in_(select(members.c.value))
    return column == any_(bindparam(None, kept, type_=ARRAY(PlainText)))


def condition(table: Table, filter: Filter | None, *, is_sqlite: bool) -> Condition:
    """The filter as a condition that is true or false for every row, never null."""
    match filter:
        case None:
            return true()
        case AllOf(conditions):
            return and_(
                true(), *(condition(table, part, is_sqlite=is_sqlite) for part in conditions)
            )
        case AnyOf(conditions):
            return or_(
                false(), *(condition(table, part, is_sqlite=is_sqlite) for part in conditions)
            )
        case Not(inner):
            return not_(condition(table, inner, is_sqlite=is_sqlite))
        case Comparison():
            return _comparison(table, filter, is_sqlite)


def _comparison(table: Table, comparison: Comparison, is_sqlite: bool) -> Condition:
    column = table.c[comparison.field]
    value: Any = comparison.value
    match comparison.operator:
        case Operator.NE:
            return not_(_compare(column, Operator.EQ, value, is_sqlite))
        case Operator.NOT_IN:
            return not_(_compare(column, Operator.IN, value, is_sqlite))
        case operator:
            return _compare(column, operator, value, is_sqlite)


def _compare(
    column: ColumnElement[Any], operator: Operator, value: Any, is_sqlite: bool
) -> Condition:
    if value is None:
        return column.is_(None) if operator is Operator.EQ else false()
    if _never_stored(value):
        return false()
    is_true: Condition = _compare_stored(column, operator, value, is_sqlite)
    # NULL makes a comparison NULL, whose negation isn't its complement.
    return and_(column.is_not(None), is_true) if getattr(column, "nullable", False) else is_true


def _compare_stored(
    column: ColumnElement[Any], operator: Operator, value: Any, is_sqlite: bool
) -> Any:
    match operator:
        case Operator.EQ:
            return column == value
        case Operator.GT:
            return column > value
        case Operator.GTE:
            return column >= value
        case Operator.LT:
            return column < value
        case Operator.LTE:
            return column <= value
        case Operator.IN:
            return among(column, value, is_sqlite=is_sqlite)
        case Operator.CONTAINS:
            find = func.instr if is_sqlite else func.strpos
            return find(column, value) > 0
        case Operator.STARTS_WITH:
            if is_sqlite:
                return func.substr(column, 1, len(value)) == value
            return func.starts_with(column, value)
        case _:
            raise ValueError(operator)


def _never_stored(value: Any) -> bool:
    """Text that no database can hold; as a parameter it would be an error of the driver."""
    return isinstance(value, str) and unstorable(value) is not None


def page_of(
    query: Select[Any], table: Table, key: ColumnElement[Any], request: PageRequest
) -> Select[Any]:
    """The rows of the page and one more, in the direction of reading."""
    return (
        query.where(*between_places(table, key, request))
        .order_by(*reading_order(table, key, request))
        .limit(request.limit + 1)
    )


def reading_order(
    table: Table, key: ColumnElement[Any], request: PageRequest
) -> tuple[ColumnElement[Any], ...]:
    column = table.c[request.order.field]
    if column is key:
        is_ascending = (request.order.direction is Direction.ASC) is not request.backwards
        return (key.asc() if is_ascending else key.desc(),)
    descending = (request.order.direction is Direction.DESC) is not request.backwards
    return (
        column.desc() if descending else column.asc(),
        key.desc() if request.backwards else key.asc(),
    )


def between_places(
    table: Table, key: ColumnElement[Any], request: PageRequest
) -> Sequence[Condition]:
    found = []
    if request.after is not None:
        found.append(_beyond(table, key, request, request.after, forwards=True))
    if request.before is not None:
        found.append(_beyond(table, key, request, request.before, forwards=False))
    return found


def _beyond(
    table: Table,
    key: ColumnElement[Any],
    request: PageRequest,
    place: Position,
    *,
    forwards: bool,
) -> Condition:
    """Rows that stand after the place (before it, unless `forwards`) in the request's order."""
    column = table.c[request.order.field]
    upwards = (request.order.direction is Direction.ASC) is forwards
    # Typed, for SQLAlchemy takes true and false for keywords, which have no order.
    value = bindparam(None, place.value, type_=column.type)
    further: Condition = column > value if upwards else column < value
    if column is key:
        return further
    not_short_of = column >= value if upwards else column <= value
    key_further = key > place.key if forwards else key < place.key
    # The first condition says nothing new, but it's the one that an index can seek to.
    return and_(not_short_of, or_(further, key_further))
