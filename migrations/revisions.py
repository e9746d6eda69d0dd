"""The revisions of the schema: those of this code, and the one that a database is at.

A revision is called by the digits that its file's name begins with, and follows the one before. So
nothing here needs alembic, which takes a tenth of a server's memory: it's imported to migrate.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table

from migrations.errors import SchemaOutOfDate, told_in_one_line
from repositories.drivers.engine import Database

VERSIONS: tuple[Path, ...] = (Path(__file__).parent / "versions",)
"""The folders with the revisions."""

_CURRENT: Final = table("alembic_version", column("version_num"))
"""Where alembic keeps which revision a database is at."""


def revisions() -> tuple[str, ...]:
    """All revisions of this code, from the first one to the newest."""
    files = (file for folder in VERSIONS for file in folder.glob("[0-9]*_*.py"))
    return tuple(sorted(file.name.partition("_")[0] for file in files))


async def is_new(database: Database) -> bool:
    """Whether no revision is applied to the database. Raises MigrationError."""
    return await _revision_of(database) is None


async def require_head(database: Database) -> None:
    """Raise SchemaOutOfDate unless the database is at the newest revision of this code.

    Raises MigrationError when the database can't be asked.
    """
    current = await _revision_of(database)
    head = revisions()[-1]
    if current is None:
        raise SchemaOutOfDate("The database isn't set up yet. Run: aicmo migrate")
    require_known(current)
    if current != head:
        raise SchemaOutOfDate(
            f"The database is at revision {current}, but {head} is needed. Run: aicmo migrate"
        )


def require_known(revision: str) -> None:
    """Raise SchemaOutOfDate unless the revision is one of this code."""
    if revision not in revisions():
        raise SchemaOutOfDate(
            f"The database is at revision {revision}, which this version of AICMO doesn't know: "
            "a newer one has migrated it. Run that one."
        )


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at; None: no revision is applied to it."""
    if not inspect(connection).has_table(_CURRENT.name):
        return None
    return connection.scalar(select(_CURRENT.c.version_num))


async def _revision_of(database: Database) -> str | None:
    with told_in_one_line(database):
        if database.is_missing:
            return None  # asking it would leave an empty file, where perhaps a name was mistyped
        async with database.readers.connect() as connection:
            return await connection.run_sync(current_revision)
