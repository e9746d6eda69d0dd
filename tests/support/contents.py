"""All entities that a database holds, to be compared."""

from typing import Any

from sqlalchemy import select

from repositories.drivers.engine import open_database
from repositories.sql.metadata import metadata

_ELSEWHERE = (
    *("events", "history_", "webhook_", "documents", "access_", "file", "upload"),
    *("imports", "exports", "transfer_", "workflow_"),
)


async def contents_of(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, in some order that is always the same, without surrogate keys.

    The log is left out, whose events have ids of their own, and so is what isn't of the pipeline.
    """
    database = open_database(database_url)
    async with database.readers.connect() as connection:
        contents = {}
        for table in metadata.sorted_tables:
            if table.name.startswith(_ELSEWHERE):
                continue
            columns = [column for column in table.columns if column.name != "id"]
            rows = await connection.execute(select(*columns))
            contents[table.name] = sorted((tuple(row) for row in rows), key=repr)
    await database.close()
    return contents
