"""Migrates a database from one revision of the schema to another, and reads its revision."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from migrations.errors import SchemaOutOfDate, told_in_one_line
from migrations.transaction import migration_transaction
from repositories.drivers.engine import Database

_FOLDER = Path(__file__).parent
VERSIONS: tuple[Path, ...] = (_FOLDER / "versions",)
"""The folders with the revisions."""

_alembic_in_use = Lock()


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that was applied, or downgraded."""

    revision: str
    title: str
    is_upgrade: bool

    def __str__(self) -> str:
        return f"{'Applied' if self.is_upgrade else 'Took back'} {self.revision}, {self.title}"


async def upgrade(database: Database, revision: str = "head") -> tuple[Step, ...]:
    """Apply all revisions up to this one; returns those that were missing, in their order.

    All of them or, with a MigrationError, none. Servers that do so at once wait for each other.
    """
    return await _move(database, command.upgrade, revision)


async def downgrade(database: Database, revision: str) -> tuple[Step, ...]:
    """Downgrade to this revision ("base": before the first), which deletes the data of later ones.

    All of them or, with a MigrationError, none.
    """
    return await _move(database, command.downgrade, revision)


async def is_new(database: Database) -> bool:
    """Whether no revision is applied to the database. Raises MigrationError."""
    return await _current_revision(database) is None


async def require_head(database: Database) -> None:
    """Raise SchemaOutOfDate unless the database is at the newest revision of this code.

    Raises MigrationError when the database can't be asked.
    """
    current = await _current_revision(database)
    head = revisions()[-1]
    if current is None:
        raise SchemaOutOfDate("The database isn't set up yet. Run: aicmo migrate")
    _require_known(current)
    if current != head:
        raise SchemaOutOfDate(
            f"The database is at revision {current}, but {head} is needed. Run: aicmo migrate"
        )


def revisions() -> tuple[str, ...]:
    """All revisions of this code, from the first one to the newest."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def _require_known(revision: str) -> None:
    if revision not in revisions():
        raise SchemaOutOfDate(
            f"The database is at revision {revision}, which this version of AICMO doesn't know: "
            "a newer one has migrated it. Run that one."
        )


async def _current_revision(database: Database) -> str | None:
    with told_in_one_line(database):
        if database.is_missing:
            return None  # asking it would leave an empty file, where perhaps a name was mistyped
        async with database.readers.connect() as connection:
            return await connection.run_sync(_revision_of)


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def _move(
    database: Database, move: Callable[[Config, str], None], revision: str
) -> tuple[Step, ...]:
    config = _config()
    steps: list[Step] = []

    def run(connection: Connection) -> None:
        if (current := _revision_of(connection)) is not None:
            _require_known(current)
        config.attributes.update(connection=connection, steps=steps)
        # Alembic keeps what it works on in module globals.
        if not _alembic_in_use.acquire(blocking=False):
            raise RuntimeError("a process can migrate one database at a time only")
        try:
            move(config, revision)
        finally:
            _alembic_in_use.release()

    with told_in_one_line(database):
        async with migration_transaction(database) as connection:
            await connection.run_sync(run)
    return tuple(steps)


def _config() -> Config:
    config = Config()
    # Options are templates, in which a percent sign stands for something else.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, VERSIONS)).replace("%", "%%"))
    return config
