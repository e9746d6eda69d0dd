"""The column types that revisions use.

Revisions that ran depend on what these mean: add to them, never change them.
"""

import sqlalchemy as sa

PLAIN_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that compares by code point."""

JSON_TEXT = sa.Text().with_variant(sa.JSON(), "postgresql")
"""A JSON document, which is stored unchanged."""

TIMESTAMP = sa.DateTime(timezone=True)

SURROGATE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number that the database counts up; on SQLite only an INTEGER key is counted."""
