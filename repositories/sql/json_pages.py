"""The SQL by which a database renders pages as JSON, with what is selected of their entities."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import FromClause, and_, true
from sqlalchemy.sql.elements import ColumnElement

from domain.json_object import dumps
from repositories.criteria import PageRequest
from repositories.places import PLACE_MARK, Scope
from repositories.projections import (
    Constant,
    Fact,
    Facts,
    Items,
    JsonProjection,
    Paged,
    PagedMember,
)
from repositories.sql.criteria import between_positions, condition, reading_order
from repositories.sql.json_objects import TRUE_OR_FALSE, JsonObjectRenderer, literal
from repositories.sql.mapping import EntityTable
from repositories.sql.metadata import Timestamp


def page_prefix(projection_number: int, page: int) -> str:
    """The prefix of the parameters of a page in one of a statement's projections."""
    return f"s{projection_number}_p{page}_"


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """The rows that a page is taken from: their table, a condition, and the order of reading."""

    stored: EntityTable
    request: PageRequest
    reference: str
    is_of_parent: str
    """The condition of the parent's rows, to follow the rows' name and a dot."""
    prefix: str


class JsonRenderer(JsonObjectRenderer):
    """Renders objects and pages."""

    def page(self, projection: JsonProjection, source: str) -> ColumnElement[str]:
        """The only member of the projection, a page, for each `value` of the `source`."""
        self._begin(projection)
        [(_, part)] = projection.members
        assert isinstance(part, Paged)
        return self.sql(self._paged(part._replace(attribute="value"), source))

    def rows_of_page(
        self,
        part: Paged,
        source: str,
        name: str,
        projection_number: int,
        pages: Sequence[PageRequest],
    ) -> str:
        """A source, under a name, of the rows of a page that is in one of the projections."""
        rows, sorted_ = self._ordered(part, source, projection_number, pages), self.alias()
        key, order = rows.stored.key_name, self._order(rows, sorted_, rows.request)
        among = f"{self._among(rows, sorted_)} ORDER BY {order} LIMIT {rows.request.limit}"
        keys = f"SELECT {sorted_}.{key} FROM {among}"
        return f"{self.source(rows.stored, name)} WHERE {name}.{key} IN ({keys})"

    def _paged(self, part: Paged, source: str) -> str:
        """The object of a page."""
        rows = self._ordered(part, source, self._projection_number, self._pages)
        scope = Scope(part.type_name, rows.request.order)
        return self._page(part.members, rows, scope)

    def _page(
        self, members: Sequence[tuple[str, PagedMember]], rows: OrderedRows, scope: Scope
    ) -> str:
        """The object of a page of the rows."""
        return self._object(members, lambda member: self._of_page(member, rows, scope))

    def _ordered(
        self, part: Paged, source: str, projection_number: int, pages: Sequence[PageRequest]
    ) -> OrderedRows:
        return OrderedRows(
            self.entity_tables[part.type_name],
            pages[part.number],
            part.by,
            f"{part.by} = {source}.{part.attribute}",
            page_prefix(projection_number, part.number),
        )

    def _of_page(self, member: PagedMember, rows: OrderedRows, scope: Scope) -> str:
        request = rows.request
        match member:
            case Constant(text):
                return literal(dumps(text))
            case Facts(members):
                return self._object(members, lambda each: self._of_page(each, rows, scope))
            case Items(projection):
                return self._list_of_page(projection, rows, scope)
            case Fact.TOTAL:
                name = self.alias()
                return f"(SELECT CAST(count(*) AS TEXT) FROM {self._matching(rows, name)})"
            case Fact.HAS_NEXT if request.backwards:
                return literal("true" if request.before is not None else "false")
            case Fact.HAS_PREVIOUS if not request.backwards:
                return literal("true" if request.after is not None else "false")
            case Fact.HAS_NEXT | Fact.HAS_PREVIOUS:
                return f"CASE WHEN {self._has_more(rows)} {TRUE_OR_FALSE}"
        is_first_read = (member is Fact.START) is not request.backwards
        return self._end_of_page(rows, scope, is_first_read=is_first_read)

    def _has_more(self, rows: OrderedRows) -> str:
        """Whether there are rows in the direction of reading after those of the page."""
        more = f"SELECT 1 FROM {self._among(rows, self.alias())} LIMIT 1"
        return f"EXISTS ({more} OFFSET {rows.request.limit})"

    def _list_of_page(self, projection: JsonProjection, rows: OrderedRows, scope: Scope) -> str:
        """The JSON text of the list of a page's objects."""
        if rows.request.limit == 0:
            return literal("[]")
        if rows.request.limit > 1 or not self._can_read_in_order(rows):
            return self._items_of_page(projection, rows, scope)
        # One is all that is read, so there is nothing to gather.
        name = self.alias()
        item = self._entity(projection, rows.stored, name, scope)
        first = f"{self._among(rows, name)} ORDER BY {self._order(rows, name, rows.request)}"
        return f"coalesce((SELECT '[' || {item} || ']' FROM {first} LIMIT 1), '[]')"

    def _end_of_page(self, rows: OrderedRows, scope: Scope, *, is_first_read: bool) -> str:
        """The place of the row of a page that is read first, or last; null where there is none."""
        limit, name, key = rows.request.limit, self.alias(), rows.stored.key_name
        if limit == 0:
            return literal("null")
        place = self._place_of(scope, rows.stored, name)
        order = self._order(rows, name, rows.request)
        if is_first_read or limit == 1:
            found = f"{self._among(rows, name)} ORDER BY {order} LIMIT 1"
        else:
            ordered = dict.fromkeys((rows.request.order.field, key))
            columns = ", ".join(f"{name}.{each}" for each in ordered)
            page = f"SELECT {columns} FROM {self._among(rows, name)} ORDER BY {order} LIMIT {limit}"
            other_way = replace(rows.request, backwards=not rows.request.backwards)
            reversed_ = self._order(rows, name, other_way)
            found = f"({page}) AS {name} ORDER BY {reversed_} LIMIT 1"
        return f"coalesce((SELECT {place} FROM {found}), 'null')"

    def _matching(self, rows: OrderedRows, name: str) -> str:
        """A source of all rows that match, under a name."""
        found = f"{self.source(rows.stored, name)} WHERE {name}.{rows.is_of_parent}"
        filter = rows.request.filter
        if filter is None:
            return found
        source = self._source(rows, name)
        matching = condition(
            source, filter, rows.stored.dialect, prefix=rows.prefix, by_client=False
        )
        return f"{found} AND {self._embedded(and_(true(), matching).self_group())}"

    def _among(self, rows: OrderedRows, name: str) -> str:
        """A source of those rows that are between the page's places, under a name."""
        source = self._source(rows, name)
        key = source.c[rows.stored.key_name]
        between = between_positions(source, key, rows.request, rows.prefix)
        found = [self._matching(rows, name)]
        return " AND ".join([*found, *(f"({self._embedded(each)})" for each in between)])

    def _order(self, rows: OrderedRows, name: str, request: PageRequest) -> str:
        source = self._source(rows, name)
        order = reading_order(source, source.c[rows.stored.key_name], request)
        return ", ".join(map(self._embedded, order))

    def _source(self, rows: OrderedRows, name: str) -> FromClause:
        """The table of the rows under a name. To make its columns takes most of the time."""
        if name not in self._sources:
            self._sources[name] = rows.stored.table.alias(name)
        return self._sources[name]

    def _place_of(self, scope: Scope, stored: EntityTable, source: str) -> str:
        """The place of a row, between marks."""
        return self._place(
            scope, stored, f"{source}.{scope.order.field}", f"{source}.{stored.key_name}"
        )

    def _place(self, scope: Scope, stored: EntityTable, value: str, key: str) -> str:
        """The place of a row that has this value and key, which are never NULL.

        Times have their offset in digits, as cursors have them.
        """
        column = stored.table.c[scope.order.field]
        is_time = isinstance(column.type, Timestamp)
        value = self._time(value, "+00:00") if is_time else self._plain(column, value)
        key = self._plain(stored.table.c[stored.key_name], key)
        begin, end = literal(f"{PLACE_MARK}{scope.beginning}"), literal(f"]{PLACE_MARK}")
        return f"({begin} || {value} || ',' || {key} || {end})"

    @abstractmethod
    def _can_read_in_order(self, rows: OrderedRows) -> bool:
        """Whether rows may be read in their order and rendered at once, as far as the page goes."""

    @abstractmethod
    def _items_of_page(self, projection: JsonProjection, rows: OrderedRows, scope: Scope) -> str:
        """The JSON text of the list of a page's objects, of which there may be several."""


def forwards(request: PageRequest) -> PageRequest:
    """The order itself, whichever way it's read."""
    return replace(request, backwards=False)
