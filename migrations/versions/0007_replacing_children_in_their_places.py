"""replacing children in their places, on PostgreSQL

The functions for entities with children are made anew. They take the children as one JSON text, and
change the rows that are there already: a row that stays keeps its entries in the indexes, and its
reference to its parent isn't checked again.
"""

from alembic import op

from migrations.save_functions import creation, removal
from migrations.saved_tables_by_revision import AS_OF_0006

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

_PARENTS = [saved for saved in AS_OF_0006 if saved.children is not None]


def upgrade() -> None:
    _replace(template=2)


def downgrade() -> None:
    _replace(template=1)


def _replace(*, template: int) -> None:
    if op.get_context().dialect.name == "postgresql":
        for saved in _PARENTS:
            op.execute(removal(saved))
            op.execute(creation(saved, template=template))
