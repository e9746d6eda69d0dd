"""Expressions of the size of JSON, computed from the lengths that the database knows."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Column, Table, Text

from repositories.criteria import PageRequest
from repositories.projections import (
    Address,
    Attribute,
    Children,
    Embedded,
    Items,
    Itself,
    JsonProjection,
    Paged,
    Part,
    Reference,
)
from repositories.sql.dialects import Dialect
from repositories.sql.json_pages import JsonRenderer
from repositories.sql.mapping import EntityTable
from repositories.sql.metadata import JsonText, may_be_large

_MAX_REPEATED: Final = 4
"""How often an object may have the same short text without being sized before it's rendered."""


class JsonSizes:
    """Sizes objects that may be large: with long texts, with the same text many times, or with
    lists of children on nested pages.

    The sizes are of what is stored, in bytes, as often as it's selected; keys and escapes aren't
    counted. They are SQL of the renderer of the same statement.
    """

    def __init__(self, renderer: JsonRenderer, dialect: Dialect) -> None:
        self._entity_tables = renderer.entity_tables
        self._renderer = renderer
        self._dialect = dialect
        self._projection_number = 0
        self._pages: tuple[PageRequest, ...] = ()
        self._may_be_large = False
        self._is_on_page = False

    def of_entity(
        self, projections: Sequence[JsonProjection], stored: EntityTable, source: str
    ) -> str | None:
        """The size of the objects of a row of the table called `source`; None where it's small."""
        return self._of_projections(projections, lambda part: self._of_part(part, stored, source))

    def of_children(
        self, projections: Sequence[JsonProjection], stored: EntityTable, source: str
    ) -> str | None:
        """The size of the lists of a row's children; None where it's small."""
        owned = [JsonProjection((("", Children("", each)),)) for each in projections]
        return self.of_entity(owned, stored, source)

    def of_pages(self, projections: Sequence[JsonProjection], source: str) -> str | None:
        """The size of pages, each the only member of a projection, for a `value` of the source."""

        def size(part: Part) -> str | None:
            assert isinstance(part, Paged)
            return self._of_page(part._replace(attribute="value"), source)

        return self._of_projections(projections, size)

    def _of_projections(
        self, projections: Sequence[JsonProjection], size: Callable[[Part], str | None]
    ) -> str | None:
        plain = [part for each in projections if not each.pages for part in _parts(each)]
        sizes = [self._sum(plain, size)]
        # Parts that are alike may have other pages in each of them.
        for number, projection in enumerate(projections):
            if projection.pages:
                self._projection_number, self._pages = number, projection.pages
                sizes.append(self._sum(_parts(projection), size))
        return " + ".join(sizes) if self._may_be_large else None

    def _of_parts(self, parts: Iterable[Part], stored: EntityTable, source: str) -> str:
        return self._sum(parts, lambda part: self._of_part(part, stored, source))

    def _sum(self, parts: Iterable[Part], size: Callable[[Part], str | None]) -> str:
        terms: list[str] = []
        for part, times in Counter(parts).items():
            found = size(part)
            if found is not None:
                terms.append(f"{times} * ({found})" if times > 1 else found)
                self._may_be_large |= times > _MAX_REPEATED
        return " + ".join(terms) or "0"

    def _of_part(self, part: Part, stored: EntityTable, source: str) -> str | None:
        match part:
            case Children(_, projection):
                table, name = stored.children, self._alias()
                assert table is not None
                # One row of the statement may have the lists of all that are on the page.
                self._may_be_large |= self._is_on_page
                item = self._sum(_parts(projection), lambda part: self._of_child(part, table, name))
                of_parent = f"{name}.{stored.key_name} = {source}.{stored.key_name}"
                return self._found(item, f"{table.name} AS {name} WHERE {of_parent}")
            case Reference():
                return self._of_reference(part, source)
            case Itself(projection):
                return self._of_parts(_parts(projection), stored, source)
            case Paged():
                return self._of_page(part, source)
            case Embedded(attribute, projection) if attribute in stored.mapping.in_columns:
                names = stored.mapping.in_columns[attribute]
                columns = {name: stored.table.c[column] for name, column in names.items()}
                return self._sum(
                    _parts(projection),
                    lambda part: (
                        self._of_column(columns[part.attribute], source)
                        if isinstance(part, Attribute)
                        else None
                    ),
                )
            case Embedded(attribute, projection):
                times = max(Counter(_parts(projection)).values(), default=0)
                size = self._of_column(stored.table.c[attribute], source)
                return size and f"{times} * {size}"
        return self._of_value(part, stored.table, source)

    def _of_child(self, part: Part, table: Table, source: str) -> str | None:
        if isinstance(part, Reference):
            return self._of_reference(part, source)
        return self._of_value(part, table, source)

    def _of_reference(self, part: Reference, source: str) -> str:
        other, name = self._entity_tables[part.type_name], self._alias()
        item = self._of_parts(_parts(part.projection), other, name)
        rows = self._renderer.source(other, name)
        return self._found(item, f"{rows} WHERE {name}.{part.by} = {source}.{part.attribute}")

    def _of_page(self, part: Paged, source: str) -> str | None:
        other, name = self._entity_tables[part.type_name], self._alias()
        lists = [each.projection for _, each in part.members if isinstance(each, Items)]
        parts = [each for projection in lists for each in _parts(projection)]
        if not parts:
            return None
        rows = self._renderer.rows_of_page(part, source, name, self._projection_number, self._pages)
        was_on_page, self._is_on_page = self._is_on_page, True
        size = self._of_parts(parts, other, name)
        self._is_on_page = was_on_page
        return self._found(size, rows)

    def _of_value(self, part: Part, table: Table, source: str) -> str | None:
        match part:
            case Attribute(attribute):
                return self._of_column(table.c[attribute], source)
            case Address(attributes, _, given):
                names = attributes if given is None else (*attributes, given)
                sizes = (self._of_column(table.c[name], source) for name in names)
                return " + ".join(filter(None, sizes))
            case Embedded(attribute, projection):
                times = max(Counter(_parts(projection)).values(), default=0)
                size = self._of_column(table.c[attribute], source)
                return size and f"{times} * {size}"
        return None

    def _of_column(self, column: Column[Any], source: str) -> str | None:
        if not isinstance(column.type, Text | JsonText):
            return None
        self._may_be_large |= may_be_large(column)
        name = f"{source}.{column.name}"
        size = self._dialect.size_in(column, name)
        return f"coalesce({size}, 0)" if column.nullable else size

    def _found(self, size: str, source: str) -> str:
        total = self._dialect.sum_of(size)
        return f"(SELECT {total} FROM {source})"

    def _alias(self) -> str:
        return self._renderer.alias()


def _parts(projection: JsonProjection) -> list[Part]:
    return [part for _, part in projection.members]
