"""The tables that delivery owns."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, UniqueConstraint

from repositories.sql.metadata import (
    CHILD_OPTIONS,
    bookkeeping,
    child_columns,
    metadata,
    newest_first,
    owned,
    surrogate_id,
    text,
)

delivery_packages = Table(
    "delivery_packages",
    metadata,
    surrogate_id(),
    text("package_id"),
    text("draft_id"),
    *owned("delivery_packages", "package_id"),
    *bookkeeping(),
    UniqueConstraint("package_id"),
    CheckConstraint("revision >= 1", name="revision"),
    *newest_first("delivery_packages", "package_id", "draft_id"),
)

delivery_artifacts = Table(
    "delivery_artifacts",
    metadata,
    *child_columns("delivery_packages", "package_id"),
    text("name"),
    text("url", nullable=True),
    text("format"),
    text("file_id", nullable=True),
    Column("draft_revision", Integer, nullable=True),
    text("qc_result_id", nullable=True),
    Column("qc_revision", Integer, nullable=True),
    CheckConstraint("(url IS NULL) <> (file_id IS NULL)", name="place"),
    CheckConstraint("draft_revision >= 1", name="draft_revision"),
    CheckConstraint("qc_revision >= 1", name="qc_revision"),
    CheckConstraint("(qc_result_id IS NULL) = (qc_revision IS NULL)", name="verdict"),
    **CHILD_OPTIONS,
)
