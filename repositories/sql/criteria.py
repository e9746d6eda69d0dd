"""Filters, orders and pages as SQL that means the same on SQLite and PostgreSQL.

The SQL depends on the shape of the criteria and not on their values, so that it's compiled once
for all values; these are its parameters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import count
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from domain.validation import unstorable
from repositories.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Direction,
    Filter,
    IsNull,
    Not,
    Operator,
    Order,
    PageRequest,
    Position,
)
from repositories.sql.dialects import Dialect
from repositories.sql.metadata import CLIENT

Condition = ColumnElement[bool]
Values = dict[str, Any]


class _Operand(StrEnum):
    """The value in a filter's shape, in place of the filter's own."""

    PARAMETER = "parameter"
    NEVER_STORED = "never stored"


# Filters


def shape_of(filter: Filter | None) -> Filter | None:
    """The filter without its values: filters of one shape have the same SQL."""
    match filter:
        case None:
            return None
        case AllOf(conditions):
            return AllOf(tuple(map(_shape_of, conditions)))
        case AnyOf(conditions):
            return AnyOf(tuple(map(_shape_of, conditions)))
        case Not(condition):
            return Not(_shape_of(condition))
        case IsNull():
            return filter
        case Comparison(value=value):
            return replace(filter, value=_operand(value))


def _shape_of(filter: Filter) -> Filter:
    shape = shape_of(filter)
    assert shape is not None
    return shape


def values_of(filter: Filter | None, prefix: str = "") -> Values:
    """The parameters of the SQL of the filter's shape; their names begin with the prefix."""
    return dict(zip(_parameter_names(prefix), _values(filter), strict=False))


def _parameter_names(prefix: str) -> Iterator[str]:
    return (f"{prefix}filter_{number}" for number in count())


def _values(filter: Filter | None) -> Iterator[Any]:
    match filter:
        case AllOf(conditions) | AnyOf(conditions):
            for condition in conditions:
                yield from _values(condition)
        case Not(condition):
            yield from _values(condition)
        case Comparison(value=tuple(members)):
            yield storable(cast(Sequence[str], members))
        case Comparison(value=value) if not _never_stored(value):
            yield value


def condition(
    table: FromClause,
    shape: Filter | None,
    dialect: Dialect,
    *,
    prefix: str = "",
    by_client: bool = True,
) -> Condition:
    """The filters of a shape as a condition that is true or false for every row, never null.

    Unless rows are to be found `by_client`, a condition on their client uses no index.
    """
    if shape is None:
        return true()
    return _condition(_Columns(table, dialect, by_client), shape, _parameter_names(prefix), dialect)


class _Columns(NamedTuple):
    """The columns of a table as conditions have them."""

    table: FromClause
    dialect: Dialect
    by_client: bool

    def __call__(self, name: str) -> ColumnElement[Any]:
        column = self.table.c[name]
        return column if self.by_client or name != CLIENT else self.dialect.without_index(column)

    def is_nullable(self, name: str) -> bool:
        return bool(self.table.c[name].nullable)


def _condition(
    columns: _Columns, shape: Filter, parameters: Iterator[str], dialect: Dialect
) -> Condition:
    match shape:
        case AllOf(conditions):
            parts = [_condition(columns, part, parameters, dialect) for part in conditions]
            return and_(true(), *parts)
        case AnyOf(conditions):
            parts = [_condition(columns, part, parameters, dialect) for part in conditions]
            return or_(false(), *parts)
        case Not(inner):
            return not_(_condition(columns, inner, parameters, dialect))
        case IsNull(field):
            return columns(field).is_(None)
        case Comparison(operator=Operator.NE):
            equal = replace(shape, operator=Operator.EQ)
            return not_(_comparison(columns, equal, parameters, dialect))
        case Comparison(operator=Operator.NOT_IN):
            among = replace(shape, operator=Operator.IN)
            return not_(_comparison(columns, among, parameters, dialect))
        case Comparison():
            return _comparison(columns, shape, parameters, dialect)


def _comparison(
    columns: _Columns, shape: Comparison, parameters: Iterator[str], dialect: Dialect
) -> Condition:
    column = columns(shape.field)
    if shape.value is _Operand.NEVER_STORED:
        return false()
    is_true: Condition = _compared(column, shape.operator, next(parameters), dialect)
    # NULL makes a comparison NULL, whose negation isn't its complement.
    return and_(column.is_not(None), is_true) if columns.is_nullable(shape.field) else is_true


def _compared(
    column: ColumnElement[Any], operator: Operator, parameter: str, dialect: Dialect
) -> Any:
    if operator is Operator.IN:
        return dialect.among(column, parameter)
    # Typed, for SQLAlchemy takes true and false for keywords, which have no order.
    value = bindparam(parameter, type_=column.type)
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
        case Operator.CONTAINS:
            return dialect.contains(column, value)
        case Operator.STARTS_WITH:
            return dialect.starts_with(column, value)
        case _:
            raise ValueError(operator)


def storable(values: Sequence[str]) -> list[str]:
    """The values without texts that no database can store: drivers refuse these as parameters."""
    if unstorable("".join(values)) is None:
        return list(values)
    return [value for value in values if not _never_stored(value)]


def _operand(value: Any) -> _Operand:
    return _Operand.NEVER_STORED if _never_stored(value) else _Operand.PARAMETER


def _never_stored(value: Any) -> bool:
    return isinstance(value, str) and unstorable(value) is not None


# Pages


def page_shape_of(request: PageRequest) -> PageRequest:
    """The request without its values: requests of one shape have the same SQL."""
    return replace(
        request,
        limit=0,
        filter=shape_of(request.filter),
        after=request.after and _ANYWHERE,
        before=request.before and _ANYWHERE,
    )


def nested_page_shape_of(request: PageRequest) -> PageRequest:
    """The shape of a nested page: it keeps the limit, so that the size of pages can be foreseen."""
    return replace(page_shape_of(request), limit=request.limit)


_ANYWHERE = Position("", "")


def page_values_of(request: PageRequest, prefix: str = "", *, more: bool = True) -> Values:
    """The parameters of the SQL of the request's shape; their names begin with the prefix.

    `more`: whether it matters if there are more rows.
    """
    values = values_of(request.filter, prefix)
    values[f"{prefix}limit"] = request.limit + more
    for name, position in (("after", request.after), ("before", request.before)):
        if position is not None:
            values |= {f"{prefix}{name}_value": position.value, f"{prefix}{name}_key": position.key}
    return values


LIMIT = bindparam("limit", type_=Integer())
"""The size of the page, and one more row to see whether more follow."""


def page_of(
    query: Select[Any],
    table: FromClause,
    key: ColumnElement[Any],
    shape: PageRequest,
    limit: ColumnElement[int] = LIMIT,
) -> Select[Any]:
    """The rows of the page and one more, in the direction of reading."""
    return (
        query.where(*between_positions(table, key, shape))
        .order_by(*reading_order(table, key, shape))
        .limit(limit)
    )


def bounded_page_of(
    query: Select[Any], table: FromClause, key: ColumnElement[Any], shape: PageRequest, most: int
) -> Select[Any]:
    """The rows of `page_of`, at most `most`, which stands in the SQL.

    PostgreSQL can't foresee a parameter, so it would plan anew for each; with a constant it plans
    only once.
    """
    bounded = page_of(query, table, key, shape, limit=literal_column(str(most))).subquery()
    order = reading_order(bounded, bounded.c[str(key.key)], shape)
    return select(bounded).order_by(*order).limit(LIMIT)


def reading_order(
    table: FromClause, key: ColumnElement[Any], request: PageRequest
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


def between_positions(
    table: FromClause, key: ColumnElement[Any], shape: PageRequest, prefix: str = ""
) -> Sequence[Condition]:
    found = []
    if shape.after is not None:
        found.append(_beyond(table, key, shape.order, "after", prefix))
    if shape.before is not None:
        found.append(_beyond(table, key, shape.order, "before", prefix))
    return found


def _beyond(
    table: FromClause, key: ColumnElement[Any], order: Order, side: str, prefix: str
) -> Condition:
    """The condition of rows after, or before, the position in the order."""
    column = table.c[order.field]
    forwards = side == "after"
    upwards = (order.direction is Direction.ASC) is forwards
    value = bindparam(f"{prefix}{side}_value", type_=column.type)
    further: Condition = column > value if upwards else column < value
    if column is key:
        return further
    position_key = bindparam(f"{prefix}{side}_key", type_=key.type)
    not_short_of = column >= value if upwards else column <= value
    key_further = key > position_key if forwards else key < position_key
    # The first condition is implied by the second, but it's the one that an index can seek to.
    return and_(not_short_of, or_(further, key_further))
