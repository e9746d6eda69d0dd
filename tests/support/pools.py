"""Inspects the connections of a database for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from repositories.drivers.engine import Database


def connections_in_use(database: Database) -> int:
    """How many connections units of work hold at this moment."""
    writer = database.sqlite_writer
    return database.connections.in_use + (writer.connection.in_use if writer else 0)


@asynccontextmanager
async def held_connection(database: Database) -> AsyncIterator[None]:
    """Hold a connection of units of work meanwhile."""
    connection = await database.connections.acquire()
    try:
        yield
    finally:
        database.connections.give_back(connection)
