"""Bytes that were received become content, which files have.

The store is asked outside of any transaction: claim, act, complete. Whatever is killed in between
can be repeated, and there is no file without its bytes.
"""

from asyncio import get_running_loop, sleep
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final, NamedTuple, Protocol, TypeVar

from domain.errors import Unavailable
from files.store import FileStore, FileStoreError, content_key, upload_key
from repositories.unit_of_work import UnitOfWork

CLAIM_TIME: Final = timedelta(minutes=5)
"""How long nobody else touches content that is made a file, or deleted, unless it's told earlier:
longer than a store takes to move the largest."""
MAX_WAIT: Final = 10.0
"""How long, in seconds, one who makes a file waits for another one of the same content."""
_PAUSE: Final = 0.1


class ContentBusy(Unavailable):
    """Others have claimed the content."""

    def __init__(self) -> None:
        super().__init__("The same content is being stored at this time; try again.")


T = TypeVar("T")
R = TypeVar("R")


class Write(Protocol):
    """Runs a unit of work."""

    def __call__(self, work: Callable[[UnitOfWork], Awaitable[T]], /) -> Awaitable[T]: ...


class Claim(NamedTuple):
    """Contents that one owner makes, or keeps, while nobody else touches them."""

    owner: str
    checksums: Mapping[str, int | None]
    """The contents by their hashes, each with its CRC-32; None: it's not known here."""

    async def take(self, unit: UnitOfWork) -> None:
        """Claim all of them. Raises ContentBusy where others have one."""
        now = await unit.files.time(unit.now)
        until = now + CLAIM_TIME
        if not await unit.files.claim_contents(self.checksums, self.owner, until=until, now=now):
            raise ContentBusy

    async def is_held(self, unit: UnitOfWork) -> bool:
        """Whether nobody has claimed one of them since, or does before this unit of work ends."""
        return await unit.files.has_claims(self.checksums, self.owner)

    async def complete(self, unit: UnitOfWork) -> None:
        """Note the checksums, and give the contents back: files have them now."""
        known = {sha256: crc32 for sha256, crc32 in self.checksums.items() if crc32 is not None}
        await unit.files.note_checksums(known)
        await self.release(unit)

    async def release(self, unit: UnitOfWork) -> None:
        await unit.files.release_contents(self.checksums, self.owner)


class Received(NamedTuple):
    """Bytes that are kept where those of uploads are."""

    owner: str
    """The upload, or whatever else has the bytes: it names them in the store, and claims them."""
    sha256: str
    crc32: int | None
    """None: the bytes weren't read, since others have read them before."""


async def keep_content(
    received: Received,
    store: FileStore,
    write: Write,
    *,
    lock: Callable[[UnitOfWork], Awaitable[R | None]],
    complete: Callable[[UnitOfWork, R], Awaitable[T]],
) -> T | None:
    """Make content of what was received, and complete what it was received for.

    `lock` gets the record that waits for it, for update, or None where it doesn't any more: then
    nothing is done, and None comes back. `complete` stores the file, in the unit of work that also
    notes the content's checksum. Raises ContentBusy where others have the content for too long;
    ContentMissing where nothing was received, and no file has such content; FileStoreError.
    """

    claim = Claim(received.owner, {received.sha256: received.crc32})

    async def take(unit: UnitOfWork) -> bool:
        """False where nobody waits for the content any more."""
        if await lock(unit) is None:
            return False
        await claim.take(unit)
        return True

    async def finish(unit: UnitOfWork) -> tuple[bool, T | None]:
        """Whether it has ended; it hasn't where others have claimed the content since."""
        record = await lock(unit)
        if record is None:
            return True, None
        if not await claim.is_held(unit):
            return False, None
        completed = await complete(unit, record)
        await claim.complete(unit)
        return True, completed

    while await once_free(write, take):
        try:
            await store.move(upload_key(received.owner), content_key(received.sha256))
        except FileStoreError:
            await write(claim.release)  # others who have the same don't wait for this one
            raise
        has_ended, completed = await write(finish)
        if has_ended:
            return completed
    return None


async def once_free(write: Write, take: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """Run a unit of work that claims content, once nobody else has it.

    Raises ContentBusy where others have it for too long; nothing stays claimed then.
    """
    loop = get_running_loop()
    waits_until = loop.time() + MAX_WAIT
    while True:
        try:
            return await write(take)
        except ContentBusy:
            if loop.time() > waits_until:
                raise
        await sleep(_PAUSE)
