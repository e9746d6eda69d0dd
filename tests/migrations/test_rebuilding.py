"""A table that others refer to can be made anew, as SQLite needs it for most changes."""

import pytest
from sqlalchemy import CheckConstraint, MetaData

from migrations.errors import MigrationError
from migrations.revisions import revisions
from migrations.runner import downgrade, upgrade
from repositories.drivers.engine import Database
from repositories.sql.metadata import metadata
from tests.migrations.conftest import AddRevision, NewDatabase
from tests.migrations.inspection import catalogue_of, execute, rows_of, tables_of
from tests.migrations.samples import ROWS

ADD_A_CHECK_TO_PACKAGES = """
from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP

def packages(*further):
    return sa.Table(
        "delivery_packages",
        sa.MetaData(),
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("package_id", PLAIN_TEXT, nullable=False),
        sa.Column("draft_id", PLAIN_TEXT, nullable=False),
        sa.Column("client_id", PLAIN_TEXT, nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_packages"),
        sa.UniqueConstraint("package_id", name="uq_delivery_packages_package_id"),
        sa.CheckConstraint("revision >= 1", name="ck_delivery_packages_revision"),
        sa.Index(
            "ix_delivery_packages_created_at_package_id",
            sa.text("created_at DESC"),
            "package_id",
        ),
        sa.Index(
            "ix_delivery_packages_draft_id_created_at_package_id",
            "draft_id",
            sa.text("created_at DESC"),
            "package_id",
        ),
        sa.Index(
            "ix_delivery_packages_client_id_created_at_package_id",
            "client_id",
            sa.text("created_at DESC"),
            "package_id",
        ),
        *further,
    )

def upgrade():
    with op.batch_alter_table("delivery_packages", copy_from=packages()) as batch:
        batch.create_check_constraint(op.f("ck_delivery_packages_draft_id"), "draft_id <> ''")

def downgrade():
    check = sa.CheckConstraint("draft_id <> ''", name="ck_delivery_packages_draft_id")
    with op.batch_alter_table("delivery_packages", copy_from=packages(check)) as batch:
        batch.drop_constraint(op.f("ck_delivery_packages_draft_id"), type_="check")
"""

TAKE_A_PARENT_AWAY = """
def upgrade():
    op.execute("DELETE FROM delivery_packages WHERE package_id = 'package-1'")

def downgrade():
    pass
"""


async def test_a_rebuilt_parent_keeps_its_children(
    new_database: NewDatabase, add_revision: AddRevision
) -> None:
    database = await _populated(new_database)
    rows, as_it_was = await rows_of(database), await catalogue_of(database)
    add_revision(ADD_A_CHECK_TO_PACKAGES)

    await upgrade(database)
    assert await rows_of(database) == rows
    assert await tables_of(database) == await _declared_with_the_check(new_database)

    await downgrade(database, "-1")
    assert await rows_of(database) == rows
    assert await catalogue_of(database) == as_it_was


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
async def test_children_whose_parent_is_gone_undo_the_migration(
    new_database: NewDatabase, add_revision: AddRevision
) -> None:
    database = await _populated(new_database)
    rows = await rows_of(database)
    add_revision(TAKE_A_PARENT_AWAY)

    with pytest.raises(MigrationError, match="gone, in delivery_artifacts"):
        await upgrade(database)

    assert await rows_of(database) == rows


async def _populated(new_database: NewDatabase) -> Database:
    database = await new_database()
    await upgrade(database)
    for revision in revisions():
        await execute(database, ROWS[revision])
    return database


async def _declared_with_the_check(new_database: NewDatabase) -> list[str]:
    changed = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(changed)
    changed.tables["delivery_packages"].append_constraint(
        CheckConstraint("draft_id <> ''", name="draft_id")
    )
    database = await new_database()
    async with database.writers.begin() as connection:
        await connection.run_sync(changed.create_all)
    return await catalogue_of(database)
