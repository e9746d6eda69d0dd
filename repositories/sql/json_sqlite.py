"""How SQLite renders JSON."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, Double, Integer, Table, Text

from repositories.places import Scope
from repositories.projections import (
    Address,
    Attribute,
    JsonProjection,
    Part,
    Reference,
)
from repositories.sql.json_objects import literal
from repositories.sql.json_pages import JsonRenderer, OrderedRows, forwards
from repositories.sql.metadata import JsonText, Timestamp

_FUNCTION_MEMBERS: Final = 50
"""Functions of SQLite take 100 arguments."""


class SqliteJsonRenderer(JsonRenderer):
    """Puts texts together, but for children, of which there are many: its function is faster."""

    def _can_read_in_order(self, rows: OrderedRows) -> bool:
        return rows.stored.mapping.has_index(rows.request.order.field, rows.reference)

    def _items_of_page(self, projection: JsonProjection, rows: OrderedRows, scope: Scope) -> str:
        name, request, stored = self.alias(), rows.request, rows.stored
        item = self._entity(projection, stored, name, scope)
        if not request.backwards and self._can_read_in_order(rows):
            order = self._order(rows, name, request)
            return self._list(item, self._among(rows, name), f"{order} LIMIT {request.limit}")
        # It sorts the keys alone, and not what is rendered.
        sorted_, key = self.alias(), stored.key_name
        reading = f"ORDER BY {self._order(rows, sorted_, request)} LIMIT {request.limit}"
        keys = f"SELECT {sorted_}.{key} FROM {self._among(rows, sorted_)} {reading}"
        source = f"{self.source(stored, name)} WHERE {name}.{key} IN ({keys})"
        return self._list(item, source, self._order(rows, name, forwards(request)))

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

    def _child(
        self, projection: JsonProjection, table: Table, source: str, joined: list[str]
    ) -> str:
        parts = [part for _, part in projection.members]
        given = [part.given for part in parts if isinstance(part, Address)]
        is_alone = None not in given and not any(isinstance(part, Reference) for part in parts)
        if len(parts) > _FUNCTION_MEMBERS or not is_alone:
            # Its function takes no text that isn't JSON yet, and would read again what is.
            return super()._child(projection, table, source, joined)
        made = self._by_function(projection, table, source)
        if not given:
            return made
        are_given = " AND ".join(f"{source}.{name} IS NOT NULL" for name in dict.fromkeys(given))
        other = super()._child(projection, table, source, joined)
        return f"CASE WHEN {are_given} THEN {made} ELSE {other} END"

    def _referenced_by_child(self, part: Reference, source: str, joined: list[str]) -> str:
        # A join costs half as much as a query for each child. On PostgreSQL both cost the same.
        other, name = self.entity_tables[part.type_name], self.alias()
        is_it = f"{name}.{part.by} = {source}.{part.attribute}"
        joined.append(f"LEFT JOIN {self.source(other, name)} ON {is_it}")
        parts = [each for _, each in part.projection.members]
        are_columns = all(isinstance(each, Attribute) for each in parts)
        item = (
            self._by_function(part.projection, other.table, name)
            if are_columns and len(parts) <= _FUNCTION_MEMBERS
            else self._entity(part.projection, other, name)
        )
        return f"CASE WHEN {name}.{part.by} IS NULL THEN 'null' ELSE {item} END"

    def _by_function(self, projection: JsonProjection, table: Table, source: str) -> str:
        """The object by SQLite's function."""
        pairs = (
            f"{literal(key)}, {self._argument(part, table, source)}"
            for key, part in projection.members
        )
        return f"json_object({', '.join(pairs)})"

    def _argument(self, part: Part, table: Table, source: str) -> str:
        if isinstance(part, Address) and part.given is not None:
            part = Attribute(part.given)
        if isinstance(part, Attribute) and isinstance(table.c[part.attribute].type, Integer | Text):
            return f"{source}.{part.attribute}"
        return f"json({self._of_columns(part, table.c, source)})"

    def _list(self, item: str, source: str, order: str) -> str:
        # The aggregate takes its items in the order of the source, which SQLite doesn't flatten for
        # the sake of group_concat: restriction (16) of flattenSubquery in its select.c.
        ordered = f"SELECT {item} AS item FROM {source} ORDER BY {order}"
        return f"(SELECT '[' || coalesce(group_concat(item, ','), '') || ']' FROM ({ordered}))"

    def _items(self, json: str, name: str) -> tuple[str, str]:
        return f"json_each({json}) AS {name}", f"{name}.key"
