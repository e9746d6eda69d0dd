"""Statements by which a database writes JSON objects of entities, and of what belongs to these.

An entity and those that it refers to are read at once, without any module knowing another.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
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

from repositories.answer_size import ANSWER_BYTES, UNLIMITED
from repositories.criteria import PageRequest
from repositories.database_criteria import (
    Values,
    among,
    bounded_page_of,
    condition,
    each_value,
    nested_page_shape_of,
    page_of,
    page_values_of,
    reading_order,
)
from repositories.database_json_text import (
    PostgresWriter,
    SqliteWriter,
    Stored,
    Writer,
    page_prefix,
)
from repositories.json_sizes import FITS, JsonSizes
from repositories.metadata import PlainText
from repositories.selections import Owned, Selection
from repositories.statements import Statement, written

_ALLOWED: Final = bindparam(ANSWER_BYTES, UNLIMITED, BigInteger())


def shaped(selections: Sequence[Selection]) -> tuple[tuple[Selection, ...], Values]:
    """The selections without the values of their pages, and these values.

    Those of one shape have the same SQL, and the values are its parameters.
    """
    shapes: list[Selection] = []
    values: dict[str, Any] = {}
    for number, selection in enumerate(selections):
        shape = selection
        if selection.pages:
            shape = selection.of_pages(tuple(map(nested_page_shape_of, selection.pages)))
            for place, page in enumerate(selection.pages):
                values |= page_values_of(page, page_prefix(number, place))
        shapes.append(shape)
    return tuple(shapes), values


class JsonStatements:
    """Those for one kind of database, each to be kept for all values of one shape.

    Clients choose the keys of objects, so these are quoted; all else in the SQL is our own.
    """

    def __init__(self, kinds: Mapping[str, Stored], *, is_sqlite: bool) -> None:
        self._kinds = kinds
        self._is_sqlite = is_sqlite

    def by(
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
        size = self._sizes(writer).of_entity(selections, stored, source.name)
        items = self._guarded(items, writer, size)
        found = select(*columns, *items).where(and_(*conditions))
        counted = range(len(columns), len(columns) + len(items))
        if size is None and not is_one:
            found = self._added_up(found, selections, counted, writer)
        return self._written(found, counted)

    def children(self, kind: str, selections: tuple[Selection, ...]) -> Statement:
        """Rows of the keys of parents, among `values`, and a list for each selection."""
        stored, writer = self._kinds[kind], self._writer()
        key = stored.table.alias(writer.alias()).c[stored.key_name]
        source = str(key.table.name)
        lists = [writer.children(each, stored, source) for each in selections]
        size = self._sizes(writer).of_children(selections, stored, source)
        lists = self._guarded(lists, writer, size)
        found = select(key, *lists).where(among(key, "values", is_sqlite=self._is_sqlite))
        counted = range(1, 1 + len(lists))
        if size is None:
            owners = [Selection((("", Owned("", each)),)) for each in selections]
            found = self._added_up(found, owners, counted, writer)
        return self._written(found, counted)

    def pages(self, selections: tuple[Selection, ...]) -> Statement:
        """Rows of the `values`, and a page for each selection, whose only member it is.

        The page is of those that have the value under what it's said to go `by`.
        """
        writer = self._writer()
        values = each_value(PlainText, writer.alias(), is_sqlite=self._is_sqlite)
        pages = [writer.page(selection, values.name) for selection in selections]
        size = self._sizes(writer).of_pages(selections, values.name)
        pages = self._guarded(pages, writer, size)
        return self._written(select(values.c.value, *pages), range(1, 1 + len(pages)))

    def page(
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
        size = self._sizes(writer).of_entity(selections, stored, page.name)
        if size is not None and not self._is_sqlite:
            whole = writer.sql(f"sum({size}) OVER ()").label("answer_size")
            page = select(page, whole).subquery(writer.alias())
        order = reading_order(page, page.c[stored.key_name], shape)
        columns = [writer.item(each, stored, page.name) for each in selections]
        columns = self._guarded(columns, writer, size, f"{page.name}.answer_size")
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
        exceeds: ColumnElement[bool] | None = None
        if size is None and any(map(_has_lists, selections)):
            labelled = [each.label(f"c{place}") for place, each in enumerate(columns)]
            names = dict.fromkeys([shape.order.field, stored.key_name])
            page = _made(select(*(page.c[name] for name in names), *labelled), writer)
            order = reading_order(page, page.c[stored.key_name], shape)
            columns = [page.c[each.name] for each in labelled]
            exceeds = _sum_of(columns[: counted.stop]) > _ALLOWED
        lists: list[Any] = [func.array_agg(aggregate_order_by(it, *order)) for it in columns]
        if exceeds is not None:
            nothing: Any = (exceeds, literal_column("ARRAY['']"))
            lists[: counted.stop] = [case(nothing, else_=it) for it in lists[: counted.stop]]
        return self._written(select(*lists, *[total] * with_total).select_from(page), counted)

    def _page_of(
        self, rows: Select[Any], stored: Stored, shape: PageRequest, most: int
    ) -> Select[Any]:
        table = stored.table
        key = table.c[stored.key_name]
        if self._is_sqlite and not stored.has_index(shape.order.field):
            # What is sorted has the keys alone, and not what is written.
            keys = page_of(rows.with_only_columns(key), table, key, shape)
            return select(table).where(key.in_(keys.scalar_subquery()))
        if self._is_sqlite:
            return page_of(rows, table, key, shape)
        return bounded_page_of(rows, table, key, shape, most)

    def _writer(self) -> Writer:
        return SqliteWriter(self._kinds) if self._is_sqlite else PostgresWriter(self._kinds)

    def _sizes(self, writer: Writer) -> JsonSizes:
        return JsonSizes(self._kinds, writer, is_sqlite=self._is_sqlite)

    def _guarded(
        self,
        items: list[ColumnElement[str]],
        writer: Writer,
        size: str | None,
        whole: str | None = None,
    ) -> list[ColumnElement[str]]:
        """The items, or "" in place of those that would make the answer too large.

        Both are SQL: the `size` of a row, and the `whole` of all rows together, which PostgreSQL
        compares. SQLite has its function count row by row, as they come.
        """
        if size is None:
            return items
        exceeds: list[ColumnElement[bool]]
        if self._is_sqlite:
            # A row counts with its first item, and none of the others is made if it's too much.
            counted = [size, *["0"] * (len(items) - 1)]
            exceeds = [writer.sql(f"{FITS}({each})") == literal_column("0") for each in counted]
        else:
            sum_of_all = writer.sql(whole or f"sum({size}) OVER ()")
            exceeds = [sum_of_all > _ALLOWED] * len(items)
        return [
            # What comes after ELSE is less deep for SQLite's parser than what comes after THEN.
            case((exceeded, literal_column("''")), else_=item)
            for exceeded, item in zip(exceeds, items, strict=False)
        ]

    def _added_up(
        self, found: Select[Any], selections: Sequence[Selection], counted: range, writer: Writer
    ) -> Select[Any]:
        """The same; PostgreSQL gives "" in place of all texts where they are too much together."""
        if self._is_sqlite or not any(map(_has_lists, selections)):
            return found
        made = _made(found, writer)
        columns: list[Any] = list(made.c)
        texts = columns[counted.start : counted.stop]
        exceeds = _sum_of(texts).over() > _ALLOWED
        columns[counted.start :] = [case((exceeds, literal_column("''")), else_=it) for it in texts]
        return select(*columns)

    def _written(self, statement: Any, counted: range) -> Statement:
        return written(statement, is_sqlite=self._is_sqlite, counted=counted, refuses=True)


def _has_lists(selection: Selection) -> bool:
    """Whether there are lists of children, which may be long, though no text in them is."""
    owned = (isinstance(part, Owned) for _, part in selection.members)
    return any(owned) or any(map(_has_lists, selection.within))


def _made(rows: Select[Any], writer: Writer) -> Subquery:
    """The rows with their texts as columns, which PostgreSQL doesn't make anew for each use."""
    return rows.offset(literal_column("0")).subquery(writer.alias())


def _sum_of(texts: Sequence[ColumnElement[Any]]) -> Any:
    """The bytes of all rows of these texts."""
    return func.sum(reduce(add, map(func.octet_length, texts)))
