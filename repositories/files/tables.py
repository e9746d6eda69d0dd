"""The tables that files own."""

from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint

from domain.files import UploadFailure, UploadStatus
from repositories.sql.metadata import (
    PlainText,
    big_integer,
    bookkeeping,
    metadata,
    newest_first,
    one_of,
    surrogate_id,
    text,
    timestamp,
)

files = Table(
    "files",
    metadata,
    surrogate_id(),
    text("file_id"),
    text("client_id", nullable=True),
    text("name"),
    text("media_type"),
    big_integer("size"),
    text("sha256"),
    text("created_by"),
    *bookkeeping(),
    UniqueConstraint("file_id"),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint("size >= 0", name="size"),
    Index("ix_files_sha256", "sha256"),
    *newest_first("files", "file_id", "client_id"),
)

uploads = Table(
    "uploads",
    metadata,
    surrogate_id(),
    text("upload_id"),
    text("client_id", nullable=True),
    text("name"),
    text("media_type"),
    big_integer("size"),
    text("sha256"),
    text("created_by"),
    text("status"),
    text("failure", nullable=True),
    timestamp("expires_at"),
    text("file_id", nullable=True),
    *bookkeeping(),
    UniqueConstraint("upload_id"),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint("size >= 0", name="size"),
    one_of("status", UploadStatus),
    one_of("failure", UploadFailure),
    # Those that have expired are looked for again and again.
    Index("ix_uploads_status_expires_at_upload_id", "status", "expires_at", "upload_id"),
    *newest_first("uploads", "upload_id", "client_id"),
)

file_claims = Table(
    "file_claims",
    metadata,
    Column("sha256", PlainText, primary_key=True),
    text("owner"),
    timestamp("until"),
)
"""Who is making a file of the bytes with this hash, or deleting them, at this time: nobody else
does either. A claim that wasn't given back ends by itself. `daily` stands for no bytes, but for the
collection of what nobody needs: one server has it once a day."""

file_checksums = Table(
    "file_checksums",
    metadata,
    Column("sha256", PlainText, primary_key=True),
    big_integer("crc32"),
    CheckConstraint("crc32 BETWEEN 0 AND 4294967295", name="crc32"),
)
"""The CRC-32 of content by its hash: archives have it before the bytes, and nobody reads all bytes
again to know it."""
