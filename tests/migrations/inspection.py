"""Reads the contents of a database at any revision."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, inspect, text

from repositories.drivers.engine import Database
from tests.migrations.catalogue import FUNCTION, VERSION_TABLE, catalogue

Rows = dict[str, list[dict[str, Any]]]
"""The rows of each table, in the order of their keys."""


async def catalogue_of(database: Database) -> list[str]:
    async with database.readers.connect() as connection:
        return await catalogue(connection)


async def tables_of(database: Database) -> list[str]:
    """The catalogue without the functions, which only migrations make."""
    return [line for line in await catalogue_of(database) if not line.startswith(FUNCTION)]


async def rows_of(database: Database) -> Rows:
    async with database.readers.connect() as connection:
        return await connection.run_sync(_rows)


def _rows(connection: Connection) -> Rows:
    return {
        table: [
            dict(row._mapping)
            for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1"))
        ]
        for table in inspect(connection).get_table_names()
        if table != VERSION_TABLE
    }


async def execute(database: Database, statements: Iterable[str]) -> None:
    async with database.writers.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
