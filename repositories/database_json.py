"""JSON objects that the database writes of the columns of a table."""

from collections.abc import Sequence
from functools import reduce
from itertools import chain
from typing import Any

from sqlalchemy import Double, Table, Text, cast, func, literal
from sqlalchemy.sql.elements import ColumnElement

from domain.json_object import dumps
from repositories.contract import Member
from repositories.metadata import JsonText


def json_object(table: Table, members: Sequence[Member], *, is_sqlite: bool) -> ColumnElement[str]:
    """The text of an object with these members, whose attributes are columns that aren't null.

    Keys are parameters, so that clients who choose different ones share a statement.
    """
    write = _by_sqlite if is_sqlite else _by_postgresql
    return write(
        [
            (member, None if member.attribute is None else table.c[member.attribute])
            for member in members
        ]
    )


_Pairs = Sequence[tuple[Member, ColumnElement[Any] | None]]
"""Members with their columns; those without have a text."""


def _by_sqlite(pairs: _Pairs) -> ColumnElement[str]:
    values = (_text(member.text) if column is None else _sqlite(column) for member, column in pairs)
    keys = (_text(member.key) for member, _ in pairs)
    return func.json_object(*chain.from_iterable(zip(keys, values, strict=True)))


def _sqlite(column: ColumnElement[Any]) -> ColumnElement[Any]:
    match column.type:
        case Double():
            # By itself it writes 15 digits, which aren't always the number.
            return func.json(func.printf("%!.17g", column))
        case JsonText():
            return func.json(column)
    return column


def _by_postgresql(pairs: _Pairs) -> ColumnElement[str]:
    """Put together of texts: its own functions for objects take half as long again."""
    pieces: list[ColumnElement[str]] = []
    before = "{"
    for member, column in pairs:
        before += f"{dumps(member.key)}:"
        if column is None:
            before += dumps(member.text)
        else:
            pieces += [_text(before), cast(func.to_json(column), Text())]
            before = ""
        before += ","
    return reduce(ColumnElement.concat, [*pieces, _text(before.removesuffix(",") + "}")])


def _text(value: str) -> ColumnElement[str]:
    return literal(value, Text())
