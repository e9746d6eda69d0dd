"""The checksums of content, of which all bytes are read."""

import asyncio
import hashlib
import zlib
from collections.abc import Callable

from files.store import FileStore


class Checksums:
    """Of the bytes that it was fed."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.crc32 = 0

    def feed(self, part: bytes) -> None:
        self._sha256.update(part)
        self.crc32 = zlib.crc32(part, self.crc32)

    @property
    def sha256(self) -> str:
        """In lower-case hexadecimal digits."""
        return self._sha256.hexdigest()


async def checksums_of(
    store: FileStore, key: str, look_at: Callable[[bytes], object] | None = None
) -> Checksums:
    """Those of the content under the key; a function may look at each part of it, in a thread.

    Raises ContentMissing, FileStoreError.
    """
    found = Checksums()

    def feed(part: bytes) -> None:
        found.feed(part)
        if look_at is not None:
            look_at(part)

    async for part in store.read(key):
        await asyncio.to_thread(feed, part)
    return found
