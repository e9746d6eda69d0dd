"""Statements by which a database writes JSON objects of entities, and of what belongs to these.

Each module says how its own entities are `Stored`. A statement is put together of what several
modules say, so that an entity and those that it refers to are read at once, without any module
knowing another.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import count
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement

from domain.json_object import dumps
from repositories.criteria import PageRequest
from repositories.database_criteria import (
    among,
    bounded_page_of,
    condition,
    page_of,
    reading_order,
)
from repositories.json_sizes import FITS, JsonSizes, Stored
from repositories.metadata import JsonText, Timestamp
from repositories.selections import (
    Constant,
    Held,
    Opaque,
    Owned,
    Part,
    Referenced,
    Selection,
    Value,
)
from repositories.statements import Statement, written

_KEPT: Final = 512
"""How many statements are kept of those whose number clients decide on."""

_FUNCTION_MEMBERS: Final = 50
"""Functions of SQLite take 100 arguments."""

ANSWER_BYTES: Final = "answer_bytes"
"""The parameter by which a statement is told how much the answer may still have."""


class JsonStatements:
    """Those for one kind of database, each written once for all values of one shape.

    Clients choose the keys of objects, so these are quoted; all else in the SQL is our own.
    """

    def __init__(self, kinds: Mapping[str, Stored], *, is_sqlite: bool) -> None:
        self._kinds = kinds
        self._is_sqlite = is_sqlite
        self.by = lru_cache(_KEPT)(self._by)
        self.children = lru_cache(_KEPT)(self._children)
        self.page = lru_cache(_KEPT)(self._page)

    def _by(
        self, kind: str, names: tuple[str, ...], selections: tuple[Selection, ...], is_one: bool
    ) -> Statement:
        """Rows of the named columns and an object for each selection.

        The columns are among the values of the parameters of their names; or, where `is_one`,
        equal to them.
        """
        stored, writer = self._kinds[kind], self._writer()
        source = stored.table.alias(writer.alias())
        columns = [source.c[name] for name in names]
        conditions = [
            column == bindparam(name, type_=column.type)
            if is_one
            else among(column, name, is_sqlite=self._is_sqlite)
            for name, column in zip(names, columns, strict=True)
        ]
        items = [writer.item(each, stored, source.name) for each in selections]
        size = self._sizes().of_entity(selections, stored, source.name)
        items = self._guarded(items, size and f"sum({size}) OVER ()", size)
        found = select(*columns, *items).where(and_(*conditions))
        return self._written(found, range(len(columns), len(columns) + len(items)))

    def _children(self, kind: str, selections: tuple[Selection, ...]) -> Statement:
        """Rows of the keys of parents, among `values`, and a list for each selection."""
        stored, writer = self._kinds[kind], self._writer()
        key = stored.table.alias(writer.alias()).c[stored.key_name]
        source = str(key.table.name)
        parts = [Owned("", each) for each in selections]
        lists = [_sql(writer.owned(part, stored, source)) for part in parts]
        size = self._sizes().of_children(parts, stored, source)
        lists = self._guarded(lists, size and f"sum({size}) OVER ()", size)
        found = among(key, "values", is_sqlite=self._is_sqlite)
        return self._written(select(key, *lists).where(found), range(1, 1 + len(lists)))

    def _page(
        self,
        kind: str,
        shape: PageRequest,
        most: int,
        selections: tuple[Selection, ...],
        with_places: bool,
        with_total: bool,
    ) -> Statement:
        """The objects of a page, of at most so many rows, for each selection.

        With places, then the values that it's ordered by, and the keys. The total, if it's
        wanted, stands last; before it on SQLite the key, which is NULL where there is no entity.
        On PostgreSQL all but the total are lists in the only row.
        """
        stored, writer = self._kinds[kind], self._writer()
        table = stored.table
        matching = condition(table, shape.filter, is_sqlite=self._is_sqlite)
        rows = select(table).where(matching)
        page = self._page_of(rows, stored, shape, most).subquery(writer.alias())
        size = self._sizes().of_entity(selections, stored, page.name)
        if size is not None and not self._is_sqlite:
            whole = _sql(f"sum({size}) OVER ()").label("answer_size")
            page = select(page, whole).subquery(writer.alias())
        order = reading_order(page, page.c[stored.key_name], shape)
        columns = [writer.item(each, stored, page.name) for each in selections]
        columns = self._guarded(columns, size and f"{page.name}.answer_size", size)
        counted = range(len(columns))
        if with_places:
            columns += [page.c[shape.order.field], page.c[stored.key_name]]
        total = select(func.count()).select_from(table).where(matching).scalar_subquery()
        source: FromClause = page
        if self._is_sqlite and with_total:
            columns += [page.c[stored.key_name], total]
            source = select(literal_column("1")).subquery().outerjoin(page, true())
        if self._is_sqlite:
            return self._written(select(*columns).select_from(source).order_by(*order), counted)
        lists: list[Any] = [func.array_agg(aggregate_order_by(it, *order)) for it in columns]
        return self._written(select(*lists, *[total] * with_total).select_from(page), counted)

    def _page_of(
        self, rows: Select[Any], stored: Stored, shape: PageRequest, most: int
    ) -> Select[Any]:
        table = stored.table
        key = table.c[stored.key_name]
        if self._is_sqlite:
            return page_of(rows, table, key, shape)
        return bounded_page_of(rows, table, key, shape, most)

    def _writer(self) -> "_Writer":
        return _SqliteWriter(self._kinds) if self._is_sqlite else _PostgresWriter(self._kinds)

    def _sizes(self) -> JsonSizes:
        return JsonSizes(self._kinds, is_sqlite=self._is_sqlite)

    def _guarded(
        self, items: list[ColumnElement[str]], whole: str | None, own: str | None
    ) -> list[ColumnElement[str]]:
        """The items, or "" in place of those that would make the answer too large.

        Both are SQL: `whole` is the size of all rows together, which PostgreSQL compares. SQLite
        has its function count each row's `own` size as it comes.
        """
        if whole is None or not items:
            return items
        if self._is_sqlite:
            fits: Any = _sql(f"{FITS}({own})") == literal_column("1")
        else:
            fits = _sql(whole) <= bindparam(ANSWER_BYTES, type_=BigInteger())
        if self._is_sqlite:
            # One count is for all items of the row.
            first, *others = items
            return [case((fits, first), else_=literal_column("''")), *others]
        return [case((fits, item), else_=literal_column("''")) for item in items]

    def _written(self, statement: Any, counted: range) -> Statement:
        return written(statement, is_sqlite=self._is_sqlite, counted=counted, refuses=True)


Columns = Mapping[str, Column[Any]] | ReadOnlyColumnCollection[str, Column[Any]]
Write = Callable[[Part], str]
"""The SQL of the JSON text of a part."""


class _Writer(ABC):
    """Writes the expressions of one statement, whose tables it gives their names in it."""

    def __init__(self, kinds: Mapping[str, Stored]) -> None:
        self._kinds = kinds
        self._numbers = count()

    def alias(self) -> str:
        return f"t{next(self._numbers)}"

    def item(self, selection: Selection, stored: Stored, source: str) -> ColumnElement[str]:
        """The object of an entity, of the table that is called `source`."""
        return _sql(self._object(selection, lambda part: self._of_entity(part, stored, source)))

    def owned(self, part: Owned, stored: Stored, source: str) -> str:
        """The list of the entity's children."""
        table = stored.children
        assert table is not None
        name = self.alias()
        of_parent = f"{name}.{stored.key_name} = {source}.{stored.key_name}"
        return self._list(
            self._child(part.selection, table, name),
            f"{table.name} AS {name} WHERE {of_parent}",
            f"{name}.position",
        )

    def _of_entity(self, part: Part, stored: Stored, source: str) -> str:
        match part:
            case Owned():
                return self.owned(part, stored, source)
            case Referenced(attribute, kind, by, selection):
                other, name = self._kinds[kind], self.alias()
                item = self._object(selection, lambda part: self._of_entity(part, other, name))
                found = f"{other.table.name} AS {name} WHERE {name}.{by} = {source}.{attribute}"
                return f"coalesce((SELECT {item} FROM {found}), 'null')"
            case Held(attribute, selection) if attribute in stored.in_columns:
                names = stored.in_columns[attribute]
                columns = {name: stored.table.c[column] for name, column in names.items()}
                item = self._object(selection, lambda part: self._of_columns(part, columns, source))
                first = next(iter(names.values()))
                return f"CASE WHEN {source}.{first} IS NULL THEN 'null' ELSE {item} END"
            case Held(attribute):
                return self._held(part, f"{source}.{attribute}")
            case Opaque(prefix, attribute):
                return self._opaque(f"{_literal(prefix)} || {source}.{attribute}")
        return self._of_columns(part, stored.table.c, source)

    def _child(self, selection: Selection, table: Table, source: str) -> str:
        """The object of a child; there may be many."""
        return self._object(selection, lambda part: self._of_columns(part, table.c, source))

    def _of_columns(self, part: Part, columns: Columns, source: str) -> str:
        if isinstance(part, Constant):
            return _literal(dumps(part.text))
        return self._value(columns[_name_of(part)], source)

    def _held(self, part: Held, json: str) -> str:
        """What is stored as JSON."""
        if not part.is_many:
            return self._object(part.selection, lambda part: self._within(part, json))
        name = self.alias()
        item = self._object(part.selection, lambda part: self._within(part, f"{name}.value"))
        source, place = self._items(json, name)
        return self._list(item, source, place)

    def _within(self, part: Part, json: str) -> str:
        match part:
            case Constant(text):
                return _literal(dumps(text))
            case Held(attribute):
                return self._held(part, f"({json} -> {_literal(attribute)})")
        return self._text(f"({json} -> {_literal(_name_of(part))})")

    def _object(self, selection: Selection, write: Write) -> str:
        """The JSON text of an object."""
        if not selection.members:
            return _literal("{}")
        pieces: list[str] = []
        before = "{"
        for key, part in selection.members:
            pieces += [_literal(f"{before}{dumps(key)}:"), write(part)]
            before = ","
        return f"({' || '.join([*pieces, _literal('}')])})"

    def _value(self, column: Column[Any], source: str) -> str:
        name = f"{source}.{column.name}"
        text = self._plain(column, name)
        return f"coalesce({text}, 'null')" if column.nullable else text

    @abstractmethod
    def _plain(self, column: Column[Any], name: str) -> str:
        """The JSON text of a column; NULL where it's NULL."""

    @abstractmethod
    def _opaque(self, text: str) -> str:
        """The JSON text of a text in base64url."""

    @abstractmethod
    def _text(self, json: str) -> str:
        """JSON as text."""

    @abstractmethod
    def _list(self, item: str, source: str, place: str) -> str:
        """The JSON text of a list of the items, in the order of their places."""

    @abstractmethod
    def _items(self, json: str, name: str) -> tuple[str, str]:
        """A source, under a name, of the items of a list as `value`, and what orders them."""


class _PostgresWriter(_Writer):
    """Puts texts together: PostgreSQL's own functions for objects take half as long again."""

    def _plain(self, column: Column[Any], name: str) -> str:
        match column.type:
            case JsonText() | Integer():
                return f"{name}::text"
            case Timestamp():
                return f"""('"' || to_char({name} AT TIME ZONE 'UTC', CASE
                    WHEN date_trunc('second', {name}) = {name} THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                    ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END) || '"')"""
        return f"to_json({name})::text"

    def _opaque(self, text: str) -> str:
        encoded = f"rtrim(encode(convert_to({text}, 'UTF8'), 'base64'), '=')"
        # Its lines are broken, as those of e-mails are.
        return f"""('"' || translate({encoded}, E'+/\\n', '-_') || '"')"""

    def _text(self, json: str) -> str:
        return f"{json}::text"

    def _list(self, item: str, source: str, place: str) -> str:
        items = f"string_agg({item}, ',' ORDER BY {place})"
        return f"(SELECT '[' || coalesce({items}, '') || ']' FROM {source})"

    def _items(self, json: str, name: str) -> tuple[str, str]:
        source = f"json_array_elements({json}) WITH ORDINALITY AS {name}(value, place)"
        return source, f"{name}.place"


class _SqliteWriter(_Writer):
    """Puts texts together, but for children, of which there are many: its function is faster."""

    def _plain(self, column: Column[Any], name: str) -> str:
        match column.type:
            case JsonText() | Integer():
                return name
            case Boolean():
                return f"CASE WHEN {name} THEN 'true' ELSE 'false' END"
            case Double():
                # SQLite's own digits are too few to be the number, or more than it needs.
                return f"json_number({name})"
            case Timestamp():
                whole = f"replace(substr({name}, 1, 19), ' ', 'T')"
                fraction = f"replace(substr({name}, 20), '.000000', '')"
                return f"""('"' || {whole} || {fraction} || 'Z"')"""
        return f"json_quote({name})"

    def _opaque(self, text: str) -> str:
        return f"json_quote(base64url({text}))"

    def _text(self, json: str) -> str:
        return json

    def _child(self, selection: Selection, table: Table, source: str) -> str:
        if len(selection.members) > _FUNCTION_MEMBERS:
            return super()._child(selection, table, source)
        pairs = (
            f"{_literal(key)}, {self._argument(part, table, source)}"
            for key, part in selection.members
        )
        return f"json_object({', '.join(pairs)})"

    def _argument(self, part: Part, table: Table, source: str) -> str:
        if isinstance(part, Value) and isinstance(table.c[part.attribute].type, Integer | Text):
            return f"{source}.{part.attribute}"
        return f"json({self._of_columns(part, table.c, source)})"

    def _list(self, item: str, source: str, place: str) -> str:
        # What is aggregated comes in the order of its source, which SQLite leaves as it is for the
        # sake of group_concat: restriction (16) of flattenSubquery in its select.c.
        ordered = f"SELECT {item} AS item FROM {source} ORDER BY {place}"
        return f"(SELECT '[' || coalesce(group_concat(item, ','), '') || ']' FROM ({ordered}))"

    def _items(self, json: str, name: str) -> tuple[str, str]:
        return f"json_each({json}) AS {name}", f"{name}.key"


def _name_of(part: Part) -> str:
    assert isinstance(part, Value)
    return part.attribute


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _sql(text: str) -> ColumnElement[str]:
    return literal_column(text)
