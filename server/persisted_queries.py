"""Automatic persisted queries: documents that clients name by their SHA-256 hash.

https://www.apollographql.com/docs/apollo-server/performance/apq
"""

import sys
from collections import OrderedDict
from typing import Final

from domain.documents import hash_of

MAX_QUERIES = 10_000
MAX_QUERY_CHARACTERS: Final = 20_000
"""The longest document that is kept, in characters: those that clients repeat are shorter."""
ENTRY_WEIGHT: Final = 400
"""The memory that a document takes beside its text, in bytes: its hash, and its entry."""


class PersistedQueries:
    """An LRU cache of documents by their hashes, within limits.

    If a client fills it, other clients only have to send their documents again.
    """

    def __init__(self, limit: int) -> None:
        """`limit` is the memory of all documents, in bytes; 0 disables persisted queries."""
        self._limit = limit
        self._bytes = 0
        self._documents: OrderedDict[str, str] = OrderedDict()

    @property
    def is_on(self) -> bool:
        return self._limit > 0

    def get(self, hash: str) -> str | None:
        document = self._documents.get(hash)
        if document is not None:
            self._documents.move_to_end(hash)
        return document

    def add(self, hash: str, document: str) -> bool:
        """Keep the document, unless it's too long. Returns False if the hash is wrong."""
        if self.get(hash) == document:
            return True
        if hash != hash_of(document):
            return False
        if len(document) <= MAX_QUERY_CHARACTERS:
            self._documents[hash] = document
            self._bytes += _weight(document)
            while self._bytes > self._limit or len(self._documents) > MAX_QUERIES:
                _, dropped = self._documents.popitem(last=False)
                self._bytes -= _weight(dropped)
        return True


def _weight(document: str) -> int:
    return sys.getsizeof(document) + ENTRY_WEIGHT
