"""functions of PostgreSQL that save many entities in one call"""

from alembic import op

from migrations.bulk_functions import creation, removal
from migrations.client_functions import made_for_many
from migrations.history_functions import FOR_MANY
from migrations.saved_tables_by_revision import AS_OF_0016

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for function in FOR_MANY.values():
            op.execute(function)
        for saved in AS_OF_0016:
            for function in made_for_many(saved).values():
                op.execute(function)
            op.execute(creation(saved, template=1))


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for saved in AS_OF_0016:
            op.execute(removal(saved))
            for name in made_for_many(saved):
                op.execute(f"DROP FUNCTION {name}")
        for name in FOR_MANY:
            op.execute(f"DROP FUNCTION {name}")
