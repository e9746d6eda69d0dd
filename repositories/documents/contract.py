"""What is promised about trusted documents."""

from collections.abc import Sequence
from typing import Protocol

from domain.documents import TrustedDocument


class DocumentReads(Protocol):
    """Reading what there is."""

    async def text(self, sha256: str) -> str | None:
        """The text with this hash, whichever application registered it; None if none did."""
        ...

    async def of(self, application: str | None) -> Sequence[TrustedDocument]:
        """All documents of an application, None: of all; by application and hash."""
        ...


class DocumentRepository(DocumentReads, Protocol):
    """Reading and writing, inside a unit of work."""

    async def add(self, documents: Sequence[TrustedDocument]) -> int:
        """Store the documents that their applications don't have yet, and say how many.

        Raises WriteConflict where another unit of work stores one of them meanwhile.
        """
        ...

    async def remove(self, application: str, hashes: Sequence[str]) -> int:
        """Remove documents of an application, and say how many there were."""
        ...
