"""what a writer can do about an issue, and the benchmark that found it

It isn't known of those that are there. On PostgreSQL the functions that save results are made anew.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import bulk_functions, save_functions
from migrations.column_types import PLAIN_TEXT, SURROGATE, TIMESTAMP
from migrations.saved_tables_by_revision import AS_OF_0019, AS_OF_0023

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None

[_BEFORE] = [saved for saved in AS_OF_0019 if saved.table == "qc_results"]
[_AFTER] = [saved for saved in AS_OF_0023 if saved.table == "qc_results"]


def upgrade() -> None:
    with op.batch_alter_table("qc_issues", copy_from=_issues()) as issues:
        for column in _said():
            issues.add_column(column)
    if op.get_context().dialect.name == "postgresql":
        _replace_functions(_BEFORE, _AFTER)


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _replace_functions(_AFTER, _BEFORE)
    with op.batch_alter_table("qc_issues", copy_from=_issues(*_said())) as issues:
        for column in _said():
            issues.drop_column(column.name)


def _replace_functions(before: Any, after: Any) -> None:
    op.execute(save_functions.removal(before))
    op.execute(bulk_functions.removal(before))
    op.execute(save_functions.creation(after, template=5))
    op.execute(bulk_functions.creation(after, template=2))


def _said() -> list[Any]:
    return [
        sa.Column("hint", PLAIN_TEXT, nullable=True),
        sa.Column("benchmark_id", PLAIN_TEXT, nullable=True),
    ]


def _issues(*further: Any) -> sa.Table:
    """The table, which SQLite has to make anew."""
    return sa.Table(
        "qc_issues",
        sa.MetaData(),
        sa.Column("id", SURROGATE, sa.Identity(), nullable=False),
        sa.Column("result_id", PLAIN_TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("severity", PLAIN_TEXT, nullable=False),
        sa.Column("section", PLAIN_TEXT, nullable=False),
        sa.Column("reason", PLAIN_TEXT, nullable=False),
        *further,
        sa.PrimaryKeyConstraint("id", name="pk_qc_issues"),
        sa.ForeignKeyConstraint(
            ["result_id"],
            ["qc_results.result_id"],
            name="fk_qc_issues_result_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("result_id", "position", name="uq_qc_issues_result_id_position"),
        sa.CheckConstraint("position >= 0", name="ck_qc_issues_position"),
        sa.CheckConstraint(
            "severity IN ('CRITICAL', 'MAJOR', 'MINOR')", name="ck_qc_issues_severity"
        ),
    )
