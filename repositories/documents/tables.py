"""The table of trusted documents."""

from sqlalchemy import Table, UniqueConstraint

from repositories.sql.metadata import json_text, metadata, surrogate_id, text, timestamp

documents = Table(
    "documents",
    metadata,
    surrogate_id(),
    text("sha256"),
    text("application"),
    json_text("operations"),
    text("text", is_long=True),
    timestamp("created_at"),
    # Servers look for a hash, whichever application it's of.
    UniqueConstraint("sha256", "application"),
)
