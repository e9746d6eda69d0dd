"""changes in place on PostgreSQL: functions, and room for children's new rows in their pages"""

from alembic import op

from migrations import bulk_functions, save_functions
from migrations.history_functions import SEQUENCE_EVENTS, SEQUENCE_EVENTS_BY_IDS
from migrations.saved_tables_by_revision import AS_OF_0016

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _make_anew(SEQUENCE_EVENTS_BY_IDS, single=5, bulk=2)
        # Pages that are full already are rewritten by nobody: they get room as rows leave them.
        _alter_children("SET (fillfactor = 50)")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _alter_children("RESET (fillfactor)")
        _make_anew(SEQUENCE_EVENTS, single=4, bulk=1)


def _alter_children(change: str) -> None:
    for saved in AS_OF_0016:
        if saved.children is not None:
            op.execute(f"ALTER TABLE {saved.children.table} {change}")


def _make_anew(sequencing: str, *, single: int, bulk: int) -> None:
    """Makes the functions that save by the templates of these numbers, and the one that gives
    events their positions."""
    op.execute("DROP FUNCTION sequence_events")
    op.execute(sequencing)
    for saved in AS_OF_0016:
        op.execute(save_functions.removal(saved))
        op.execute(save_functions.creation(saved, template=single))
        op.execute(bulk_functions.removal(saved))
        op.execute(bulk_functions.creation(saved, template=bulk))
