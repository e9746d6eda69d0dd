"""Dialects: the differences between the SQL of SQLite and of PostgreSQL.

There is one object for each. The statement cache has it in its keys, so it's hashed by identity.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Executable,
    FromClause,
    LargeBinary,
    Select,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy.sql.elements import ColumnElement, UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import TypeEngine

from repositories.answer_size import ANSWER_BYTES, FITS, UNLIMITED
from repositories.drivers.compiled import Statement, compile_statement
from repositories.sql.metadata import JsonText, ManyOf, PlainText

ALLOWED: Final = bindparam(ANSWER_BYTES, UNLIMITED, BigInteger())
"""The parameter of how many bytes the answer may still have."""


class Dialect(ABC):
    """The SQL of one kind of database."""

    is_sqlite: ClassVar[bool]
    counts_by_row: ClassVar[bool]
    """Whether the database counts an answer's size row by row, as it returns rows. Otherwise it
    adds up the sizes of all rows before it returns any."""
    saves_by_function: ClassVar[bool]
    """Whether a function of the database saves an entity with its children."""
    locks_names: ClassVar[bool]
    """Whether a transaction can lock the name of a row that isn't stored yet. Otherwise a write
    transaction is itself that lock."""

    def compile(
        self,
        statement: Executable,
        *,
        counted: range | tuple[int, ...] = (),
        refuses: bool = False,
        key: int | None = None,
    ) -> Statement:
        """The statement as SQL, as `compile_statement` makes it."""
        return compile_statement(
            statement, is_sqlite=self.is_sqlite, counted=counted, refuses=refuses, key=key
        )

    @abstractmethod
    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        """Whether `column` is one of the values of one parameter, which have to be `storable`."""

    @abstractmethod
    def without_index(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The column, where finding its rows and sorting them costs more than reading in order."""

    @abstractmethod
    def each_value(self, kind: TypeEngine[Any], name: str) -> TableValuedAlias:
        """A source, under a name, with a row for each value of the parameter `values`: `value`."""

    @abstractmethod
    def with_found(
        self, values: TableValuedAlias, rows: FromClause, ids: Select[tuple[int]]
    ) -> FromClause:
        """The `values`, each with those `rows` whose `id` is among the `ids` that are found for it.

        So that the ids are found first, by an index, and for each value by themselves.
        """

    @abstractmethod
    def each_member(
        self, json: ColumnElement[Any], children: str, member: str
    ) -> tuple[ColumnElement[str], FromClause]:
        """The text under a member of each of the objects that a JSON object has in a list, and the
        source of these objects. `children` and `member` are names of our own."""

    @abstractmethod
    def contains(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        """Whether the text contains the value, literally."""

    @abstractmethod
    def starts_with(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        """Whether the text begins with the value, literally."""

    @abstractmethod
    def size_of(self, column: ColumnElement[Any]) -> ColumnElement[int]:
        """How many bytes a text has; NULL where there is none."""

    @abstractmethod
    def size_in(self, column: Column[Any], name: str) -> str:
        """The SQL of how many bytes the text of a column has, which is called `name` there."""

    @abstractmethod
    def sum_of(self, size: str) -> str:
        """The SQL of the sum of a size of all rows; 0 where there are none."""

    @abstractmethod
    def fits(self, size: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether the answer has room for a row's `size`, or for that of all rows."""


class SqliteDialect(Dialect):
    is_sqlite = True
    counts_by_row = True
    saves_by_function = False
    locks_names = False

    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        members = bindparam(parameter, type_=ManyOf(column.type))
        return column.in_(select(func.json_each(members).table_valued("value").c.value))

    def without_index(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        plus = custom_op[Any]("+")
        return UnaryExpression(column, operator=plus, type_=column.type)

    def each_value(self, kind: TypeEngine[Any], name: str) -> TableValuedAlias:
        values = bindparam("values", type_=ManyOf(kind))
        return func.json_each(values).table_valued("value", name=name)

    def with_found(
        self, values: TableValuedAlias, rows: FromClause, ids: Select[tuple[int]]
    ) -> FromClause:
        return values.join(rows, rows.c.id.in_(ids.correlate(values).scalar_subquery()))

    def each_member(
        self, json: ColumnElement[Any], children: str, member: str
    ) -> tuple[ColumnElement[str], FromClause]:
        source = func.json_each(json, literal_column(f"'$.{children}'")).table_valued("value")
        path: ColumnElement[str] = literal_column(f"'$.{member}'")
        return type_coerce(func.json_extract(source.c.value, path), PlainText), source

    def contains(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        return func.instr(column, value) > 0

    def starts_with(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        begin: ColumnElement[Any] = func.substr(column, 1, func.length(value))
        begins: ColumnElement[bool] = begin == value
        return begins

    def size_of(self, column: ColumnElement[Any]) -> ColumnElement[int]:
        return func.length(cast(column, LargeBinary()))

    def size_in(self, column: Column[Any], name: str) -> str:
        return f"length(CAST({name} AS BLOB))"

    def sum_of(self, size: str) -> str:
        # It's no deeper than it must be: SQLite's parser has little room left.
        return f"total({size})"

    def fits(self, size: ColumnElement[Any]) -> ColumnElement[bool]:
        called: ColumnElement[int] = getattr(func, FITS)(size)
        return called != 0


class PostgresDialect(Dialect):
    is_sqlite = False
    counts_by_row = False
    saves_by_function = True
    locks_names = True

    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        return column == any_(bindparam(parameter, type_=ManyOf(column.type)))

    def without_index(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        # PostgreSQL knows how many rows have which values.
        return column

    def each_value(self, kind: TypeEngine[Any], name: str) -> TableValuedAlias:
        values = bindparam("values", type_=ManyOf(kind))
        return func.unnest(values).table_valued("value").render_derived(name=name)

    def with_found(
        self, values: TableValuedAlias, rows: FromClause, ids: Select[tuple[int]]
    ) -> FromClause:
        # Before version 17, IN would ask for each of the rows whether it's among them.
        found = ids.lateral("found_of_each")
        return values.join(found, true()).join(rows, rows.c.id == found.c.id)

    def each_member(
        self, json: ColumnElement[Any], children: str, member: str
    ) -> tuple[ColumnElement[str], FromClause]:
        listed = func.json_extract_path(json, literal_column(f"'{children}'"))
        source = func.json_array_elements(listed).table_valued("value").render_derived()
        name: ColumnElement[str] = literal_column(f"'{member}'")
        return type_coerce(func.json_extract_path_text(source.c.value, name), PlainText), source

    def contains(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        return func.strpos(column, value) > 0

    def starts_with(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        begins: ColumnElement[bool] = func.starts_with(column, value)
        return begins

    def size_of(self, column: ColumnElement[Any]) -> ColumnElement[int]:
        return func.octet_length(cast(column, Text()))

    def size_in(self, column: Column[Any], name: str) -> str:
        return f"octet_length({name}{'::text' if isinstance(column.type, JsonText) else ''})"

    def sum_of(self, size: str) -> str:
        return f"coalesce(sum({size}), 0)"

    def fits(self, size: ColumnElement[Any]) -> ColumnElement[bool]:
        return func.sum(size).over() <= ALLOWED


SQLITE: Final = SqliteDialect()
POSTGRESQL: Final = PostgresDialect()


def dialect_of(*, is_sqlite: bool) -> Dialect:
    return SQLITE if is_sqlite else POSTGRESQL
