"""The SQL by which a database writes JSON texts: of entities, of what belongs to them, of pages.

Each module says how its own entities are `Stored`; a text is put together of what several say.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any, ClassVar, Final

from sqlalchemy import Boolean, Column, Double, FromClause, Index, Integer, Table, Text, and_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from domain.json_object import dumps
from repositories.criteria import Filter, PageRequest
from repositories.projections import (
    PLACE_MARK,
    Attribute,
    Children,
    Constant,
    Embedded,
    EncodedId,
    Fact,
    Facts,
    Items,
    Itself,
    JsonProjection,
    Paged,
    PagedMember,
    Part,
    Place,
    Reference,
    Scope,
)
from repositories.sql.criteria import between_places, condition, reading_order
from repositories.sql.metadata import JsonText, Timestamp
from repositories.sql.rows import meets, rows_as

_FUNCTION_MEMBERS: Final = 50
"""Functions of SQLite take 100 arguments."""

_ELEMENT_MARK: Final = "\x02"
"""Stands before and after the number of an element in SQL; no key or text that's quoted has it."""


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """How entities of a kind are stored.

    `in_columns` has what is held under an attribute, but stored in several columns: the names of
    these by those of its own attributes. It isn't there when the first one is NULL.
    """

    table: Table
    key_name: str
    children: Table | None = None
    in_columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rule: Filter | None = None
    """The shape of the rule for what the caller may see; None: everything."""

    def has_index(self, order: str, reference: str | None = None) -> bool:
        """Whether rows, perhaps those with the same reference, can be read in this order."""
        if order == self.key_name:
            return reference is None
        wanted = [name for name in (reference, order, self.key_name) if name is not None]
        return any(_names_in(index) == wanted for index in self.table.indexes)


@cache
def _names_in(index: Index) -> list[str]:
    # A column that isn't in its natural direction is a text of SQL.
    return [str(expression).split(" ")[0].rpartition(".")[-1] for expression in index.expressions]


def page_prefix(selection: int, page: int) -> str:
    """How the parameters of a page are called, which is in one of a statement's selections."""
    return f"s{selection}_p{page}_"


Columns = Mapping[str, Column[Any]] | ReadOnlyColumnCollection[str, Column[Any]]
Members = Iterable[tuple[str, Any]]
Render = Callable[[Any], str]
"""The SQL of the JSON text of a member's part."""

_TRUE_OR_FALSE: Final = "THEN 'true' ELSE 'false' END"


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


@dataclass(frozen=True, slots=True)
class _Ordered:
    """The rows that a page is taken of: their table, which of them, and the order of reading."""

    stored: EntityMapping
    request: PageRequest
    reference: str
    is_of_parent: str
    """Goes before a column, and says whose rows they are."""
    prefix: str


class JsonRenderer(ABC):
    """Writes the expressions of one statement, whose tables it gives their names in it."""

    _is_sqlite: ClassVar[bool]

    def __init__(self, kinds: Mapping[str, EntityMapping]) -> None:
        self.kinds = kinds
        self._numbers = count()
        self._selections = count()
        self._selection = 0
        self._pages: tuple[PageRequest, ...] = ()
        self._elements: list[ClauseElement] = []
        self._sources: dict[str, FromClause] = {}

    def alias(self) -> str:
        return f"t{next(self._numbers)}"

    def rows(self, stored: EntityMapping, name: str) -> NamedFromClause:
        """The rows of entities, under a name."""
        return rows_as(name, stored.table, stored.rule, is_sqlite=self._is_sqlite)

    def source(self, stored: EntityMapping, name: str) -> str:
        """The SQL of the same."""
        if stored.rule is None:
            return f"{stored.table.name} AS {name}"
        seen = meets(stored.rule, stored.table, is_sqlite=self._is_sqlite)
        matching = self._embedded(and_(true(), seen).self_group())
        return f"(SELECT * FROM {stored.table.name} WHERE {matching}) AS {name}"

    def item(
        self, selection: JsonProjection, stored: EntityMapping, source: str
    ) -> ColumnElement[str]:
        """The object of an entity, of the table that is called `source`."""
        self._begin(selection)
        return self.sql(self._entity(selection, stored, source))

    def children(
        self, selection: JsonProjection, stored: EntityMapping, source: str
    ) -> ColumnElement[str]:
        """The list of an entity's children, of which this is selected."""
        self._begin(selection)
        return self.sql(self._owned(Children("", selection), stored, source))

    def page(self, selection: JsonProjection, source: str) -> ColumnElement[str]:
        """The only member of the selection, a page, for each `value` of the `source`."""
        self._begin(selection)
        [(_, part)] = selection.members
        assert isinstance(part, Paged)
        return self.sql(self._paged(part._replace(attribute="value"), source))

    def rows_of_page(
        self, part: Paged, source: str, name: str, selection: int, pages: Sequence[PageRequest]
    ) -> str:
        """A source, under a name, of the rows of a page that is in one of the selections."""
        rows, sorted_ = self._ordered(part, source, selection, pages), self.alias()
        key, order = rows.stored.key_name, self._order(rows, sorted_, rows.request)
        among = f"{self._among(rows, sorted_)} ORDER BY {order} LIMIT {rows.request.limit}"
        keys = f"SELECT {sorted_}.{key} FROM {among}"
        return f"{self.source(rows.stored, name)} WHERE {name}.{key} IN ({keys})"

    def _begin(self, selection: JsonProjection) -> None:
        self._selection = next(self._selections)
        self._pages = selection.pages

    def sql(self, text: str) -> ColumnElement[str]:
        """What is made of the texts of this renderer, for a statement."""
        return _Sql(text, self._elements)

    def _embedded(self, element: ClauseElement) -> str:
        self._elements.append(element)
        return f"{_ELEMENT_MARK}{len(self._elements) - 1}{_ELEMENT_MARK}"

    def _entity(
        self,
        selection: JsonProjection,
        stored: EntityMapping,
        source: str,
        scope: Scope | None = None,
    ) -> str:
        """The object of an entity; of one on a page, `scope` is how its place begins."""
        return self._object(
            selection.members, lambda part: self._of_entity(part, stored, source, scope)
        )

    def _owned(self, part: Children, stored: EntityMapping, source: str) -> str:
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

    def _of_entity(
        self, part: Part, stored: EntityMapping, source: str, scope: Scope | None = None
    ) -> str:
        match part:
            case Children():
                return self._owned(part, stored, source)
            case Paged():
                return self._paged(part, source)
            case Itself(selection):
                return self._entity(selection, stored, source)
            case Place():
                assert scope is not None
                return self._place_of(scope, stored, source)
            case Reference(attribute, kind, by, selection):
                other, name = self.kinds[kind], self.alias()
                item = self._entity(selection, other, name)
                found = f"{self.source(other, name)} WHERE {name}.{by} = {source}.{attribute}"
                return f"coalesce((SELECT {item} FROM {found}), 'null')"
            case Embedded(attribute, selection) if attribute in stored.in_columns:
                names = stored.in_columns[attribute]
                columns = {name: stored.table.c[column] for name, column in names.items()}
                item = self._object(
                    selection.members, lambda part: self._of_columns(part, columns, source)
                )
                first = next(iter(names.values()))
                return f"CASE WHEN {source}.{first} IS NULL THEN 'null' ELSE {item} END"
            case Embedded(attribute):
                return self._held(part, f"{source}.{attribute}")
            case EncodedId(prefix, attribute):
                return self._opaque(f"{_literal(prefix)} || {source}.{attribute}")
        return self._of_columns(part, stored.table.c, source)

    def _child(self, selection: JsonProjection, table: Table, source: str) -> str:
        """The object of a child; there may be many."""
        return self._object(selection.members, lambda part: self._of_columns(part, table.c, source))

    def _of_columns(self, part: Part, columns: Columns, source: str) -> str:
        if isinstance(part, Constant):
            return _literal(dumps(part.text))
        return self._value(columns[_name_of(part)], source)

    def _held(self, part: Embedded, json: str) -> str:
        """What is stored as JSON."""
        if not part.is_many:
            return self._object(part.selection.members, lambda part: self._within(part, json))
        name = self.alias()
        item = self._object(
            part.selection.members, lambda part: self._within(part, f"{name}.value")
        )
        source, place = self._items(json, name)
        return self._list(item, source, place)

    def _within(self, part: Part, json: str) -> str:
        match part:
            case Constant(text):
                return _literal(dumps(text))
            case Embedded(attribute):
                return self._held(part, f"({json} -> {_literal(attribute)})")
        return self._text(f"({json} -> {_literal(_name_of(part))})")

    # Pages

    def _paged(self, part: Paged, source: str) -> str:
        """The object of a page."""
        rows = self._ordered(part, source, self._selection, self._pages)
        scope = Scope(part.kind, rows.request.order)
        return self._page(part.members, rows, scope)

    def _page(
        self, members: Sequence[tuple[str, PagedMember]], rows: _Ordered, scope: Scope
    ) -> str:
        """The object of a page of the rows."""
        return self._object(members, lambda member: self._of_page(member, rows, scope))

    def _ordered(
        self, part: Paged, source: str, selection: int, pages: Sequence[PageRequest]
    ) -> _Ordered:
        return _Ordered(
            self.kinds[part.kind],
            pages[part.number],
            part.by,
            f"{part.by} = {source}.{part.attribute}",
            page_prefix(selection, part.number),
        )

    def _of_page(self, member: PagedMember, rows: _Ordered, scope: Scope) -> str:
        request = rows.request
        match member:
            case Constant(text):
                return _literal(dumps(text))
            case Facts(members):
                return self._object(members, lambda each: self._of_page(each, rows, scope))
            case Items(selection):
                return self._list_of_page(selection, rows, scope)
            case Fact.TOTAL:
                name = self.alias()
                return f"(SELECT CAST(count(*) AS TEXT) FROM {self._matching(rows, name)})"
            case Fact.HAS_NEXT if request.backwards:
                return _literal("true" if request.before is not None else "false")
            case Fact.HAS_PREVIOUS if not request.backwards:
                return _literal("true" if request.after is not None else "false")
            case Fact.HAS_NEXT | Fact.HAS_PREVIOUS:
                return f"CASE WHEN {self._has_more(rows)} {_TRUE_OR_FALSE}"
        is_first_read = (member is Fact.START) is not request.backwards
        return self._end_of_page(rows, scope, is_first_read=is_first_read)

    def _has_more(self, rows: _Ordered) -> str:
        """Whether there are rows in the direction of reading after those of the page."""
        more = f"SELECT 1 FROM {self._among(rows, self.alias())} LIMIT 1"
        return f"EXISTS ({more} OFFSET {rows.request.limit})"

    def _list_of_page(self, selection: JsonProjection, rows: _Ordered, scope: Scope) -> str:
        """The JSON text of the list of a page's objects."""
        if rows.request.limit == 0:
            return _literal("[]")
        if rows.request.limit > 1 or not self._can_read_in_order(rows):
            return self._items_of_page(selection, rows, scope)
        # One is all that is read, so there is nothing to gather.
        name = self.alias()
        item = self._entity(selection, rows.stored, name, scope)
        first = f"{self._among(rows, name)} ORDER BY {self._order(rows, name, rows.request)}"
        return f"coalesce((SELECT '[' || {item} || ']' FROM {first} LIMIT 1), '[]')"

    def _end_of_page(self, rows: _Ordered, scope: Scope, *, is_first_read: bool) -> str:
        """The place of the row of a page that is read first, or last; null where there is none."""
        limit, name, key = rows.request.limit, self.alias(), rows.stored.key_name
        if limit == 0:
            return _literal("null")
        place = self._place_of(scope, rows.stored, name)
        order = self._order(rows, name, rows.request)
        if is_first_read or limit == 1:
            found = f"{self._among(rows, name)} ORDER BY {order} LIMIT 1"
        else:
            columns = ", ".join(f"{name}.{each}" for each in {rows.request.order.field, key})
            page = f"SELECT {columns} FROM {self._among(rows, name)} ORDER BY {order} LIMIT {limit}"
            other_way = replace(rows.request, backwards=not rows.request.backwards)
            reversed_ = self._order(rows, name, other_way)
            found = f"({page}) AS {name} ORDER BY {reversed_} LIMIT 1"
        return f"coalesce((SELECT {place} FROM {found}), 'null')"

    def _matching(self, rows: _Ordered, name: str) -> str:
        """A source of all rows that match, under a name."""
        found = f"{self.source(rows.stored, name)} WHERE {name}.{rows.is_of_parent}"
        filter = rows.request.filter
        if filter is None:
            return found
        source = self._source(rows, name)
        matching = condition(source, filter, is_sqlite=self._is_sqlite, prefix=rows.prefix)
        return f"{found} AND {self._embedded(and_(true(), matching).self_group())}"

    def _among(self, rows: _Ordered, name: str) -> str:
        """A source of those rows that are between the page's places, under a name."""
        source = self._source(rows, name)
        key = source.c[rows.stored.key_name]
        between = between_places(source, key, rows.request, rows.prefix)
        found = [self._matching(rows, name)]
        return " AND ".join([*found, *(f"({self._embedded(each)})" for each in between)])

    def _order(self, rows: _Ordered, name: str, request: PageRequest) -> str:
        source = self._source(rows, name)
        order = reading_order(source, source.c[rows.stored.key_name], request)
        return ", ".join(map(self._embedded, order))

    def _source(self, rows: _Ordered, name: str) -> FromClause:
        """The table of the rows under a name. To make its columns takes most of the time."""
        if name not in self._sources:
            self._sources[name] = rows.stored.table.alias(name)
        return self._sources[name]

    def _place_of(self, scope: Scope, stored: EntityMapping, source: str) -> str:
        """The place of a row, between marks."""
        return self._place(
            scope, stored, f"{source}.{scope.order.field}", f"{source}.{stored.key_name}"
        )

    def _place(self, scope: Scope, stored: EntityMapping, value: str, key: str) -> str:
        """The place of a row that has this value and key, which are never NULL.

        Times have their offset in digits, as cursors have them.
        """
        column = stored.table.c[scope.order.field]
        is_time = isinstance(column.type, Timestamp)
        value = self._time(value, "+00:00") if is_time else self._plain(column, value)
        key = self._plain(stored.table.c[stored.key_name], key)
        begin, end = _literal(f"{PLACE_MARK}{scope.beginning}"), _literal(f"]{PLACE_MARK}")
        return f"({begin} || {value} || ',' || {key} || {end})"

    @abstractmethod
    def _can_read_in_order(self, rows: _Ordered) -> bool:
        """Whether rows may be read with all that is written of them, as far as the page goes."""

    @abstractmethod
    def _items_of_page(self, selection: JsonProjection, rows: _Ordered, scope: Scope) -> str:
        """The JSON text of the list of a page's objects, of which there may be several."""

    # Objects and values

    def _object(self, members: Members, render: Render) -> str:
        """The JSON text of an object."""
        if not members:
            return "CAST('{}' AS TEXT)"  # PostgreSQL doesn't know what a text alone is
        pieces: list[str] = []
        before = "{"
        for key, part in members:
            pieces += [_literal(f"{before}{dumps(key)}:"), render(part)]
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
    def _time(self, name: str, offset: str) -> str:
        """The JSON text of a time in UTC, whose offset is written so."""

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


class PostgresJsonRenderer(JsonRenderer):
    """Puts texts together: PostgreSQL's own functions for objects take half as long again."""

    _is_sqlite = False

    def _can_read_in_order(self, rows: _Ordered) -> bool:
        # Where it has to sort, it keeps the first rows alone, and writes these.
        return True

    def _items_of_page(self, selection: JsonProjection, rows: _Ordered, scope: Scope) -> str:
        name = self.alias()
        item = self._entity(selection, rows.stored, name, scope)
        place = self._order(rows, name, _forwards(rows.request))
        return self._list(item, self._page_read(rows, name), place)

    def _page(
        self, members: Sequence[tuple[str, PagedMember]], rows: _Ordered, scope: Scope
    ) -> str:
        if rows.request.limit == 0 or sum(_readings(member) for _, member in members) < 2:
            return super()._page(members, rows, scope)
        # All that is told of its rows comes of reading these once.
        name = self.alias()
        page = self._object(members, lambda each: self._of_page_read(each, rows, scope, name))
        return f"(SELECT {page} FROM {self._page_read(rows, name)})"

    def _page_read(self, rows: _Ordered, name: str) -> str:
        """A source, under a name, of the rows of a page."""
        order = self._order(rows, name, rows.request)
        page = f"SELECT * FROM {self._among(rows, name)} ORDER BY {order}"
        return f"({page} LIMIT {rows.request.limit}) AS {name}"

    def _of_page_read(self, member: PagedMember, rows: _Ordered, scope: Scope, name: str) -> str:
        """What is selected of a page, whose rows are the source under the name."""
        match member:
            case Facts(members):
                return self._object(
                    members, lambda each: self._of_page_read(each, rows, scope, name)
                )
            case Items(selection):
                item = self._entity(selection, rows.stored, name, scope)
                return self._listed(item, self._order(rows, name, _forwards(rows.request)))
            case Fact.START | Fact.END:
                number = "1" if member is Fact.START else "count(*)"
                order = self._order(rows, name, _forwards(rows.request))
                value, key = (
                    f"(array_agg({name}.{each} ORDER BY {order}))[{number}]"
                    for each in (scope.order.field, rows.stored.key_name)
                )
                return f"coalesce({self._place(scope, rows.stored, value, key)}, 'null')"
            case Fact.HAS_NEXT | Fact.HAS_PREVIOUS if (
                member is Fact.HAS_PREVIOUS
            ) is rows.request.backwards:
                # A page that isn't full is the last one.
                is_full = f"count(*) = {rows.request.limit}"
                return f"CASE WHEN {is_full} AND {self._has_more(rows)} {_TRUE_OR_FALSE}"
        return self._of_page(member, rows, scope)

    def _plain(self, column: Column[Any], name: str) -> str:
        match column.type:
            case JsonText() | Integer():
                return f"{name}::text"
            case Double():
                # Whole numbers are written with a point, up to where an exponent tells them apart.
                is_whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
                return f"({name}::text || CASE WHEN {is_whole} THEN '.0' ELSE '' END)"
            case Timestamp():
                return self._time(name, "Z")
        return f"to_json({name})::text"

    def _time(self, name: str, offset: str) -> str:
        # An interval, unlike the name of a zone, need not be looked up for each row.
        begin, end = r'\"YYYY-MM-DD"T"HH24:MI:SS', rf'"{offset}"\"'
        return f"""to_char({name} AT TIME ZONE INTERVAL '0', CASE
            WHEN {name}::timestamptz(0) = {name} THEN '{begin}{end}' ELSE '{begin}.US{end}' END)"""

    def _opaque(self, text: str) -> str:
        encoded = f"rtrim(encode(convert_to({text}, 'UTF8'), 'base64'), '=')"
        # Its lines are broken, as those of e-mails are.
        return f"""('"' || translate({encoded}, E'+/\\n', '-_') || '"')"""

    def _text(self, json: str) -> str:
        return f"{json}::text"

    def _list(self, item: str, source: str, place: str) -> str:
        return f"(SELECT {self._listed(item, place)} FROM {source})"

    def _listed(self, item: str, place: str) -> str:
        return f"'[' || coalesce(string_agg({item}, ',' ORDER BY {place}), '') || ']'"

    def _items(self, json: str, name: str) -> tuple[str, str]:
        source = f"json_array_elements({json}) WITH ORDINALITY AS {name}(value, place)"
        return source, f"{name}.place"


class SqliteJsonRenderer(JsonRenderer):
    """Puts texts together, but for children, of which there are many: its function is faster."""

    _is_sqlite = True

    def _can_read_in_order(self, rows: _Ordered) -> bool:
        return rows.stored.has_index(rows.request.order.field, rows.reference)

    def _items_of_page(self, selection: JsonProjection, rows: _Ordered, scope: Scope) -> str:
        name, request, stored = self.alias(), rows.request, rows.stored
        item = self._entity(selection, stored, name, scope)
        if not request.backwards and self._can_read_in_order(rows):
            order = self._order(rows, name, request)
            return self._list(item, self._among(rows, name), f"{order} LIMIT {request.limit}")
        # What is sorted has the keys alone, and not what is written.
        sorted_, key = self.alias(), stored.key_name
        reading = f"ORDER BY {self._order(rows, sorted_, request)} LIMIT {request.limit}"
        keys = f"SELECT {sorted_}.{key} FROM {self._among(rows, sorted_)} {reading}"
        source = f"{self.source(stored, name)} WHERE {name}.{key} IN ({keys})"
        return self._list(item, source, self._order(rows, name, _forwards(request)))

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
                return self._time(name, "Z")
        return f"json_quote({name})"

    def _time(self, name: str, offset: str) -> str:
        whole = f"replace(substr({name}, 1, 19), ' ', 'T')"
        fraction = f"replace(substr({name}, 20), '.000000', '')"
        return f"""('"' || {whole} || {fraction} || '{offset}"')"""

    def _opaque(self, text: str) -> str:
        return f"json_quote(base64url({text}))"

    def _text(self, json: str) -> str:
        return json

    def _child(self, selection: JsonProjection, table: Table, source: str) -> str:
        if len(selection.members) > _FUNCTION_MEMBERS:
            return super()._child(selection, table, source)
        pairs = (
            f"{_literal(key)}, {self._argument(part, table, source)}"
            for key, part in selection.members
        )
        return f"json_object({', '.join(pairs)})"

    def _argument(self, part: Part, table: Table, source: str) -> str:
        if isinstance(part, Attribute) and isinstance(table.c[part.attribute].type, Integer | Text):
            return f"{source}.{part.attribute}"
        return f"json({self._of_columns(part, table.c, source)})"

    def _list(self, item: str, source: str, place: str) -> str:
        # What is aggregated comes in the order of its source, which SQLite leaves as it is for the
        # sake of group_concat: restriction (16) of flattenSubquery in its select.c.
        ordered = f"SELECT {item} AS item FROM {source} ORDER BY {place}"
        return f"(SELECT '[' || coalesce(group_concat(item, ','), '') || ']' FROM ({ordered}))"

    def _items(self, json: str, name: str) -> tuple[str, str]:
        return f"json_each({json}) AS {name}", f"{name}.key"


def _readings(member: PagedMember) -> int:
    """How many things it has that are told of a page's rows."""
    if isinstance(member, Facts):
        return sum(_readings(each) for _, each in member.members)
    return isinstance(member, Items) or member in (Fact.START, Fact.END)


def _name_of(part: Part) -> str:
    assert isinstance(part, Attribute)
    return part.attribute


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _forwards(request: PageRequest) -> PageRequest:
    """The order itself, whichever way it's read."""
    return replace(request, backwards=False)
