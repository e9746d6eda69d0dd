"""Tables of entities, as the functions of PostgreSQL that save them have to know them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from domain.entity import Owned
from repositories.api_names import api_name, field_names
from repositories.registry import ENTITY_TYPES, OWNED_TYPES
from repositories.sql.mapping import EntityMapping
from repositories.sql.metadata import CLIENT

_BOOKKEEPING: Final = ("id", "created_at", "updated_at", "revision")
_CHILD_BOOKKEEPING: Final = ("id", "created_at", "position")


@dataclass(frozen=True, slots=True)
class SavedChildren:
    """A table of children: its columns, without the bookkeeping, with their types.

    Where they are traced, the function `trace_<table>` completes what the log is to have of each
    entity: it works out what the children weren't told.
    """

    table: str
    columns: Mapping[str, str]
    are_traced: bool = False


@dataclass(frozen=True, slots=True)
class LoggedFields:
    """What the log has of an entity: its type, and by the names of its fields their columns.

    `children` is the field that has the children, `members` their columns by the names that they
    have in it. Revisions count on for all entities that have the same in the column `series`; the
    column `client` names the client.
    """

    entity_type: str
    fields: Mapping[str, tuple[str, ...]]
    children: str | None = None
    members: Mapping[str, str] = field(default_factory=dict)
    series: str | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class SavedTable:
    """A table of entities: its columns, the key first, without the bookkeeping, with their types.

    `unchanging` is the column that a save under the same key may not change. `owner` is the column
    that refers to the owner, whose client the entity gets, and the owner's table; `owned` are the
    tables of those that the entity may own.
    """

    table: str
    columns: Mapping[str, str]
    unchanging: str | None = None
    children: SavedChildren | None = None
    logged: LoggedFields | None = None
    owner: tuple[str, str] | None = None
    owned: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return next(iter(self.columns))


def saved_table_of(mapping: EntityMapping) -> SavedTable:
    """The mapping's table as it is declared now, for a new revision."""
    children, unchanging, record = mapping.children, mapping.unchanging, mapping.record
    is_owned = issubclass(record, Owned)
    saved = SavedTable(
        mapping.table.name,
        dict(_types(mapping.table, (*_BOOKKEEPING, CLIENT) if is_owned else _BOOKKEEPING)),
        unchanging=unchanging[0] if unchanging else None,
        children=None
        if children is None
        else SavedChildren(
            children.table.name,
            dict(_types(children.table, (*_CHILD_BOOKKEEPING, mapping.key_name))),
            are_traced=bool(children.traced),
        ),
        owner=(record.owner.attribute, _table_of(record.owner.type_name))
        if issubclass(record, Owned)
        else None,
        owned=tuple(
            _table_of(type_.name) for type_ in OWNED_TYPES.get(mapping.record.__name__, ())
        ),
    )
    return replace(saved, logged=_logged_fields_of(mapping, saved))


def _table_of(type_name: str) -> str:
    return ENTITY_TYPES[type_name].in_database.mapping.table.name


def _logged_fields_of(mapping: EntityMapping, saved: SavedTable) -> LoggedFields:
    columns = {
        attribute: tuple(mapping.in_columns.get(attribute, {attribute: attribute}).values())
        for attribute in field_names(mapping.record)
    }
    children = None if mapping.children is None else mapping.children.attribute
    of_children = () if saved.children is None else saved.children.columns
    return LoggedFields(
        mapping.record.entity_type,
        {api_name(name): found for name, found in columns.items() if name != children},
        children=children and api_name(children),
        members={api_name(column): column for column in of_children},
        series=mapping.record.series_name,
        client=mapping.record.client_name,
    )


def _types(table: Table, without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The columns with their types in PostgreSQL, by the short names that functions use."""
    for column in table.columns:
        if column.name not in without:
            name = column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]
            name, _, _ = name.partition(" COLLATE ")  # parameters have none
            yield column.name, _SHORT.get(name, name.lower())


_SHORT: Final = {
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "DOUBLE PRECISION": "float8",
}
