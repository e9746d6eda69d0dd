"""ZIP archives that are a function of what is in them: the same bytes every time.

Files are stored as they are, so every byte's place is known before any is read (APPNOTE.TXT, the
specification of ZIP). Whatever a machine could add is fixed: dates, attributes, the order.
"""

import hashlib
import struct
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

from files.store import ContentDamaged, ContentMissing, FileStore, content_key

_UTF8: Final = 1 << 11
_DAY: Final = 1 << 5 | 1
"""The first of January 1980, the first day that ZIP has."""
_MADE_BY_UNIX: Final = 3 << 8
_REGULAR_FILE: Final = 0o100644 << 16
_PLAIN_VERSION, _ZIP64_VERSION = 10, 45
_MAX_16: Final = 0xFFFF
_MAX_32: Final = 0xFFFFFFFF
_ZIP64_EXTRA: Final = 1
_PART_BYTES: Final = 256 * 1024


class KeptFile(NamedTuple):
    """A file of an archive, whose bytes a store keeps."""

    path: str
    """Its name in the archive: a safe one."""
    sha256: str
    size: int
    crc32: int


class MadeFile(NamedTuple):
    """A file of an archive that is made for it."""

    path: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def crc32(self) -> int:
        return zlib.crc32(self.content)


class Zip:
    """An archive of these files, in this order."""

    def __init__(self, files: Sequence[KeptFile | MadeFile]) -> None:
        self._parts: list[bytes | KeptFile] = []
        self.size = 0
        directory: list[bytes] = []
        for file in files:
            directory.append(_directory_entry(file, self.size))
            self._add(_local_header(file))
            self._add(file.content if isinstance(file, MadeFile) else file)
        start, size = self.size, sum(map(len, directory))
        self._add(b"".join(directory))
        self._add(_end(len(files), start, size))

    @property
    def tag(self) -> str:
        """Another one for archives with other bytes."""
        hashed = hashlib.sha256()
        for part in self._parts:
            hashed.update(part.sha256.encode() if isinstance(part, KeptFile) else part)
        return hashed.hexdigest()

    async def read(self, store: FileStore, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `stop`, in parts of at most a megabyte.

        A file that is read whole is compared with its checksum, before its last part comes. Raises
        ContentMissing, ContentDamaged, FileStoreError.
        """
        for part, first, last in self._between(start, stop):
            if isinstance(part, KeptFile):
                async with aclosing(_content(store, part, first, last)) as content:
                    async for each in content:
                        yield each
            else:
                for at in range(first, last, _PART_BYTES):
                    yield part[at : min(at + _PART_BYTES, last)]

    async def require_first(self, store: FileStore, start: int, stop: int) -> None:
        """Look for the first file that has bytes from `start` up to `stop`.

        Raises ContentMissing, ContentDamaged, FileStoreError, as to read it would.
        """
        kept = (part for part, _, _ in self._between(start, stop) if isinstance(part, KeptFile))
        if (first := next(kept, None)) is not None:
            found = await store.stat(content_key(first.sha256))
            if found is None:
                raise ContentMissing
            if found.size != first.size:
                raise ContentDamaged

    def _add(self, part: bytes | KeptFile) -> None:
        self._parts.append(part)
        self.size += _size(part)

    def _between(self, start: int, stop: int) -> Iterator[tuple[bytes | KeptFile, int, int]]:
        """The parts that have bytes from `start` up to `stop`, each with its own first and last."""
        at = 0
        for part in self._parts:
            first, last = max(start - at, 0), min(stop - at, _size(part))
            if first < last:
                yield part, first, last
            at += _size(part)


def _size(part: bytes | KeptFile) -> int:
    return part.size if isinstance(part, KeptFile) else len(part)


async def _content(
    store: FileStore, file: KeptFile, start: int, stop: int
) -> AsyncGenerator[bytes, None]:
    left, crc32 = stop - start, 0
    is_whole = left == file.size
    async with aclosing(store.read(content_key(file.sha256), start, stop)) as content:
        async for part in content:
            left -= len(part)
            if is_whole:
                crc32 = zlib.crc32(part, crc32)
            if left < 0 or (is_whole and left == 0 and crc32 != file.crc32):
                raise ContentDamaged
            yield part
    if left:
        raise ContentDamaged


def _local_header(file: KeptFile | MadeFile) -> bytes:
    name, size = file.path.encode(), file.size
    extra, version = b"", _PLAIN_VERSION
    if size >= _MAX_32:
        # A local header has both sizes, or neither.
        extra, version = _extra(size, size), _ZIP64_VERSION
        size = _MAX_32
    return (
        struct.pack(
            "<4s5H3L2H",
            b"PK\3\4",
            version,
            _flags(name),
            *(0, 0, _DAY),
            file.crc32,
            *(size, size),
            *(len(name), len(extra)),
        )
        + name
        + extra
    )


def _directory_entry(file: KeptFile | MadeFile, offset: int) -> bytes:
    name, size = file.path.encode(), file.size
    large = [size, size] if size >= _MAX_32 else []
    if offset >= _MAX_32:
        large.append(offset)
    version = _ZIP64_VERSION if large else _PLAIN_VERSION
    extra = _extra(*large) if large else b""
    return (
        struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            *(_MADE_BY_UNIX | version, version),
            _flags(name),
            *(0, 0, _DAY),
            file.crc32,
            *(min(size, _MAX_32), min(size, _MAX_32)),
            *(len(name), len(extra), 0, 0, 0),
            *(_REGULAR_FILE, min(offset, _MAX_32)),
        )
        + name
        + extra
    )


def _end(count: int, start: int, size: int) -> bytes:
    """The end of the archive, whose directory has so many files, and this place and size."""
    end = b""
    if count >= _MAX_16 or start >= _MAX_32 or size >= _MAX_32:
        versions = (_MADE_BY_UNIX | _ZIP64_VERSION, _ZIP64_VERSION)
        end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, *versions, 0, 0, count, count, size, start)
        end += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
    counts = (min(count, _MAX_16),) * 2
    place = (min(size, _MAX_32), min(start, _MAX_32))
    return end + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *counts, *place, 0)


def _flags(name: bytes) -> int:
    return 0 if name.isascii() else _UTF8


def _extra(*numbers: int) -> bytes:
    return struct.pack(f"<2H{len(numbers)}Q", _ZIP64_EXTRA, 8 * len(numbers), *numbers)
