"""Automatic persisted queries: documents that clients name by their SHA-256 hash.

https://www.apollographql.com/docs/apollo-server/performance/apq
"""

import sys
from collections import OrderedDict
from hashlib import sha256

from schema.documents import LONGEST_KEPT

MAX_QUERIES = 10_000


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
            self._bytes += sys.getsizeof(document)
            while self._bytes > self._limit or len(self._documents) > MAX_QUERIES:
                _, dropped = self._documents.popitem(last=False)
                self._bytes -= sys.getsizeof(dropped)
        return True
