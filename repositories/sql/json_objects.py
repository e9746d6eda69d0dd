"""Renders the SQL with which a database renders JSON objects of entities.

Each module maps its own entities; a text combines the mappings of several modules.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from sqlalchemy import Column, FromClause, Table, Text, and_, literal_column, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from domain.json_object import dumps
from repositories.addresses import ADDRESS_MARK
from repositories.criteria import PageRequest
from repositories.places import Scope
from repositories.projections import (
    Address,
    Attribute,
    Children,
    Computed,
    Constant,
    Embedded,
    EncodedId,
    Itself,
    JsonProjection,
    Paged,
    Part,
    Place,
    Reference,
)
from repositories.sql.mapping import EntityTable

TRUE_OR_FALSE: Final = "THEN 'true' ELSE 'false' END"
_ELEMENT_MARK: Final = "\x02"
"""Encloses the number of an element in SQL; no quoted key or text contains it."""

Columns = Mapping[str, Column[Any]] | ReadOnlyColumnCollection[str, Column[Any]]
Members = Iterable[tuple[str, Any]]
Render = Callable[[Any], str]
"""The SQL of the JSON text of a member's part."""


class _Sql(ColumnElement[str]):
    """SQL as a text, with elements of SQLAlchemy's within."""

    inherit_cache = False
    type = Text()

    def __init__(self, text: str, elements: Sequence[ClauseElement]) -> None:
        self.text = text
        self.elements = elements


@compiles(_Sql)
def _compiled(sql: _Sql, compiler: SQLCompiler, **_: Any) -> str:
    pieces = sql.text.split(_ELEMENT_MARK)
    pieces[1::2] = [compiler.process(sql.elements[int(number)]) for number in pieces[1::2]]
    return "".join(pieces)


class JsonObjectRenderer(ABC):
    """Renders the objects of one statement, and names the tables in it."""

    def __init__(self, entity_tables: Mapping[str, EntityTable]) -> None:
        self.entity_tables = entity_tables
        self._numbers = count()
        self._projection_numbers = count()
        self._projection_number = 0
        self._pages: tuple[PageRequest, ...] = ()
        self._elements: list[ClauseElement] = []
        self._sources: dict[str, FromClause] = {}

    def alias(self) -> str:
        return f"t{next(self._numbers)}"

    def rows(self, stored: EntityTable, name: str) -> NamedFromClause:
        """The rows of entities, under a name."""
        return stored.rows_as(name)

    def source(self, stored: EntityTable, name: str) -> str:
        """The SQL of the rows of entities, under a name."""
        if stored.rule is None:
            return f"{stored.table.name} AS {name}"
        matching = self._embedded(and_(true(), stored.is_seen).self_group())
        return f"(SELECT * FROM {stored.table.name} WHERE {matching}) AS {name}"

    def item(
        self, projection: JsonProjection, stored: EntityTable, source: str
    ) -> ColumnElement[str]:
        """The object of an entity, of the table that is called `source`."""
        self._begin(projection)
        return self.sql(self._entity(projection, stored, source))

    def children(
        self, projection: JsonProjection, stored: EntityTable, source: str
    ) -> ColumnElement[str]:
        """The list of an entity's children, with this projection."""
        self._begin(projection)
        return self.sql(self._owned(Children("", projection), stored, source))

    def _begin(self, projection: JsonProjection) -> None:
        self._projection_number = next(self._projection_numbers)
        self._pages = projection.pages

    def sql(self, text: str) -> ColumnElement[str]:
        """The text of SQL as an element of a statement."""
        return _Sql(text, self._elements)

    def _embedded(self, element: ClauseElement) -> str:
        self._elements.append(element)
        return f"{_ELEMENT_MARK}{len(self._elements) - 1}{_ELEMENT_MARK}"

    def _entity(
        self,
        projection: JsonProjection,
        stored: EntityTable,
        source: str,
        scope: Scope | None = None,
    ) -> str:
        """The object of an entity; `scope` is that of places where it's on a page."""
        return self._object(
            projection.members, lambda part: self._of_entity(part, stored, source, scope)
        )

    def _owned(self, part: Children, stored: EntityTable, source: str) -> str:
        """The list of the entity's children."""
        table = stored.children
        assert table is not None
        name, joined = self.alias(), list[str]()
        item = self._child(part.projection, table, name, joined)
        of_parent = f"{name}.{stored.key_name} = {source}.{stored.key_name}"
        rows = " ".join([f"{table.name} AS {name}", *joined])
        return self._list(item, f"{rows} WHERE {of_parent}", f"{name}.position")

    def _of_entity(
        self, part: Part, stored: EntityTable, source: str, scope: Scope | None = None
    ) -> str:
        match part:
            case Children():
                return self._owned(part, stored, source)
            case Paged():
                return self._paged(part, source)
            case Itself(projection):
                return self._entity(projection, stored, source)
            case Place():
                assert scope is not None
                return self._place_of(scope, stored, source)
            case Reference():
                return self._referenced(part, source)
            case Computed(attribute):
                return self._computed(attribute, stored, source)
            case Embedded(attribute, projection) if attribute in stored.mapping.in_columns:
                names = stored.mapping.in_columns[attribute]
                columns = {name: stored.table.c[column] for name, column in names.items()}
                item = self._object(
                    projection.members, lambda part: self._of_columns(part, columns, source)
                )
                first = next(iter(names.values()))
                return f"CASE WHEN {source}.{first} IS NULL THEN 'null' ELSE {item} END"
            case Embedded(attribute):
                return self._held(part, f"{source}.{attribute}")
            case EncodedId(prefix, attribute):
                return self._opaque(f"{literal(prefix)} || {source}.{attribute}")
            case Address(of_children=(_, attribute)):
                is_any = self._has_any(attribute, stored, source)
                return self._address(part, stored.table.c, source, is_any)
        return self._of_columns(part, stored.table.c, source)

    def _computed(self, attribute: str, stored: EntityTable, source: str) -> str:
        """What is computed of an entity: true or false."""
        columns = stored.table.c
        is_so = stored.mapping.computed[attribute](
            lambda name: literal_column(f"{source}.{name}", columns[name].type),
            lambda type_name, name: self.rows(self.entity_tables[type_name], name),
        )
        return f"CASE WHEN {self._embedded(is_so)} {TRUE_OR_FALSE}"

    def _child(
        self, projection: JsonProjection, table: Table, source: str, joined: list[str]
    ) -> str:
        """The object of a child; there may be many. Tables may be `joined` to theirs."""
        return self._object(
            projection.members, lambda part: self._of_child(part, table, source, joined)
        )

    def _of_child(self, part: Part, table: Table, source: str, joined: list[str]) -> str:
        if isinstance(part, Reference):
            return self._referenced_by_child(part, source, joined)
        return self._of_columns(part, table.c, source)

    def _referenced_by_child(self, part: Reference, source: str, joined: list[str]) -> str:
        """The object of the entity that a child refers to, or null."""
        return self._referenced(part, source)

    def _referenced(self, part: Reference, source: str) -> str:
        """The object of the entity that a row refers to, or null."""
        other, name = self.entity_tables[part.type_name], self.alias()
        item = self._entity(part.projection, other, name)
        found = f"{self.source(other, name)} WHERE {name}.{part.by} = {source}.{part.attribute}"
        return f"coalesce((SELECT {item} FROM {found}), 'null')"

    def _of_columns(self, part: Part, columns: Columns, source: str) -> str:
        match part:
            case Constant(text):
                return literal(dumps(text))
            case Address():
                return self._address(part, columns, source)
        return self._value(columns[name_of(part)], source)

    def _has_any(self, attribute: str, stored: EntityTable, source: str) -> str:
        """The JSON text of whether any child of the entity has the attribute."""
        table, name = stored.children, self.alias()
        assert table is not None
        of_parent = f"{name}.{stored.key_name} = {source}.{stored.key_name}"
        found = f"SELECT 1 FROM {table.name} AS {name} WHERE {of_parent}"
        return f"CASE WHEN EXISTS ({found} AND {name}.{attribute} IS NOT NULL) {TRUE_OR_FALSE}"

    def _address(self, part: Address, columns: Columns, source: str, *further: str) -> str:
        """What an address is made of, between marks, or the address that is given.

        It's also made of `further` JSON texts.
        """
        begin = f"{ADDRESS_MARK}[{dumps(part.number)}"
        texts = [*(self._value(columns[name], source) for name in part.attributes), *further]
        values = [f"',' || {text}" for text in texts]
        text = " || ".join([literal(begin), *values, literal(f"]{ADDRESS_MARK}")])
        if part.given is None:
            return f"({text})"
        given = self._value(columns[part.given], source)
        return f"CASE WHEN {source}.{part.given} IS NULL THEN {text} ELSE {given} END"

    def _held(self, part: Embedded, json: str) -> str:
        """The object, or the list of objects, that is embedded in this JSON."""
        if not part.is_many:
            return self._object(part.projection.members, lambda part: self._within(part, json))
        name = self.alias()
        item = self._object(
            part.projection.members, lambda part: self._within(part, f"{name}.value")
        )
        source, order = self._items(json, name)
        return self._list(item, source, order)

    def _within(self, part: Part, json: str) -> str:
        match part:
            case Constant(text):
                return literal(dumps(text))
            case Embedded(attribute):
                return self._held(part, f"({json} -> {literal(attribute)})")
        return self._text(f"({json} -> {literal(name_of(part))})")

    @abstractmethod
    def _paged(self, part: Paged, source: str) -> str:
        """The object of a page."""

    @abstractmethod
    def _place_of(self, scope: Scope, stored: EntityTable, source: str) -> str:
        """The place of a row in the order of its page."""

    def _object(self, members: Members, render: Render) -> str:
        """The JSON text of an object."""
        if not members:
            return "CAST('{}' AS TEXT)"  # PostgreSQL doesn't know what a text alone is
        pieces: list[str] = []
        separator = "{"
        for key, part in members:
            pieces += [literal(f"{separator}{dumps(key)}:"), render(part)]
            separator = ","
        return f"({' || '.join([*pieces, literal('}')])})"

    def _value(self, column: Column[Any], source: str) -> str:
        name = f"{source}.{column.name}"
        text = self._plain(column, name)
        return f"coalesce({text}, 'null')" if column.nullable else text

    @abstractmethod
    def _plain(self, column: Column[Any], name: str) -> str:
        """The JSON text of a column; NULL where it's NULL."""

    @abstractmethod
    def _time(self, name: str, offset: str) -> str:
        """The JSON text of a time in UTC, whose offset is this text."""

    @abstractmethod
    def _opaque(self, text: str) -> str:
        """The JSON text of a text in base64url."""

    @abstractmethod
    def _text(self, json: str) -> str:
        """JSON as text."""

    @abstractmethod
    def _list(self, item: str, source: str, order: str) -> str:
        """The JSON text of a list of the items, in this order."""

    @abstractmethod
    def _items(self, json: str, name: str) -> tuple[str, str]:
        """A source, under a name, of the items of a list as `value`, and their order."""


def name_of(part: Part) -> str:
    assert isinstance(part, Attribute)
    return part.attribute


def literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
