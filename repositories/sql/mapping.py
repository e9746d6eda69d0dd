"""How entities are stored: their tables, and which columns belong to which attribute."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson
from sqlalchemy import Column, FromClause, Index, Table, bindparam, null
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from domain.entity import Entity, Owned
from domain.json_object import dumps
from repositories.api_names import api_name, field_names
from repositories.criteria import AllOf, Comparison, Filter, Operator
from repositories.drivers.compiled import Row, Statement
from repositories.sql.criteria import condition
from repositories.sql.dialects import Dialect
from repositories.sql.metadata import CLIENT, may_be_large
from repositories.sql.rows import meets, rows_as, rows_of

R = TypeVar("R", bound=Entity)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChildMapping:
    """The ordered children of an entity: their table, and how they are mapped.

    `attribute` names them on the parent's record. A row of theirs has the columns of `columns`.
    `traced` are those of their attributes that a save works out where it isn't told: on PostgreSQL
    by functions, `trace_one_<table>` and `trace_<table>`, and on SQLite by the repository's
    `_traced`.
    """

    table: Table
    attribute: str
    columns: tuple[str, ...]
    from_row: Callable[[Row], Any]
    to_values: Callable[[Any], Values]
    traced: tuple[str, ...] = ()


class RowsOf(Protocol):
    """Gives the rows of the entities of a type which the caller may see, under a name."""

    def __call__(self, type_name: str, name: str) -> NamedFromClause: ...


Computation = Callable[[Callable[[str], ColumnElement[Any]], RowsOf], ColumnElement[bool]]
"""Gives what is computed of a row, whose columns it gets by their names, and of other rows."""


@dataclass(frozen=True, eq=False, slots=True)
class EntityMapping:
    """How entities of a type are stored. It's a part of cache keys, so it's hashed by its identity.

    An attribute is stored in the column of its name, or in several: `in_columns` has the names of
    these columns by those of the attribute's own attributes. Such an attribute isn't there when the
    first column is NULL.
    """

    record: type[Entity]
    table: Table
    children: ChildMapping | None = None
    in_columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    """The attributes that are keys of other entities. They are always read, as the key is."""
    unchanging: tuple[str, ...] = ()
    """Columns that a save under the same key may not change: they are part of another key."""
    computed: Mapping[str, Computation] = field(default_factory=dict)
    """What can be projected beside attributes, by name."""
    columns: tuple[Column[Any], ...] = field(init=False)
    """The columns of rows, in order."""
    column_indexes: Mapping[str, int] = field(init=False)
    """The index of each column in a row, by its name."""
    _attributes: Mapping[str, str] = field(init=False)
    """The attributes of the columns that don't have their attribute's name."""
    _fields: Sequence[tuple[str, Mapping[str, int] | None]] = field(init=False)
    """The fields that may change, with the names and indexes of their columns; None: the
    children."""

    def __post_init__(self) -> None:
        columns = tuple(column for column in self.table.columns if column.name != "id")
        attributes = {
            column: attribute
            for attribute, columns_of in self.in_columns.items()
            for column in columns_of.values()
        }
        set_ = object.__setattr__
        set_(self, "columns", columns)
        set_(self, "column_indexes", {column.name: index for index, column in enumerate(columns)})
        set_(self, "_attributes", attributes)
        set_(self, "_fields", tuple(self._named_fields()))

    def _named_fields(self) -> Iterator[tuple[str, Mapping[str, int] | None]]:
        children = None if self.children is None else self.children.attribute
        for attribute, name in field_names(self.record).items():
            columns = self.in_columns.get(attribute, {attribute: attribute}).values()
            if attribute == children:
                yield name, None
            else:
                yield name, {column: self.column_indexes[column] for column in columns}

    @property
    def key_name(self) -> str:
        return self.record.key_name

    @property
    def saved_columns(self) -> Sequence[Column[Any]]:
        """The columns that a save gives: the revision and the owner's client are found by it."""
        found = {"revision", CLIENT} if issubclass(self.record, Owned) else {"revision"}
        return [column for column in self.columns if column.name not in found]

    def columns_of(self, attributes: frozenset[str] | None) -> Iterator[str]:
        """The names of the columns that have the attributes, or the key, or a reference.

        None: all columns.
        """
        always = (self.key_name, *self.references)
        for column in self.columns:
            attribute = self._attributes.get(column.name, column.name)
            if attributes is None or attribute in attributes or attribute in always:
                yield column.name

    def client_of(self, row: Row | None) -> str | None:
        """The client whom the entity of a row belongs to; None where there is neither."""
        name = self.record.client_name
        if row is None or name is None:
            return None
        client_id: str | None = row[self.column_indexes[name]]
        return client_id

    def with_children(self, record: R, state: str | None = None) -> R:
        """The record with its children as the log has them; None: it has these."""
        if state is None or self.children is None:
            return record
        values = itemgetter(*map(api_name, self.children.columns))
        found = map(self.children.from_row, map(values, orjson.loads(state)))
        changes: dict[str, Any] = {self.children.attribute: tuple(found)}
        return replace(record, **changes)

    def changed_fields(self, previous: Row | None, new: Values, children_changed: bool) -> str:
        """The names of the fields whose columns have other values than before, as a JSON list."""
        if previous is None:
            return _json_list(tuple(name for name, _ in self._fields))
        return _json_list(
            tuple(
                name
                for name, columns in self._fields
                if (children_changed if columns is None else _differ(previous, new, columns))
            )
        )

    def has_index(self, order: str, reference: str | None = None) -> bool:
        """Whether rows, perhaps those with the same reference, can be read in this order."""
        if order == self.key_name:
            return reference is None
        wanted = [name for name in (reference, order, self.key_name) if name is not None]
        return any(_names_in(index) == wanted for index in self.table.indexes)


class EntityTable(NamedTuple):
    """A mapping as one caller reads it from one kind of database.

    Statements are looked up by it, so it's a tuple: the fastest to be hashed.
    """

    mapping: EntityMapping
    dialect: Dialect
    selected: frozenset[str] | None = None
    """The attributes that are read; None: all. Rows have NULL in place of others."""
    rule: Filter | None = None
    """The shape of the caller's rule of visibility; None: the caller may see everything."""
    by_client: bool = False
    """Whether rows are found by their client; otherwise something else finds them."""

    @property
    def table(self) -> Table:
        return self.mapping.table

    @property
    def key_name(self) -> str:
        return self.mapping.record.key_name

    @property
    def children(self) -> Table | None:
        children = self.mapping.children
        return None if children is None else children.table

    @property
    def rows(self) -> FromClause:
        """The rows of the table that the caller may see."""
        return rows_of(self.table, self.rule, self.dialect, by_client=self.by_client)

    def rows_as(self, name: str) -> NamedFromClause:
        """The rows of the table that the caller may see, under another name.

        They are found by keys, or by a reference.
        """
        return rows_as(name, self.table, self.rule, self.dialect)

    def listed(self, shape: Filter | None) -> "EntityTable":
        """The same, to list or to count the rows that match the filter.

        What has a key, or refers to it, is less than what a client has.
        """
        return self._replace(by_client=not self._names_keys(shape))

    def _names_keys(self, shape: Filter | None) -> bool:
        """Whether the filter says which keys rows have, or refer to."""
        match shape:
            case Comparison(field, Operator.EQ | Operator.IN):
                return field in (self.key_name, *self.mapping.references)
            case AllOf(conditions):
                return any(map(self._names_keys, conditions))
        return False

    @property
    def key(self) -> ColumnElement[Any]:
        return self.rows.c[self.key_name]

    def selection(self, *needed: str) -> list[Any]:
        """The columns; NULL in place of those that are neither in the attribute mask nor needed."""
        read = {*self.mapping.columns_of(self.selected), *needed}
        return [
            self.rows.c[column.name] if column.name in read else null().label(column.name)
            for column in self.mapping.columns
        ]

    def large_columns(self) -> list[str]:
        """The names of the columns that are read and that may be large."""
        read = {*self.mapping.columns_of(self.selected)}
        return [
            column.name
            for column in self.mapping.columns
            if column.name in read and may_be_large(column)
        ]

    @property
    def has_key(self) -> Any:
        """Whether a row of the table has the `key`, visible or not."""
        key = self.table.c[self.key_name]
        return key == bindparam("key", type_=key.type)

    @property
    def is_seen(self) -> Any:
        """Whether the caller may see a row of the table."""
        return meets(self.rule, self.table, self.dialect)

    def among(self, name: str) -> Any:
        """Whether the column is one of `values`."""
        return self.dialect.among(self.rows.c[name], "values")

    def matching(self, shape: Filter | None) -> Any:
        return condition(self.rows, shape, self.dialect, by_client=self.by_client)

    def compile(self, statement: Any) -> Statement:
        return self.dialect.compile(statement)


def _differ(previous: Row, new: Values, columns: Mapping[str, int]) -> bool:
    return any(previous[index] != new[column] for column, index in columns.items())


@lru_cache(256)
def _json_list(names: tuple[str, ...]) -> str:
    return dumps(names)


@cache
def _names_in(index: Index) -> Sequence[str]:
    # A column that isn't in its natural direction is a text of SQL.
    return [str(expression).split(" ")[0].rpartition(".")[-1] for expression in index.expressions]
