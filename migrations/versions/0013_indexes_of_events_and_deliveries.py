"""indexes of events and deliveries

Senders look for what is due of each endpoint by itself. An index by the time alone led them through
all that was due of endpoints that had enough attempts under way.

Events of types that are rare are found without looking through the log.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

_BY_TIME = "ix_webhook_deliveries_due_at"
_BY_ENDPOINT = "ix_webhook_deliveries_endpoint_id_due_at_id"
_BY_TYPE = "ix_events_type_position"


def upgrade() -> None:
    op.drop_index(_BY_TIME, "webhook_deliveries")
    columns = ["endpoint_id", "due_at", "id"]
    _create(_BY_ENDPOINT, "webhook_deliveries", columns, "due_at IS NOT NULL")
    _create(_BY_TYPE, "events", ["type", "position"], "position IS NOT NULL")


def downgrade() -> None:
    op.drop_index(_BY_TYPE, "events")
    op.drop_index(_BY_ENDPOINT, "webhook_deliveries")
    _create(_BY_TIME, "webhook_deliveries", ["due_at"], "due_at IS NOT NULL")


def _create(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)
