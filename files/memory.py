"""The store that keeps bytes in memory: they are gone with the process."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.sources import Clock, utc_now
from files.parts import PART_BYTES
from files.store import (
    BeingWritten,
    ContentMissing,
    StoredContent,
    StoreFull,
    TooLong,
    WrongOffset,
)

CAPACITY: Final = 256 * 1024 * 1024


@dataclass(slots=True)
class _Kept:
    stored_at: datetime
    content: bytearray = field(default_factory=bytearray)
    is_being_written: bool = False


class MemoryStore:
    """A FileStore and AppendingStore in memory."""

    def __init__(self, *, capacity: int = CAPACITY, clock: Clock = utc_now) -> None:
        """All keys together may have `capacity` bytes."""
        self._capacity = capacity
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._size = 0

    async def put_if_absent(self, key: str, content: AsyncIterator[bytes]) -> bool:
        if key in self._kept:
            return False
        new = _Kept(self._clock())
        try:
            async for part in content:
                self._extend(new, part)
        except BaseException:
            self._forget(new)
            raise
        if key in self._kept:
            self._forget(new)
            return False
        new.stored_at = self._clock()
        self._kept[key] = new
        return True

    async def append(self, key: str, offset: int, content: AsyncIterator[bytes], limit: int) -> int:
        kept = self._kept.get(key) or _Kept(self._clock())
        if kept.is_being_written:
            raise BeingWritten
        size = len(kept.content)
        is_anew = offset == 0 and size < limit
        if offset != size and not is_anew:
            raise WrongOffset(size)
        kept.is_being_written = True
        self._kept[key] = kept
        try:
            if is_anew:
                self._size -= size
                kept.content.clear()
            async for part in content:
                if len(kept.content) + len(part) > limit:
                    raise TooLong
                self._extend(kept, part)
                kept.stored_at = self._clock()
        finally:
            kept.is_being_written = False
        return len(kept.content)

    async def stat(self, key: str) -> StoredContent | None:
        kept = self._kept.get(key)
        return None if kept is None else StoredContent(key, len(kept.content), kept.stored_at)

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        kept = self._kept.get(key)
        if kept is None:
            raise ContentMissing
        end = len(kept.content) if stop is None else min(stop, len(kept.content))
        for at in range(start, end, PART_BYTES):
            yield bytes(kept.content[at : min(at + PART_BYTES, end)])

    async def move(self, source: str, target: str) -> bool:
        kept = self._kept.get(source)
        if kept is None:
            if target in self._kept:
                return False
            raise ContentMissing
        if kept.is_being_written:
            raise BeingWritten
        del self._kept[source]
        if target in self._kept:
            self._forget(kept)
            return False
        self._kept[target] = kept
        return True

    async def delete(self, key: str) -> bool:
        kept = self._kept.get(key)
        if kept is None:
            return False
        if kept.is_being_written:
            raise BeingWritten
        del self._kept[key]
        self._forget(kept)
        return True

    async def list(self, prefix: str) -> AsyncIterator[StoredContent]:
        for key, kept in list(self._kept.items()):
            if key.startswith(prefix):
                yield StoredContent(key, len(kept.content), kept.stored_at)

    async def close(self) -> None:
        """Nothing is open."""

    def _extend(self, kept: _Kept, part: bytes) -> None:
        if self._size + len(part) > self._capacity:
            raise StoreFull
        self._size += len(part)
        kept.content += part

    def _forget(self, kept: _Kept) -> None:
        self._size -= len(kept.content)
