"""what the artifacts of packages are made from

It isn't known of those that are there. On PostgreSQL the functions that save packages are made
anew: they work it out.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import bulk_functions, save_functions
from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.lineage_functions import ALL
from migrations.saved_tables_by_revision import AS_OF_0016, AS_OF_0019

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None

[_BEFORE] = [saved for saved in AS_OF_0016 if saved.table == "delivery_packages"]
[_AFTER] = [saved for saved in AS_OF_0019 if saved.table == "delivery_packages"]
_CHECKS = {
    "draft_revision": "draft_revision >= 1",
    "qc_revision": "qc_revision >= 1",
    "verdict": "(qc_result_id IS NULL) = (qc_revision IS NULL)",
}


def upgrade() -> None:
    with op.batch_alter_table("delivery_artifacts", copy_from=_artifacts()) as artifacts:
        for column in _lineage():
            artifacts.add_column(column)
        for name, condition in _CHECKS.items():
            artifacts.create_check_constraint(op.f(f"ck_delivery_artifacts_{name}"), condition)
    if op.get_context().dialect.name == "postgresql":
        for function in ALL.values():
            op.execute(function)
        _replace_functions(_BEFORE, _AFTER)


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _replace_functions(_AFTER, _BEFORE)
        for name in ALL:
            op.execute(f"DROP FUNCTION {name}")
    checks = [
        sa.CheckConstraint(condition, name=f"ck_delivery_artifacts_{name}")
        for name, condition in _CHECKS.items()
    ]
    after = _artifacts(*_lineage(), *checks)
    with op.batch_alter_table("delivery_artifacts", copy_from=after) as artifacts:
        for name in _CHECKS:
            artifacts.drop_constraint(op.f(f"ck_delivery_artifacts_{name}"), type_="check")
        for column in _lineage():
            artifacts.drop_column(column.name)


def _replace_functions(before: Any, after: Any) -> None:
    op.execute(save_functions.removal(before))
    op.execute(bulk_functions.removal(before))
    op.execute(save_functions.creation(after, template=5))
    op.execute(bulk_functions.creation(after, template=2))


def _lineage() -> list[Any]:
    return [
        sa.Column("draft_revision", sa.Integer(), nullable=True),
        sa.Column("qc_result_id", PLAIN_TEXT, nullable=True),
        sa.Column("qc_revision", sa.Integer(), nullable=True),
    ]


def _artifacts(*further: Any) -> sa.Table:
    """The table, which SQLite has to make anew."""
    return sa.Table(
        "delivery_artifacts",
        sa.MetaData(),
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("package_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("name", PLAIN_TEXT, nullable=False),
        sa.Column("url", PLAIN_TEXT, nullable=True),
        sa.Column("format", PLAIN_TEXT, nullable=False),
        sa.Column("file_id", PLAIN_TEXT, nullable=True),
        *further,
        sa.PrimaryKeyConstraint("id", name="pk_delivery_artifacts"),
        sa.ForeignKeyConstraint(
            ["package_id"],
            ["delivery_packages.package_id"],
            name="fk_delivery_artifacts_package_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "package_id", "position", name="uq_delivery_artifacts_package_id_position"
        ),
        sa.CheckConstraint("position >= 0", name="ck_delivery_artifacts_position"),
        sa.CheckConstraint(
            "(url IS NULL) <> (file_id IS NULL)", name="ck_delivery_artifacts_place"
        ),
    )
