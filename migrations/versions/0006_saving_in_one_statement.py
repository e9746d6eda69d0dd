"""saving an entity with its children in one statement, on PostgreSQL"""

from alembic import op

from migrations.save_functions import creation, removal
from migrations.saved_tables_by_revision import AS_OF_0006

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for saved in AS_OF_0006:
            op.execute(creation(saved, template=1))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for saved in AS_OF_0006:
            op.execute(removal(saved))
