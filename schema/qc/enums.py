"""The closed sets of QC results, described; import them from here."""

from domain.qc import QcSeverity
from schema.descriptions import describe_enum

__all__ = ["QcSeverity"]

describe_enum(
    QcSeverity,
    "How bad an issue is.",
    CRITICAL="Must not be delivered with it.",
    MAJOR="Should be mended before delivery.",
    MINOR="May be delivered with it.",
)
