"""functions of PostgreSQL that save by changing what is stored in its place"""

from alembic import op

from migrations import bulk_functions, save_functions
from migrations.saved_tables_by_revision import AS_OF_0016

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _make_anew(single=5, bulk=2)


def downgrade() -> None:
    _make_anew(single=4, bulk=1)


def _make_anew(*, single: int, bulk: int) -> None:
    """Makes the functions by the templates of these numbers."""
    if op.get_context().dialect.name != "postgresql":
        return
    for saved in AS_OF_0016:
        op.execute(save_functions.removal(saved))
        op.execute(save_functions.creation(saved, template=single))
        op.execute(bulk_functions.removal(saved))
        op.execute(bulk_functions.creation(saved, template=bulk))
