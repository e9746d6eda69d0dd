"""The statement of a page of the log, by its filter."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, select, true, tuple_

from domain.history import EventFilter
from repositories.criteria import Filter
from repositories.drivers.compiled import Statement
from repositories.history.rows import STATE, parameter, select_events
from repositories.history.tables import events
from repositories.sql.criteria import LIMIT, storable
from repositories.sql.dialects import Dialect
from repositories.sql.rows import rows_as, rows_of
from repositories.sql.statements import limited

_COLUMNS: Final = {
    "types": "type",
    "entity_types": "entity_type",
    "entity_keys": "entity_key",
    "client_ids": "client_id",
    "caller_kinds": "caller_kind",
    "caller_ids": "caller_id",
    "on_behalf_of": "on_behalf_of",
}
"""The columns that have to have one of the values of a condition."""
_INDEXED: Final = (
    "on_behalf_of",
    "caller_ids",
    "client_ids",
    "types",
    "caller_kinds",
)
"""The conditions whose columns have an index together with the position. Of several that are given
the first one finds the events, since it leaves the fewest as a rule."""


def conditions_of(filter: EventFilter) -> dict[str, Any]:
    """The conditions that are given, by their names."""
    lists = {name: getattr(filter, name) for name in _COLUMNS}
    times = {"since": filter.since, "until": filter.until}
    given = {name: storable(values) for name, values in lists.items() if values is not None}
    return given | {name: time for name, time in times.items() if time is not None}


def values_to_find(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter with the values for each of which events are found by themselves."""
    found_by = _found_by(frozenset(conditions))
    return {} if found_by is None else {"values": list(dict.fromkeys(conditions[found_by]))}


def _found_by(conditions: frozenset[str]) -> str | None:
    if "entity_keys" in conditions:
        # The index by keys finds few events, which are soon sorted.
        return None
    return next((name for name in _INDEXED if name in conditions), None)


def page_statement(
    rule: Filter | None,
    named: Sequence[str],
    is_before: bool,
    backwards: bool,
    has_state: bool,
    dialect: Dialect,
) -> Statement:
    """`named` are the names of the conditions."""
    conditions = frozenset(named)
    found_by = _found_by(conditions)
    by_client = found_by is None and "entity_keys" not in conditions
    rows = rows_of(events, rule, dialect, by_client=by_client)

    def in_order(them: FromClause) -> list[Any]:
        return [them.c.position.desc() if backwards else them.c.position]

    found = select_events(rows, has_state=has_state)
    position: ColumnElement[Any] = rows.c.position
    if found_by is None:
        found = found.where(*_matching(rows, conditions, dialect))
        if "entity_keys" in conditions:
            position = dialect.without_index(position)
    else:
        them = rows_as("of_value", events, rule, dialect, by_client=True)
        values = dialect.each_value(events.c[_COLUMNS[found_by]].type, "wanted")
        ids = _ids_of(them, _COLUMNS[found_by], values.c.value, is_before, backwards)
        ids = ids.where(*_matching(them, conditions - {found_by}, dialect))
        found = found.select_from(dialect.with_found(values, rows, ids))
    if found_by is None:
        found = found.where(position > parameter("after", events.c.position))
        if is_before:
            found = found.where(position < parameter("before", events.c.position))
    found = found.order_by(position.desc() if backwards else position)
    found = found.limit(LIMIT)
    return limited(found, STATE if has_state else (), "event_id", dialect, in_order)


def _matching(
    rows: FromClause, conditions: frozenset[str], dialect: Dialect
) -> list[ColumnElement[bool]]:
    """That the conditions hold for rows that are found by something else: by their keys and types,
    or else in the order of their positions."""
    by_index = {"entity_keys", "entity_types"} if "entity_keys" in conditions else frozenset()
    found: list[ColumnElement[bool]] = []
    for name in sorted(conditions & _COLUMNS.keys()):
        is_one = dialect.among(rows.c[_COLUMNS[name]], name)
        # By `IS TRUE` no index is used, which would find much of the log, in another order.
        found.append(is_one if name in by_index else is_one.is_(true()))
    occurred_at = rows.c.occurred_at
    if "since" in conditions:
        found.append(occurred_at >= parameter("since", occurred_at))
    if "until" in conditions:
        found.append(occurred_at < parameter("until", occurred_at))
    return found


def _ids_of(
    them: FromClause,
    name: str,
    value: ColumnElement[str],
    is_before: bool,
    backwards: bool,
) -> Select[Any]:
    """The ids of the first events with a value, as the index of the values and positions has them.

    To look through the log for values that are rare would take as long as it is. PostgreSQL would
    do that if the column were compared by `=`: not knowing which value is wanted, it takes it for a
    usual one, and then the index by positions for as good.
    """
    column: ColumnElement[Any] = them.c[name]
    place = tuple_(column, them.c.position)
    found = select(them.c.id).where(
        place > tuple_(value, parameter("after", them.c.position)),
        column <= value,
        them.c.position.is_not(None),  # so that it's an index of such events alone
    )
    if events.c[name].nullable:
        found = found.where(column.is_not(None))
    if is_before:
        found = found.where(place < tuple_(value, parameter("before", them.c.position)))
    order = (column, them.c.position)
    ordered = found.order_by(*(it.desc() if backwards else it for it in order))
    return ordered.limit(LIMIT)
