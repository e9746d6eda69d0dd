"""Migrates a database from one revision of the schema to another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from migrations import revisions
from migrations.errors import MigrationError, told_in_one_line
from migrations.transaction import migration_transaction
from repositories.drivers.engine import Database

_FOLDER = Path(__file__).parent

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


async def _move(
    database: Database, move: Callable[[Config, str], None], revision: str
) -> tuple[Step, ...]:
    config = _config()
    steps: list[Step] = []

    def run(connection: Connection) -> None:
        if (current := revisions.current_revision(connection)) is not None:
            revisions.require_known(current)
        config.attributes.update(connection=connection, steps=steps)
        # Alembic keeps what it works on in module globals.
        if not _alembic_in_use.acquire(blocking=False):
            raise RuntimeError("a process can migrate one database at a time only")
        try:
            move(config, revision)
        finally:
            _alembic_in_use.release()

    try:
        with told_in_one_line(database):
            async with migration_transaction(database) as connection:
                await connection.run_sync(run)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    return tuple(steps)


def _config() -> Config:
    config = Config()
    # Options are templates, in which a percent sign stands for something else.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option(
        "version_locations", "\n".join(map(str, revisions.VERSIONS)).replace("%", "%%")
    )
    return config
