"""The documents that clients may name by their hashes: trusted ones, and persisted queries."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from domain.callers import system
from domain.documents import hash_of
from domain.errors import DomainError
from repositories.cache import Cache
from repositories.deadlines import set_deadline
from repositories.unit_of_work import Storage
from schema.errors import TopLevelCode
from server.persisted_queries import ENTRY_WEIGHT, PersistedQueries
from server.requests import DocumentRefused, UnknownDocument

FRESH_SECONDS: Final = 10.0
"""How long a document is taken for registered after it was found in storage."""
_READ_SECONDS: Final = 5.0
_NOT_REGISTERED: Final = "Only documents that were registered may be executed here."


class TrustedDocuments:
    """The registered documents by their hashes, read from storage when they are asked for.

    One that is registered is found at once, and one that is removed is refused FRESH_SECONDS later.
    """

    def __init__(
        self, storage: Storage, cache: Cache, clock: Callable[[], float] = monotonic
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._clock = clock

    def get(self, sha256: str) -> str | None:
        """The text, if it was found in storage a short time ago."""
        found: tuple[str, float] | None = self._cache.get(_key(sha256))
        if found is None or found[1] <= self._clock():
            return None
        return found[0]

    async def load(self, sha256: str) -> bool:
        """Find the document in storage. Raises DocumentRefused when storage can't be read."""
        set_deadline(_READ_SECONDS)
        try:
            repositories = self._storage.as_(system("documents", "documents"))
            async with repositories.read(single_statement=True) as snapshot:
                text = await snapshot.documents.text(sha256)
        except DomainError as error:
            raise DocumentRefused(str(error), TopLevelCode.UNAVAILABLE, 503) from error
        if text is None:
            return False
        until = self._clock() + FRESH_SECONDS
        self._cache.keep(_key(sha256), (text, until), len(text) + ENTRY_WEIGHT)
        return True


def _key(sha256: str) -> tuple[str, str]:
    return "trusted document", sha256


@dataclass(frozen=True, slots=True)
class KnownDocuments:
    """Trusted documents, and, unless `only_trusted`, all others, which may be persisted."""

    trusted: TrustedDocuments
    persisted: PersistedQueries
    only_trusted: bool

    @property
    def persists(self) -> bool:
        """Whether clients may persist queries."""
        return self.persisted.is_on and not self.only_trusted

    def text(self, sha256: str) -> str:
        """The document with this hash. Raises UnknownDocument."""
        text = self.trusted.get(sha256)
        if text is None and self.persists:
            text = self.persisted.get(sha256)
        if text is not None:
            return text
        if self.persists or self.only_trusted:
            code, message = TopLevelCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound"
        else:
            code, message = TopLevelCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported"
        # Some clients look for this error only in a response with status 200.
        raise UnknownDocument(sha256, message, code, 200)

    def require_allowed(self, text: str) -> None:
        """Raises UnknownDocument for a document that isn't trusted, where only these are run."""
        if self.only_trusted and self.trusted.get(sha256 := hash_of(text)) is None:
            raise UnknownDocument(sha256, _NOT_REGISTERED, TopLevelCode.FORBIDDEN, 403)

    async def load(self, unknown: UnknownDocument) -> None:
        """Find the document in storage. Raises `unknown` when it isn't there, DocumentRefused."""
        if not await self.trusted.load(unknown.sha256):
            raise unknown
