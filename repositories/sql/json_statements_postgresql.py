"""Statements with which PostgreSQL renders JSON objects of entities, and adds up their sizes."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import FromClause, Select, Subquery, case, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from repositories.criteria import PageRequest
from repositories.sql.criteria import bounded_page_of
from repositories.sql.dialects import ALLOWED, POSTGRESQL
from repositories.sql.json_pages import JsonRenderer
from repositories.sql.json_postgresql import PostgresJsonRenderer
from repositories.sql.json_statements import JsonStatements, PageColumns
from repositories.sql.mapping import EntityTable

_WHOLE: Final = "answer_size"
"""The column of the size of all rows together."""


class PostgresJsonStatements(JsonStatements):
    """PostgreSQL adds up the sizes of all rows before it returns any."""

    dialect = POSTGRESQL
    _renderer_class = PostgresJsonRenderer

    def _page_of(
        self,
        rows: Select[Any],
        table: FromClause,
        stored: EntityTable,
        shape: PageRequest,
        most: int,
    ) -> Select[Any]:
        return bounded_page_of(rows, table, table.c[stored.key_name], shape, most)

    def _page(
        self,
        found: PageColumns,
        renderer: JsonRenderer,
        may_be_long: bool,
        total: ColumnElement[int] | None,
    ) -> Select[Any]:
        """One row, in which all but the total are lists."""
        page, columns, counted = found.rows, found.columns, found.counted
        if may_be_long:
            labelled = [each.label(f"c{index}") for index, each in enumerate(columns)]
            names = dict.fromkeys([found.shape.order.field, found.key_name])
            page = _materialized(select(*(page.c[name] for name in names), *labelled), renderer)
            columns = [page.c[each.name] for each in labelled]
        order = found.order(page)
        lists: list[Any] = [func.array_agg(aggregate_order_by(it, *order)) for it in columns]
        if may_be_long:
            whole = _sum_of(columns[: counted.stop]).label(_WHOLE)
            labelled = [each.label(f"c{index}") for index, each in enumerate(lists)]
            page = select(*labelled, whole).select_from(page).subquery(renderer.alias())
            lists = [page.c[each.name] for each in labelled]
            nothing: Any = (page.c[_WHOLE] > ALLOWED, literal_column("ARRAY['']"))
            lists[: counted.stop] = [case(nothing, else_=it) for it in lists[: counted.stop]]
        return select(*lists, *([] if total is None else [total])).select_from(page)

    def _sized(
        self,
        rows: NamedFromClause,
        condition: ColumnElement[bool],
        renderer: JsonRenderer,
        size: str,
    ) -> tuple[NamedFromClause, ColumnElement[bool]]:
        """The rows that meet the condition, with the sum of their sizes.

        It's once for all items: the SQL of a size is about as long as that of the items, and would
        stand in each of them.
        """
        whole = renderer.sql(f"sum({size}) OVER ()").label(_WHOLE)
        return select(rows, whole).where(condition).subquery(renderer.alias()), true()

    def _exceeds(
        self, count: int, renderer: JsonRenderer, size: str, rows: NamedFromClause
    ) -> list[ColumnElement[bool]]:
        return [rows.c[_WHOLE] > ALLOWED] * count

    def _added_up(self, found: Select[Any], counted: range, renderer: JsonRenderer) -> Select[Any]:
        materialized = _materialized(found, renderer)
        whole = _sum_of(list(materialized.c)[counted.start : counted.stop]).over().label(_WHOLE)
        added_up = select(materialized, whole).subquery(renderer.alias())
        columns: list[Any] = list(added_up.c)
        added = columns.pop()
        nothing: Any = (added > ALLOWED, literal_column("''"))
        columns[counted.start :] = [case(nothing, else_=it) for it in columns[counted.start :]]
        return select(*columns)


def _materialized(rows: Select[Any], renderer: JsonRenderer) -> Subquery:
    """The rows as a subquery whose texts PostgreSQL renders once, and not for each use."""
    return rows.offset(literal_column("0")).subquery(renderer.alias())


def _sum_of(texts: Sequence[ColumnElement[Any]]) -> Any:
    """The bytes of these texts in all rows."""
    return func.sum(reduce(add, map(func.octet_length, texts)))
