"""Trusted documents: GraphQL documents that applications register before they send them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from domain import validation as check


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDocument:
    """A document of an application. Each application keeps its own, even if others have it too."""

    application: str
    sha256: str
    """The hash of the text in UTF-8, in lower-case hexadecimal digits."""
    operations: tuple[str, ...]
    """The names of its operations, in their order; anonymous ones have none."""
    text: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document to be registered."""

    text: str = field(repr=False)
    operations: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hash_of(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDocuments:
    """Register the documents of an application. Those that it registered before stay."""

    application: str
    documents: tuple[NewDocument, ...]

    def violations(self) -> check.Violations:
        return check.key("application", self.application)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDocuments:
    """Remove documents of an application by their hashes; None: all of them."""

    application: str
    hashes: tuple[str, ...] | None

    def violations(self) -> check.Violations:
        return check.key("application", self.application)


def hash_of(text: str) -> str:
    """The name of a document: the SHA-256 hash of its text in UTF-8, in hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def trusted(
    application: str, documents: Sequence[NewDocument], now: datetime
) -> list[TrustedDocument]:
    """The records of these documents, each text once."""
    by_hash = {document.sha256: document for document in documents}
    return [
        TrustedDocument(
            application=application,
            sha256=sha256,
            operations=document.operations,
            text=document.text,
            created_at=now,
        )
        for sha256, document in by_hash.items()
    ]
