"""The tables that access owns."""

from sqlalchemy import CheckConstraint, Table, UniqueConstraint

from domain.access import TokenKind
from repositories.sql.metadata import (
    bookkeeping,
    json_text,
    metadata,
    newest_first,
    one_of,
    surrogate_id,
    text,
    timestamp,
)

access_tokens = Table(
    "access_tokens",
    metadata,
    surrogate_id(),
    text("token_id"),
    text("kind"),
    text("name"),
    text("on_behalf_of", nullable=True),
    json_text("scopes"),
    json_text("client_ids", nullable=True),
    timestamp("expires_at", nullable=True),
    timestamp("revoked_at", nullable=True),
    timestamp("last_used_at", nullable=True),
    text("pepper_id"),
    text("hash"),
    *bookkeeping(),
    UniqueConstraint("token_id"),
    UniqueConstraint("hash"),
    CheckConstraint("revision >= 1", name="revision"),
    one_of("kind", TokenKind),
    *newest_first("access_tokens", "token_id"),
)
"""`hash` is that of the secret, by the pepper. No row is ever removed, so the sum of all revisions
grows with every change; a use changes `last_used_at` alone."""
