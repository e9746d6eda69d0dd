"""Trusted documents in memory."""

from collections.abc import Mapping, Sequence

from domain.documents import TrustedDocument
from repositories.memory.session import MemorySession

_DOCUMENTS = "documents"


class MemoryDocumentRepository:
    """Trusted documents as one session sees them."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def text(self, sha256: str) -> str | None:
        return next((it.text for it in self._stored.values() if it.sha256 == sha256), None)

    async def of(self, application: str | None) -> Sequence[TrustedDocument]:
        return [
            self._stored[key]
            for key in sorted(self._stored)
            if application is None or self._stored[key].application == application
        ]

    async def add(self, documents: Sequence[TrustedDocument]) -> int:
        new = {_key(it.application, it.sha256): it for it in documents}
        new = {key: it for key, it in new.items() if key not in self._stored}
        self._session.mutable_table(_DOCUMENTS).update(new)
        return len(new)

    async def remove(self, application: str, hashes: Sequence[str]) -> int:
        stored = self._session.mutable_table(_DOCUMENTS)
        return sum(stored.pop(_key(application, each), None) is not None for each in hashes)

    @property
    def _stored(self) -> Mapping[str, TrustedDocument]:
        return self._session.table(_DOCUMENTS)


def _key(application: str, sha256: str) -> str:
    """Sorts by application first: names of applications have no control characters."""
    return f"{application}\n{sha256}"
