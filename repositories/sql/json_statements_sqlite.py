"""Statements with which SQLite renders JSON objects of entities, and counts them as they come."""

from typing import Any

from sqlalchemy import FromClause, Select, literal_column, select, true
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import NamedFromClause

from repositories.answer_size import FITS
from repositories.criteria import PageRequest
from repositories.sql.criteria import page_of
from repositories.sql.dialects import SQLITE
from repositories.sql.json_pages import JsonRenderer
from repositories.sql.json_sqlite import SqliteJsonRenderer
from repositories.sql.json_statements import JsonStatements, PageColumns
from repositories.sql.mapping import EntityTable


class SqliteJsonStatements(JsonStatements):
    """SQLite has a function count row by row, by the SQL of a row's size."""

    dialect = SQLITE
    _renderer_class = SqliteJsonRenderer

    def _page_of(
        self,
        rows: Select[Any],
        table: FromClause,
        stored: EntityTable,
        shape: PageRequest,
        most: int,
    ) -> Select[Any]:
        key = table.c[stored.key_name]
        if stored.mapping.has_index(shape.order.field):
            return page_of(rows, table, key, shape)
        # It sorts the keys alone, without the rendered texts.
        keys = page_of(rows.with_only_columns(key), table, key, shape)
        found = stored.rows
        return select(found).where(found.c[stored.key_name].in_(keys.scalar_subquery()))

    def _page(
        self,
        found: PageColumns,
        renderer: JsonRenderer,
        may_be_long: bool,
        total: ColumnElement[int] | None,
    ) -> Select[Any]:
        """Rows; a total comes in each, after the key, which is NULL where there is no entity."""
        page = found.rows
        columns: list[ColumnElement[Any]] = found.columns
        source: FromClause = page
        if total is not None:
            columns = [*columns, page.c[found.key_name], total]
            source = select(literal_column("1")).subquery().outerjoin(page, true())
        return select(*columns).select_from(source).order_by(*found.order(page))

    def _exceeds(
        self, count: int, renderer: JsonRenderer, size: str, rows: NamedFromClause
    ) -> list[ColumnElement[bool]]:
        # A row counts with its first item, and none of the others is made if it's too much.
        counted = [size, *["0"] * (count - 1)]
        return [renderer.sql(f"{FITS}({each})") == literal_column("0") for each in counted]
