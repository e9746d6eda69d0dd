"""Errors of migrations, each a line for the person who runs the server."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from repositories.drivers.engine import Database, is_unavailable

_POOLER_REFUSES = "unsupported startup parameter"
"""PgBouncer's message to a client that needs a session of its own."""


class MigrationError(Exception):
    """The schema can't be used or changed, for this reason; the database is unchanged."""


class SchemaOutOfDate(MigrationError):
    """The database isn't at the revision that this code needs; the message says what to do."""


@contextmanager
def told_in_one_line(database: Database) -> Iterator[None]:
    """Raise errors of the database as MigrationError."""
    try:
        yield
    except (OSError, PoolTimeoutError) as error:
        reason = _located(database, str(error) or "no answer in time")
        _require_no_pooler(reason, error)
        raise MigrationError(f"The database can't be reached: {reason}") from error
    except DBAPIError as error:
        # The lines after the first may show data.
        reason = _located(database, str(error.orig).partition("\n")[0])
        _require_no_pooler(reason, error)
        if is_unavailable(error):
            raise MigrationError(f"The database can't be reached: {reason}") from error
        raise MigrationError(f"The database refused: {reason}") from error


def _require_no_pooler(reason: str, error: Exception) -> None:
    if _POOLER_REFUSES in reason:
        raise MigrationError(
            f"A pooler stands before the database ({reason}). "
            "Add pgbouncer=true to the query of AICMO_DATABASE_URL."
        ) from error


def _located(database: Database, reason: str) -> str:
    if database.sqlite_writer is None:
        return reason
    return f"{reason} ({database.sqlite_writer.database.described()})"
