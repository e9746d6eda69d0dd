"""The rows of entities that a statement reads: all of them, or those that match a rule.

Statements read a table through these functions. Without a rule, they read the table itself; with
one, a subquery in its place. Databases merge such a subquery into the statement.

Only what lists or counts a whole table finds rows `by_client`, as an index has them. All other
statements have keys or references to find them by: if it were free to choose, SQLite would rather
go through all that a client has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import FromClause, Select, Subquery, Table, literal_column, select
from sqlalchemy.sql.selectable import NamedFromClause

from repositories.criteria import Filter
from repositories.sql.criteria import Condition, Values, condition, shape_of, values_of
from repositories.sql.dialects import Dialect
from repositories.visibility import Rules


@dataclass(frozen=True, eq=False, slots=True)
class RuleShapes:
    """The rules without their values, by the names of the record types.

    It is a part of the keys of statements, whose SQL depends on it. All of equal shapes are one
    object, so to compare them costs next to nothing.
    """

    filters: Mapping[str, Filter]

    def get(self, type_name: str) -> Filter | None:
        return self.filters.get(type_name)


@lru_cache(256)
def shapes_of(rules: Rules) -> RuleShapes:
    return _only(tuple((name, _shape_of(rule)) for name, rule in sorted(rules.filters.items())))


@cache
def _only(shapes: tuple[tuple[str, Filter], ...]) -> RuleShapes:
    """The only object of these shapes, of which there are few."""
    return RuleShapes(MappingProxyType(dict(shapes)))


NO_RULES: Final = _only(())


def rule_values_of(rules: Rules, tables: Mapping[str, str]) -> Values:
    """The parameters of the rules; `tables` has the tables' names by those of the record types."""
    values: dict[str, Any] = {}
    for name, rule in rules.filters.items():
        values |= values_of(rule, _prefix(tables[name]))
    return values


@cache
def rows_of(
    table: Table, rule: Filter | None, dialect: Dialect, *, by_client: bool = False
) -> FromClause:
    """The rows that match the rule, under the name of the table.

    The same arguments give the same object, so that its columns can be compared.
    """
    return table if rule is None else _subquery(table, rule, table.name, dialect, by_client)


def rows_as(
    name: str, table: Table, rule: Filter | None, dialect: Dialect, *, by_client: bool = False
) -> NamedFromClause:
    """The rows that match the rule, under the name."""
    return table.alias(name) if rule is None else _subquery(table, rule, name, dialect, by_client)


@cache
def children_of(
    children: Table, parents: Table, key_name: str, rule: Filter | None, dialect: Dialect
) -> FromClause:
    """The rows of the children of those parents that match the rule."""
    if rule is None:
        return children
    is_of_child = parents.c[key_name] == children.c[key_name]
    parent: Select[Any] = select(literal_column("1")).where(
        is_of_child, meets(rule, parents, dialect)
    )
    return select(children).where(parent.correlate(children).exists()).subquery(children.name)


def meets(
    rule: Filter | None, table: Table, dialect: Dialect, *, by_client: bool = False
) -> Condition:
    """Whether a row of the table matches the rule."""
    return condition(table, rule, dialect, prefix=_prefix(table.name), by_client=by_client)


def _subquery(table: Table, rule: Filter, name: str, dialect: Dialect, by_client: bool) -> Subquery:
    return select(table).where(meets(rule, table, dialect, by_client=by_client)).subquery(name)


def _shape_of(rule: Filter) -> Filter:
    shape = shape_of(rule)
    assert shape is not None
    return shape


def _prefix(table_name: str) -> str:
    """The prefix that tells the parameters of a table's rule from those of a request."""
    return f"rule_of_{table_name}_"
