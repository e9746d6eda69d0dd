"""Whose entities are: how the client of an owner comes to those that refer to it.

PostgreSQL does it by functions, which take the locks that this needs; migrations make them. On
SQLite nobody else writes meanwhile.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import FromClause, bindparam, func, null, select, update
from sqlalchemy.dialects.postgresql import array

from domain.entity import Owned
from repositories.drivers.compiled import Statement
from repositories.sql.dialects import SQLITE
from repositories.sql.mapping import EntityMapping, EntityTable
from repositories.sql.metadata import CLIENT, PlainText

if TYPE_CHECKING:
    from repositories.sql.session import DatabaseSession


def client_in(rows: FromClause, entities: EntityTable) -> Any:
    """The client whom rows of the entities belong to."""
    name = entities.mapping.record.client_name
    return null().label("no_client") if name is None else rows.c[name]


def client_of_owner(mapping: EntityMapping, owner: EntityMapping) -> Any:
    """The client of the owner that a row refers to which is saved; NULL where that isn't stored."""
    table = owner.table
    reference = _reference(mapping)
    key = bindparam(reference, type_=mapping.table.c[reference].type)
    return select(table.c[CLIENT]).where(table.c[owner.key_name] == key).scalar_subquery()


def passing_on(owned: EntityMapping, key: Any) -> Any:
    """The call of PostgreSQL's function that takes the client from those whose owner is gone."""
    return getattr(func, f"pass_client_to_{owned.table.name}")(array([key]), null())


@cache
def clients_by_key(owner: EntityMapping) -> Statement:
    """The keys and the clients of the owners among `values`, visible or not. For SQLite."""
    key, table = owner.table.c[owner.key_name], owner.table
    return SQLITE.compile(select(key, table.c[CLIENT]).where(SQLITE.among(key, "values")))


async def pass_on(
    session: "DatabaseSession", type_name: str, keys: Sequence[str], client_id: str | None
) -> None:
    """Give what entities of a type own the client. For SQLite."""
    for repository in session.owned.get(type_name, ()):
        await repository(session)._inherit(keys, client_id)


@cache
def inheritance(mapping: EntityMapping) -> Statement:
    """Gives the rows of the owners among `values` the client, and returns the keys of those that
    had another one. For SQLite."""
    table = mapping.table
    client_id = bindparam("client_id", type_=PlainText)
    changed = (
        update(table)
        .where(SQLITE.among(table.c[_reference(mapping)], "values"))
        .where(table.c[CLIENT].is_distinct_from(client_id))
        .values({CLIENT: client_id})
    )
    return SQLITE.compile(changed.returning(table.c[mapping.key_name]))


def _reference(mapping: EntityMapping) -> str:
    record = mapping.record
    assert issubclass(record, Owned)
    return record.owner.attribute
