"""The closed sets of QC results, described; import them from here."""

from domain.qc import QcSeverity
from schema.descriptions import NO_GATE, describe_enum

__all__ = ["QcSeverity"]

describe_enum(
    QcSeverity,
    f"How bad an issue is, in QC's judgement. {NO_GATE}",
    CRITICAL="QC advises against a delivery with it.",
    MAJOR="QC advises to mend it before a delivery.",
    MINOR="QC doesn't mind a delivery with it.",
)
