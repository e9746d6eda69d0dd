"""Statements with which a database renders JSON objects of entities.

A statement reads an entity and those that it refers to, without any module knowing another.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import (
    FromClause,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from repositories.answer_size import FITS
from repositories.criteria import PageRequest
from repositories.drivers.compiled import Statement
from repositories.projections import Children, JsonProjection
from repositories.sql.criteria import (
    Values,
    bounded_page_of,
    nested_page_shape_of,
    page_of,
    page_values_of,
    reading_order,
)
from repositories.sql.dialects import ALLOWED, SQLITE, Dialect
from repositories.sql.json_pages import JsonRenderer, page_prefix
from repositories.sql.json_postgresql import PostgresJsonRenderer
from repositories.sql.json_sizes import JsonSizes
from repositories.sql.json_sqlite import SqliteJsonRenderer
from repositories.sql.mapping import EntityMapping, EntityTable
from repositories.sql.metadata import PlainText
from repositories.sql.rows import RuleShapes, rule_values_of
from repositories.visibility import Rules

_WHOLE: Final = "answer_size"
"""The column of the size of all rows together."""


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


class JsonStatements:
    """The statements for one dialect, each for all values of one shape.

    Clients choose the keys of objects, so these are quoted; all else in the SQL is our own.
    """

    def __init__(self, mappings: Mapping[str, EntityMapping], dialect: Dialect) -> None:
        self._mappings = mappings
        self.dialect = dialect

    def rule_values_of(self, rules: Rules) -> Values:
        """The parameters of the rules, which every statement may have."""
        tables = {name: mapping.table.name for name, mapping in self._mappings.items()}
        return rule_values_of(rules, tables)

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
        rows, is_wanted = self._sized(source, and_(*conditions), renderer, size)
        columns = [rows.c[name] for name in names]
        items = [renderer.item(each, stored, rows.name) for each in projections]
        items = self._guarded(items, renderer, size, rows)
        found = select(*columns, *items).where(is_wanted)
        counted = range(len(columns), len(columns) + len(items))
        if size is None and not is_single_key:
            found = self._added_up(found, projections, counted, renderer)
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
        rows, is_wanted = self._sized(source, condition, renderer, size)
        lists = [renderer.children(each, stored, rows.name) for each in projections]
        lists = self._guarded(lists, renderer, size, rows)
        found = select(rows.c[stored.key_name], *lists).where(is_wanted)
        counted = range(1, 1 + len(lists))
        if size is None:
            owners = [JsonProjection((("", Children("", each)),)) for each in projections]
            found = self._added_up(found, owners, counted, renderer)
        return self._compiled(found, counted)

    def pages(self, rules: RuleShapes, projections: tuple[JsonProjection, ...]) -> Statement:
        """Rows of the `values`, and a page for each projection, whose only member it is.

        The page is of those that have the value under what it's said to go `by`.
        """
        renderer = self._renderer(rules)
        values = self.dialect.each_value(PlainText, renderer.alias())
        size = self._sizes(renderer).of_pages(projections, values.name)
        rows, _ = self._sized(values, true(), renderer, size)
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
        table = stored.rows
        matching = stored.matching(shape.filter)
        rows = select(table).where(matching)
        on_page = self._page_of(rows, table, stored, shape, most)
        page: NamedFromClause = on_page.subquery(renderer.alias())
        size = self._sizes(renderer).of_entity(projections, stored, page.name)
        page, _ = self._sized(page, true(), renderer, size)
        order = reading_order(page, page.c[stored.key_name], shape)
        columns = [renderer.item(each, stored, page.name) for each in projections]
        columns = self._guarded(columns, renderer, size, page)
        counted = range(len(columns))
        if with_places:
            columns += [page.c[shape.order.field], page.c[stored.key_name]]
        total = select(func.count()).select_from(table).where(matching).scalar_subquery()
        source: FromClause = page
        if self.dialect.counts_by_row and with_total:
            columns += [page.c[stored.key_name], total]
            source = select(literal_column("1")).subquery().outerjoin(page, true())
        if self.dialect.counts_by_row:
            return self._compiled(select(*columns).select_from(source).order_by(*order), counted)
        has_lists = size is None and any(map(_has_lists, projections))
        if has_lists:
            labelled = [each.label(f"c{index}") for index, each in enumerate(columns)]
            names = dict.fromkeys([shape.order.field, stored.key_name])
            page = _materialized(select(*(page.c[name] for name in names), *labelled), renderer)
            order = reading_order(page, page.c[stored.key_name], shape)
            columns = [page.c[each.name] for each in labelled]
        lists: list[Any] = [func.array_agg(aggregate_order_by(it, *order)) for it in columns]
        source = page
        if has_lists:
            whole = _sum_of(columns[: counted.stop]).label(_WHOLE)
            labelled = [each.label(f"c{index}") for index, each in enumerate(lists)]
            source = select(*labelled, whole).select_from(page).subquery(renderer.alias())
            lists = [source.c[each.name] for each in labelled]
            nothing: Any = (source.c[_WHOLE] > ALLOWED, literal_column("ARRAY['']"))
            lists[: counted.stop] = [case(nothing, else_=it) for it in lists[: counted.stop]]
        return self._compiled(select(*lists, *[total] * with_total).select_from(source), counted)

    def _page_of(
        self,
        rows: Select[Any],
        table: FromClause,
        stored: EntityTable,
        shape: PageRequest,
        most: int,
    ) -> Select[Any]:
        key = table.c[stored.key_name]
        if self.dialect.counts_by_row and not stored.mapping.has_index(shape.order.field):
            # It sorts the keys alone, without the rendered texts.
            keys = page_of(rows.with_only_columns(key), table, key, shape)
            return select(table).where(key.in_(keys.scalar_subquery()))
        if self.dialect.counts_by_row:
            return page_of(rows, table, key, shape)
        return bounded_page_of(rows, table, key, shape, most)

    def _renderer(self, rules: RuleShapes) -> JsonRenderer:
        shapes = dict(rules)
        entity_tables = {
            name: EntityTable(mapping, self.dialect, rule=shapes.get(name))
            for name, mapping in self._mappings.items()
        }
        return (
            SqliteJsonRenderer(entity_tables)
            if self.dialect is SQLITE
            else PostgresJsonRenderer(entity_tables)
        )

    def _sizes(self, renderer: JsonRenderer) -> JsonSizes:
        return JsonSizes(renderer, self.dialect)

    def _sized(
        self,
        rows: NamedFromClause,
        condition: ColumnElement[bool],
        renderer: JsonRenderer,
        size: str | None,
    ) -> tuple[NamedFromClause, ColumnElement[bool]]:
        """The rows that items are rendered of, and the condition that these still have to meet.

        PostgreSQL adds up the `size` of the rows that meet the condition, once for all items: the
        SQL of a size is about as long as that of the items, and would stand in each of them.
        """
        if size is None or self.dialect.counts_by_row:
            return rows, condition
        whole = renderer.sql(f"sum({size}) OVER ()").label(_WHOLE)
        return select(rows, whole).where(condition).subquery(renderer.alias()), true()

    def _guarded(
        self,
        items: list[ColumnElement[str]],
        renderer: JsonRenderer,
        size: str | None,
        rows: NamedFromClause,
    ) -> list[ColumnElement[str]]:
        """The items of the rows, or "" in place of those that would make the answer too large.

        PostgreSQL compares what it added up. SQLite has its function count row by row, as they
        come, by the SQL of a row's `size`.
        """
        if size is None:
            return items
        exceeds: list[ColumnElement[bool]]
        if self.dialect.counts_by_row:
            # A row counts with its first item, and none of the others is made if it's too much.
            counted = [size, *["0"] * (len(items) - 1)]
            exceeds = [renderer.sql(f"{FITS}({each})") == literal_column("0") for each in counted]
        else:
            exceeds = [rows.c[_WHOLE] > ALLOWED] * len(items)
        return [
            # SQLite's parser counts an expression after ELSE as less deep than one after THEN.
            case((exceeded, literal_column("''")), else_=item)
            for exceeded, item in zip(exceeds, items, strict=False)
        ]

    def _added_up(
        self,
        found: Select[Any],
        projections: Sequence[JsonProjection],
        counted: range,
        renderer: JsonRenderer,
    ) -> Select[Any]:
        """The statement; on PostgreSQL it returns "" for each text if all are too large in sum."""
        if self.dialect.counts_by_row or not any(map(_has_lists, projections)):
            return found
        materialized = _materialized(found, renderer)
        whole = _sum_of(list(materialized.c)[counted.start : counted.stop]).over().label(_WHOLE)
        added_up = select(materialized, whole).subquery(renderer.alias())
        columns: list[Any] = list(added_up.c)
        added = columns.pop()
        nothing: Any = (added > ALLOWED, literal_column("''"))
        columns[counted.start :] = [case(nothing, else_=it) for it in columns[counted.start :]]
        return select(*columns)

    def _compiled(self, statement: Any, counted: range) -> Statement:
        return self.dialect.compile(statement, counted=counted, refuses=True)


def _has_lists(projection: JsonProjection) -> bool:
    """Whether the projection has lists of children: a list may be long though no text in it is."""
    owned = (isinstance(part, Children) for _, part in projection.members)
    return any(owned) or any(map(_has_lists, projection.within))


def _materialized(rows: Select[Any], renderer: JsonRenderer) -> Subquery:
    """The rows as a subquery whose texts PostgreSQL renders once, and not for each use."""
    return rows.offset(literal_column("0")).subquery(renderer.alias())


def _sum_of(texts: Sequence[ColumnElement[Any]]) -> Any:
    """The bytes of these texts in all rows."""
    return func.sum(reduce(add, map(func.octet_length, texts)))
