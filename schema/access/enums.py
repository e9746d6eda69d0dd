"""The closed sets of access, described; import them from here."""

from domain.access import TokenKind
from schema.descriptions import describe_enum

__all__ = ["TokenKind"]

describe_enum(
    TokenKind,
    "The kinds of callers that tokens are issued to.",
    USER="A person.",
    SERVICE="A program that acts for itself.",
    AGENT="A program that acts on behalf of a person, and decides by itself what to do.",
)
