"""Content for stores: in parts, never whole in memory, and known by its hash."""

import hashlib
from collections.abc import AsyncIterator

from files.store import FileStore, content_key

MEBIBYTE = 1024 * 1024


async def parts(*content: bytes) -> AsyncIterator[bytes]:
    for part in content:
        yield part


async def broken_off(*content: bytes) -> AsyncIterator[bytes]:
    """Content whose sender vanishes."""
    for part in content:
        yield part
    raise ConnectionResetError("the sender is gone")


def block(number: int, size: int = MEBIBYTE) -> bytes:
    """Bytes that are others for each number."""
    seed = hashlib.sha256(str(number).encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


async def blocks(count: int, size: int = MEBIBYTE) -> AsyncIterator[bytes]:
    for number in range(count):
        yield block(number, size)


def sha256_of_blocks(count: int, size: int = MEBIBYTE) -> str:
    digest = hashlib.sha256()
    for number in range(count):
        digest.update(block(number, size))
    return digest.hexdigest()


def key_of(content: bytes) -> str:
    return content_key(hashlib.sha256(content).hexdigest())


async def read(store: FileStore, key: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([part async for part in store.read(key, start, stop)])


async def sha256_of(store: FileStore, key: str) -> str:
    digest = hashlib.sha256()
    async for part in store.read(key):
        digest.update(part)
    return digest.hexdigest()


async def keys(store: FileStore, prefix: str) -> list[str]:
    return sorted([found.key async for found in store.list(prefix)])
