"""Statements with which a database renders JSON objects of entities.

A statement reads an entity and those that it refers to, without any module knowing another.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

from sqlalchemy import (
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from domain.history import Event
from repositories.criteria import PageRequest
from repositories.drivers.compiled import Statement
from repositories.projections import Children, JsonProjection
from repositories.sql.criteria import (
    Values,
    nested_page_shape_of,
    page_values_of,
    reading_order,
)
from repositories.sql.dialects import Dialect
from repositories.sql.json_pages import JsonRenderer, page_prefix
from repositories.sql.json_sizes import JsonSizes
from repositories.sql.mapping import EntityMapping, EntityTable
from repositories.sql.metadata import PlainText
from repositories.sql.rows import RuleShapes, rule_values_of
from repositories.visibility import Rules

_EVENTS: Final = "events"
"""The table of the log."""


def shaped(projections: Sequence[JsonProjection]) -> tuple[tuple[JsonProjection, ...], Values]:
    """The projections without the values of their pages, and these values.

    Projections of one shape have the same SQL, and the values are its parameters.
    """
    shapes: list[JsonProjection] = []
    values: dict[str, Any] = {}
    for number, projection in enumerate(projections):
        shape = projection
        if projection.pages:
            shape = projection.of_pages(tuple(map(nested_page_shape_of, projection.pages)))
            for index, page in enumerate(projection.pages):
                values |= page_values_of(page, page_prefix(number, index))
        shapes.append(shape)
    return tuple(shapes), values


class JsonStatements(ABC):
    """The statements for one dialect, each for all values of one shape.

    A subclass has the SQL of its dialect: the order in which a page is read, the way its rows come
    back, and how sizes are counted before texts are rendered. Clients choose the keys of objects,
    so these are quoted; all else in the SQL is our own.
    """

    dialect: ClassVar[Dialect]
    _renderer_class: ClassVar[type[JsonRenderer]]

    def __init__(self, mappings: Mapping[str, EntityMapping]) -> None:
        self._mappings = mappings
        self.rule_values_of = lru_cache(256)(self._rule_values_of)
        """The parameters of the rules, which every statement may have."""

    def mapping_of(self, type_name: str) -> EntityMapping:
        return self._mappings[type_name]

    def _rule_values_of(self, rules: Rules) -> Values:
        tables = {name: mapping.table.name for name, mapping in self._mappings.items()}
        return rule_values_of(rules, {**tables, Event.__name__: _EVENTS})

    def by(
        self,
        rules: RuleShapes,
        type_name: str,
        names: tuple[str, ...],
        projections: tuple[JsonProjection, ...],
        is_single_key: bool,
    ) -> Statement:
        """Rows of the named columns and an object for each projection.

        Each column has one of the values of the parameter of its name. With `is_single_key`, the
        parameter is a single value.
        """
        renderer = self._renderer(rules)
        stored = renderer.entity_tables[type_name]
        source = renderer.rows(stored, renderer.alias())
        conditions = [
            column == bindparam(name, type_=column.type)
            if is_single_key
            else self.dialect.among(column, name)
            for name, column in ((name, source.c[name]) for name in names)
        ]
        size = self._sizes(renderer).of_entity(projections, stored, source.name)
        rows, is_wanted = self._sized_rows(source, and_(*conditions), renderer, size)
        columns = [rows.c[name] for name in names]
        items = [renderer.item(each, stored, rows.name) for each in projections]
        items = self._guarded(items, renderer, size, rows)
        found = select(*columns, *items).where(is_wanted)
        counted = range(len(columns), len(columns) + len(items))
        if not is_single_key and _may_be_long(projections, size):
            found = self._added_up(found, counted, renderer)
        return self._compiled(found, counted)

    def children(
        self, rules: RuleShapes, type_name: str, projections: tuple[JsonProjection, ...]
    ) -> Statement:
        """Rows of the keys of parents, among `values`, and a list for each projection."""
        renderer = self._renderer(rules)
        stored = renderer.entity_tables[type_name]
        source = renderer.rows(stored, renderer.alias())
        condition = self.dialect.among(source.c[stored.key_name], "values")
        size = self._sizes(renderer).of_children(projections, stored, source.name)
        rows, is_wanted = self._sized_rows(source, condition, renderer, size)
        lists = [renderer.children(each, stored, rows.name) for each in projections]
        lists = self._guarded(lists, renderer, size, rows)
        found = select(rows.c[stored.key_name], *lists).where(is_wanted)
        counted = range(1, 1 + len(lists))
        if size is None and lists:
            found = self._added_up(found, counted, renderer)
        return self._compiled(found, counted)

    def pages(self, rules: RuleShapes, projections: tuple[JsonProjection, ...]) -> Statement:
        """Rows of the `values`, and a page for each projection, whose only member it is.

        The page is of those that have the value under what it's said to go `by`.
        """
        renderer = self._renderer(rules)
        values = self.dialect.each_value(PlainText, renderer.alias())
        size = self._sizes(renderer).of_pages(projections, values.name)
        rows, _ = self._sized_rows(values, true(), renderer, size)
        pages = [renderer.page(projection, rows.name) for projection in projections]
        pages = self._guarded(pages, renderer, size, rows)
        return self._compiled(select(rows.c.value, *pages), range(1, 1 + len(pages)))

    def page(
        self,
        rules: RuleShapes,
        type_name: str,
        shape: PageRequest,
        most: int,
        projections: tuple[JsonProjection, ...],
        with_places: bool,
        with_total: bool,
    ) -> Statement:
        """The objects of a page, of at most so many rows, for each projection.

        With places, then the values that it's ordered by, and the keys. The total, if it's
        wanted, stands last; before it on SQLite the key, which is NULL where there is no entity.
        On PostgreSQL all but the total are lists in the only row.
        """
        renderer = self._renderer(rules)
        stored = renderer.entity_tables[type_name]
        listed = stored.listed(shape.filter)
        table, matching = listed.rows, listed.matching(shape.filter)
        rows = select(table).where(matching)
        on_page = self._page_of(rows, table, stored, shape, most)
        page: NamedFromClause = on_page.subquery(renderer.alias())
        size = self._sizes(renderer).of_entity(projections, stored, page.name)
        page, _ = self._sized_rows(page, true(), renderer, size)
        columns = [renderer.item(each, stored, page.name) for each in projections]
        columns = self._guarded(columns, renderer, size, page)
        counted = range(len(columns))
        if with_places:
            columns += [page.c[shape.order.field], page.c[stored.key_name]]
        total = select(func.count()).select_from(table).where(matching).scalar_subquery()
        found = PageColumns(page, columns, counted, stored.key_name, shape)
        may_be_long = _may_be_long(projections, size)
        statement = self._page(found, renderer, may_be_long, total if with_total else None)
        return self._compiled(statement, counted)

    @abstractmethod
    def _page_of(
        self,
        rows: Select[Any],
        table: FromClause,
        stored: EntityTable,
        shape: PageRequest,
        most: int,
    ) -> Select[Any]:
        """The rows of the page, of at most so many."""

    @abstractmethod
    def _page(
        self,
        found: "PageColumns",
        renderer: JsonRenderer,
        may_be_long: bool,
        total: ColumnElement[int] | None,
    ) -> Select[Any]:
        """The statement that returns the columns of the page, in its order, and the total.

        `may_be_long` tells that the page may be too large though no size was told.
        """

    def _renderer(self, rules: RuleShapes) -> JsonRenderer:
        entity_tables = {
            name: EntityTable(mapping, self.dialect, rule=rules.get(name))
            for name, mapping in self._mappings.items()
        }
        return self._renderer_class(entity_tables)

    def _sizes(self, renderer: JsonRenderer) -> JsonSizes:
        return JsonSizes(renderer, self.dialect)

    def _sized_rows(
        self,
        rows: NamedFromClause,
        condition: ColumnElement[bool],
        renderer: JsonRenderer,
        size: str | None,
    ) -> tuple[NamedFromClause, ColumnElement[bool]]:
        """The rows that items are rendered of, and the condition that these still have to meet."""
        if size is None:
            return rows, condition
        return self._sized(rows, condition, renderer, size)

    def _sized(
        self,
        rows: NamedFromClause,
        condition: ColumnElement[bool],
        renderer: JsonRenderer,
        size: str,
    ) -> tuple[NamedFromClause, ColumnElement[bool]]:
        """The same, with the size of each row, where the database doesn't count row by row."""
        return rows, condition

    def _guarded(
        self,
        items: list[ColumnElement[str]],
        renderer: JsonRenderer,
        size: str | None,
        rows: NamedFromClause,
    ) -> list[ColumnElement[str]]:
        """The items of the rows, or "" in place of those that would make the answer too large."""
        if size is None or not items:
            return items
        return [
            # SQLite's parser counts an expression after ELSE as less deep than one after THEN.
            case((exceeded, literal_column("''")), else_=item)
            for exceeded, item in zip(
                self._exceeds(len(items), renderer, size, rows), items, strict=True
            )
        ]

    @abstractmethod
    def _exceeds(
        self, count: int, renderer: JsonRenderer, size: str, rows: NamedFromClause
    ) -> list[ColumnElement[bool]]:
        """Whether each of so many items of a row makes the answer too large."""

    def _added_up(self, found: Select[Any], counted: range, renderer: JsonRenderer) -> Select[Any]:
        """The statement, with "" for each text if all are too large in sum, where the database
        doesn't count them one by one."""
        return found

    def _compiled(self, statement: Any, counted: range) -> Statement:
        return self.dialect.compile(statement, counted=counted, refuses=True)


class PageColumns(NamedTuple):
    """A page's rows, with the columns that are to be returned of them."""

    rows: NamedFromClause
    columns: list[ColumnElement[Any]]
    counted: range
    """Which of the columns are texts of the answer."""
    key_name: str
    shape: PageRequest

    def order(self, rows: FromClause) -> Sequence[ColumnElement[Any]]:
        """The order of reading, in which rows of the page come."""
        return reading_order(rows, rows.c[self.key_name], self.shape)


def _may_be_long(projections: Sequence[JsonProjection], size: str | None) -> bool:
    """Whether what is rendered may be too large though no size was told before."""
    return size is None and any(map(_has_lists, projections))


def _has_lists(projection: JsonProjection) -> bool:
    """Whether the projection has lists of children: a list may be long though no text in it is."""
    owned = (isinstance(part, Children) for _, part in projection.members)
    return any(owned) or any(map(_has_lists, projection.within))
