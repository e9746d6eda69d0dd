"""Automatic persisted queries: documents that clients name by their SHA-256 hash.

https://www.apollographql.com/docs/apollo-server/performance/apq
"""

import sys
from collections import OrderedDict
from hashlib import sha256
from typing import Final

MAX_QUERIES = 10_000
LONGEST_KEPT: Final = 20_000
"""In characters: what clients repeat is shorter."""
ENTRY: Final = 400
"""What it takes to keep a document beside itself, in bytes: its hash, and its place in order."""


class PersistedQueries:
    """The documents that were asked for last, by their hashes, within limits.

    A client that fills it only makes others send their documents once more.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: how many bytes of memory the documents may take; 0 switches them off."""
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
        """Keeps the document, unless it's too long; False says that the hash isn't its own."""
        if self.get(hash) == document:
            return True
        if hash != sha256(document.encode("utf-8", "surrogatepass")).hexdigest():
            return False
        if len(document) <= LONGEST_KEPT:
            self._documents[hash] = document
            self._bytes += _weight(document)
            while self._bytes > self._limit or len(self._documents) > MAX_QUERIES:
                _, dropped = self._documents.popitem(last=False)
                self._bytes -= _weight(dropped)
        return True


def _weight(document: str) -> int:
    return sys.getsizeof(document) + ENTRY
