"""How PostgreSQL renders JSON."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Double, Integer

from repositories.places import Scope
from repositories.projections import (
    Fact,
    Facts,
    Items,
    JsonProjection,
    PagedMember,
)
from repositories.sql.json_objects import TRUE_OR_FALSE
from repositories.sql.json_pages import JsonRenderer, OrderedRows, forwards
from repositories.sql.metadata import JsonText, Timestamp


class PostgresJsonRenderer(JsonRenderer):
    """Puts texts together: PostgreSQL's own functions for objects take half as long again."""

    def _can_read_in_order(self, rows: OrderedRows) -> bool:
        # Where it has to sort, it keeps the first rows alone, and renders these.
        return True

    def _items_of_page(self, projection: JsonProjection, rows: OrderedRows, scope: Scope) -> str:
        name = self.alias()
        item = self._entity(projection, rows.stored, name, scope)
        order = self._order(rows, name, forwards(rows.request))
        return self._list(item, self._page_read(rows, name), order)

    def _page(
        self, members: Sequence[tuple[str, PagedMember]], rows: OrderedRows, scope: Scope
    ) -> str:
        if rows.request.limit == 0 or sum(_readings(member) for _, member in members) < 2:
            return super()._page(members, rows, scope)
        # All members come from a single read of the page's rows.
        name = self.alias()
        page = self._object(members, lambda each: self._of_page_read(each, rows, scope, name))
        return f"(SELECT {page} FROM {self._page_read(rows, name)})"

    def _page_read(self, rows: OrderedRows, name: str) -> str:
        """A source, under a name, of the rows of a page."""
        order = self._order(rows, name, rows.request)
        page = f"SELECT * FROM {self._among(rows, name)} ORDER BY {order}"
        return f"({page} LIMIT {rows.request.limit}) AS {name}"

    def _of_page_read(self, member: PagedMember, rows: OrderedRows, scope: Scope, name: str) -> str:
        """A member of a page, whose rows are the source under the name."""
        match member:
            case Facts(members):
                return self._object(
                    members, lambda each: self._of_page_read(each, rows, scope, name)
                )
            case Items(projection):
                item = self._entity(projection, rows.stored, name, scope)
                return self._listed(item, self._order(rows, name, forwards(rows.request)))
            case Fact.START | Fact.END:
                number = "1" if member is Fact.START else "count(*)"
                order = self._order(rows, name, forwards(rows.request))
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
                return f"CASE WHEN {is_full} AND {self._has_more(rows)} {TRUE_OR_FALSE}"
        return self._of_page(member, rows, scope)

    def _plain(self, column: Column[Any], name: str) -> str:
        match column.type:
            case JsonText() | Integer():
                return f"{name}::text"
            case Double():
                # Whole numbers are rendered with a point, up to where an exponent tells them apart.
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

    def _list(self, item: str, source: str, order: str) -> str:
        return f"(SELECT {self._listed(item, order)} FROM {source})"

    def _listed(self, item: str, order: str) -> str:
        return f"'[' || coalesce(string_agg({item}, ',' ORDER BY {order}), '') || ']'"

    def _items(self, json: str, name: str) -> tuple[str, str]:
        source = f"json_array_elements({json}) WITH ORDINALITY AS {name}(value, place)"
        return source, f"{name}.place"


def _readings(member: PagedMember) -> int:
    """How many parts of the member depend on a page's rows."""
    if isinstance(member, Facts):
        return sum(_readings(each) for _, each in member.members)
    return isinstance(member, Items) or member in (Fact.START, Fact.END)
