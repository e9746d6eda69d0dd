"""The statements that render JSON, for each dialect."""

from collections.abc import Mapping
from typing import Final

from repositories.sql.dialects import Dialect
from repositories.sql.json_statements import JsonStatements
from repositories.sql.json_statements_postgresql import PostgresJsonStatements
from repositories.sql.json_statements_sqlite import SqliteJsonStatements
from repositories.sql.mapping import EntityMapping

_CLASSES: Final[Mapping[Dialect, type[JsonStatements]]] = {
    each.dialect: each for each in (SqliteJsonStatements, PostgresJsonStatements)
}


def json_statements_of(mappings: Mapping[str, EntityMapping], dialect: Dialect) -> JsonStatements:
    """The statements in this dialect for entities, which are mapped by the names of records."""
    return _CLASSES[dialect](mappings)
