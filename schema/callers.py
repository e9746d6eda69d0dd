"""The kinds of callers, described; import them from here."""

from domain.callers import CallerKind
from schema.descriptions import describe_enum

__all__ = ["CallerKind"]

describe_enum(
    CallerKind,
    "The kinds of callers.",
    OPERATOR="A person who runs this server.",
    SYSTEM="The server itself.",
    USER="A person.",
    SERVICE="A program that acts for itself.",
    AGENT="A program that acts on behalf of a person.",
)
