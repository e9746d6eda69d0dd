"""alembic's environment script, for its own command line and for the runner."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from alembic.util import CommandError
from sqlalchemy import Connection, Identity

import repositories.factory  # noqa: F401  it knows all modules, and so fills the metadata
from migrations.errors import MigrationError, told_in_one_line
from migrations.runner import Step
from migrations.transaction import migration_transaction
from repositories.drivers.engine import DatabaseUrlError, open_database
from repositories.sql.metadata import metadata


def migrate(connection: Connection, steps: list[Step]) -> None:
    """Run the command in the connection's transaction."""

    def note(
        ctx: MigrationContext,
        step: MigrationInfo,
        heads: Collection[Any],
        run_args: Mapping[str, Any],
    ) -> None:
        script = step.up_revision
        if isinstance(script, Script) and not step.is_stamp:
            steps.append(Step(script.revision, script.doc, step.is_upgrade))

    context.configure(
        connection=connection,
        target_metadata=metadata,
        on_version_apply=note,
        transactional_ddl=True,
        render_as_batch=True,
        **(_sqlite_comparison() if connection.dialect.name == "sqlite" else {}),
    )
    context.run_migrations()


def _sqlite_comparison() -> dict[str, Any]:
    """The options with which `alembic check` and `--autogenerate` report real differences only."""

    def is_comparable(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        # SQLite's description of an index lacks the direction of its columns.
        return kind != "index" or other is None

    def is_other_default(*compared: Any) -> bool | None:
        # SQLite counts an INTEGER key up without being told that it's an identity.
        _, _, _, _, metadata_default, _ = compared
        return False if isinstance(metadata_default, Identity) else None

    return {"include_object": is_comparable, "compare_server_default": is_other_default}


async def migrate_the_servers_database() -> None:
    """Run alembic's command line on the database that the server would use."""
    from server.settings import SettingsError, load_settings  # noqa: PLC0415  the runner needs none

    try:
        database = open_database(load_settings().database_url)
    except (SettingsError, DatabaseUrlError) as error:
        raise CommandError(str(error)) from None
    steps: list[Step] = []
    try:
        with told_in_one_line(database):
            async with migration_transaction(database) as connection:
                await connection.run_sync(migrate, steps)
    except MigrationError as error:
        raise CommandError(str(error)) from error
    finally:
        await database.close()
    for step in steps:
        context.config.print_stdout("%s", step)


if context.is_offline_mode():
    raise CommandError("--sql isn't supported: revisions look at the database that they change")
if "connection" in context.config.attributes:
    migrate(context.config.attributes["connection"], context.config.attributes["steps"])
else:
    asyncio.run(migrate_the_servers_database())
