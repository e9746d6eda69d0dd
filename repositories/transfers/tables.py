"""The tables that transfers own."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from domain.bulk import ErrorPolicy
from domain.transfers import TransferEntity, TransferStatus
from repositories.sql.jobs import job_table
from repositories.sql.metadata import (
    PlainText,
    big_integer,
    bookkeeping,
    json_text,
    metadata,
    newest_first,
    one_of,
    surrogate_id,
    text,
    timestamp,
)

imports = Table(
    "imports",
    metadata,
    surrogate_id(),
    text("import_id"),
    text("client_id", nullable=True),
    text("file_id"),
    text("entity"),
    text("error_policy"),
    text("created_by"),
    text("status"),
    big_integer("bytes_done"),
    big_integer("bytes_total"),
    Column("line_count", Integer, nullable=False),
    Column("saved_count", Integer, nullable=False),
    Column("rejected_count", Integer, nullable=False),
    text("error", nullable=True),
    text("result_file_id", nullable=True),
    timestamp("finished_at", nullable=True),
    *bookkeeping(),
    UniqueConstraint("import_id"),
    CheckConstraint("revision >= 1", name="revision"),
    one_of("entity", TransferEntity),
    one_of("error_policy", ErrorPolicy),
    one_of("status", TransferStatus),
    # Files that imports need are looked for by those who collect files.
    Index("ix_imports_file_id", "file_id"),
    *newest_first("imports", "import_id", "client_id"),
)

exports = Table(
    "exports",
    metadata,
    surrogate_id(),
    text("export_id"),
    text("client_id", nullable=True),
    text("entity"),
    json_text("filter"),
    text("created_by"),
    text("status"),
    Column("row_count", Integer, nullable=False),
    text("last_key", nullable=True),
    text("error", nullable=True),
    text("result_file_id", nullable=True),
    timestamp("finished_at", nullable=True),
    *bookkeeping(),
    UniqueConstraint("export_id"),
    CheckConstraint("revision >= 1", name="revision"),
    one_of("entity", TransferEntity),
    one_of("status", TransferStatus),
    *newest_first("exports", "export_id", "client_id"),
)

transfer_jobs = job_table("transfer_jobs", "transfer_id", always_due=True)
"""The transfers that are to be carried out, or whose result file isn't made yet."""

transfer_lines = Table(
    "transfer_lines",
    metadata,
    surrogate_id(),
    Column(
        "transfer_id",
        PlainText,
        ForeignKey("transfer_jobs.transfer_id", ondelete="CASCADE"),
        nullable=False,
    ),
    text("lines", is_long=True),
    Index("ix_transfer_lines_transfer_id_id", "transfer_id", "id"),
)
"""Lines of the result file, those of each transaction in one row, in the order of `id`."""
