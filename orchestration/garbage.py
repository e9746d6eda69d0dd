"""Garbage of files: what nobody needs any more is deleted after a grace time.

Versions of packages are in the log, so a file is needed as long as an event has it, or an import
that hasn't ended. A file goes first, and its bytes when no other file has them: never both in one
step, so whatever is killed in between, there is no file without its bytes.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple, TypeVar

from domain.callers import system
from domain.delivery import DeliveryPackage
from domain.files import File
from domain.sources import Clock, utc_now
from files.checksums import checksums_of
from files.store import ContentMissing, FileStore, StoredContent, content_key
from orchestration.contents import CLAIM_TIME
from repositories.criteria import (
    Comparison,
    Direction,
    Operator,
    Order,
    PageRequest,
    Position,
)
from repositories.deadlines import set_deadline
from repositories.unit_of_work import Snapshot, SnapshotHandle, Storage, UnitOfWork

_CALLER: Final = system("files", "files")
_AT_ONCE: Final = 500
_STORAGE_SECONDS: Final = 60.0
"""How long storage may take for one part of the work: it looks through the log."""
_CLAIM_SECONDS: Final = 60.0
"""So soon after a claim its content is deleted, or not at all: long before anybody else may claim
it."""
_CONTENT: Final = content_key("").partition("/")[0] + "/"
"""What the keys of content begin with."""

T = TypeVar("T")


class Garbage:
    """Finds what nobody needs, and deletes it."""

    def __init__(
        self, storage: Storage, store: FileStore, grace: timedelta, *, clock: Clock = utc_now
    ) -> None:
        """Nothing younger than `grace` is touched: somebody may be about to use it."""
        self._repositories = storage.as_(_CALLER)
        self._store = store
        self._grace = grace
        self._clock = clock

    async def unneeded_files(self) -> AsyncIterator[File]:
        """The files that no version of any package has, and no import is to read."""
        async for found in self._old_files():
            async with self._snapshot() as snapshot:
                needed = await _needed(snapshot, found)
            for file_id, file in found.items():
                if file_id not in needed:
                    yield file

    async def delete_files(self) -> AsyncIterator[File]:
        """Delete those files; each as it's gone."""

        async def work(unit: UnitOfWork) -> Sequence[File]:
            # Whoever saves a package with a file holds the file until the package is in the log.
            locked = await unit.files.lock(keys)
            needed = await _needed(unit, locked)
            deleted = [file for file_id, file in locked.items() if file_id not in needed]
            for file in deleted:
                await unit.files.delete(file.file_id)
            return deleted

        async for found in self._old_files():
            # The log is looked through before anybody is held up, and then only for the few.
            async with self._snapshot() as snapshot:
                needed = await _needed(snapshot, found)
            if keys := [file_id for file_id in found if file_id not in needed]:
                for file in await self._write(work):
                    yield file

    async def unneeded_content(self) -> AsyncIterator[StoredContent]:
        """The content that no file has."""
        async for found in self._old_content():
            async with self._snapshot() as snapshot:
                needed = await snapshot.files.hashes_among([*found])
            for sha256, content in found.items():
                if sha256 not in needed:
                    yield content

    async def delete_content(self) -> AsyncIterator[StoredContent]:
        """Delete that content; each as it's gone."""
        owner = f"gc_{secrets.token_hex(8)}"
        async for content in self.unneeded_content():
            if await self._deleted(content, owner):
                yield content

    async def _deleted(self, content: StoredContent, owner: str) -> bool:
        """Delete content, unless somebody makes a file of it; whether it was there."""
        sha256 = _hash_of(content)
        loop = asyncio.get_running_loop()

        async def claim(unit: UnitOfWork) -> bool:
            now = await unit.files.time(unit.now)
            if not await unit.files.claim_contents(
                [sha256], owner, until=now + CLAIM_TIME, now=now
            ):
                return False
            if not await unit.files.hashes_among([sha256]):
                return True
            await unit.files.release_contents([sha256], owner)
            return False

        is_deleted = False

        async def release(unit: UnitOfWork) -> None:
            if is_deleted:
                await unit.files.forget_checksum(sha256)
            await unit.files.release_contents([sha256], owner)

        began = loop.time()
        if not await self._write(claim):
            return False
        try:
            if loop.time() - began < _CLAIM_SECONDS:
                is_deleted = await self._store.delete(content.key)
        finally:
            await self._write(release)
        return is_deleted

    async def _old_files(self) -> AsyncIterator[Mapping[str, File]]:
        """All files from before the grace time by their keys, some at a time."""
        is_old = Comparison("created_at", Operator.LT, self._clock() - self._grace)
        order, after = Order("created_at", Direction.ASC), None
        while True:
            request = PageRequest(_AT_ONCE, order, is_old, after=after)
            async with self._snapshot() as snapshot:
                page = await snapshot.files.page(request)
            if page.items:
                yield {file.file_id: file for file in page.items}
                after = Position(page.items[-1].created_at, page.items[-1].file_id)
            if not page.has_next:
                return

    async def _old_content(self) -> AsyncIterator[Mapping[str, StoredContent]]:
        """All content from before the grace time by its hashes, some at a time."""
        before = self._clock() - self._grace
        found: dict[str, StoredContent] = {}
        async for content in self._store.list(_CONTENT):
            if content.stored_at < before:
                found[_hash_of(content)] = content
            if len(found) == _AT_ONCE:
                yield found
                found = {}
        if found:
            yield found

    def _snapshot(self) -> SnapshotHandle:
        set_deadline(_STORAGE_SECONDS)
        return self._repositories.read()

    async def _write(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        set_deadline(_STORAGE_SECONDS)
        return await self._repositories.write(work)


async def _needed(snapshot: Snapshot, files: Mapping[str, File]) -> frozenset[str]:
    """Those of the files that a version of a package has, or that an import is to read."""
    in_versions = await snapshot.events.mentioned(
        DeliveryPackage.entity_type, "artifacts", "fileId", [*files]
    )
    return in_versions | await snapshot.imports.files_in_use([*files])


def _hash_of(content: StoredContent) -> str:
    return content.key.rpartition("/")[2]


class Verified(NamedTuple):
    """What came of looking at content, or for it."""

    sha256: str
    verdict: str
    """`ok`, `damaged` or `missing`."""
    file_id: str | None = None
    """The file whose content is missing."""

    @property
    def is_ok(self) -> bool:
        return self.verdict == "ok"


async def verify(storage: Storage, store: FileStore) -> AsyncIterator[Verified]:
    """Look at all content that is kept, byte by byte, and for that of all files."""
    seen: set[bytes] = set()
    async for content in store.list(_CONTENT):
        sha256 = _hash_of(content)
        try:
            is_ok = (await checksums_of(store, content.key)).sha256 == sha256
        except ContentMissing:  # it was collected meanwhile
            continue
        if is_ok:
            seen.add(bytes.fromhex(sha256))
        yield Verified(sha256, "ok" if is_ok else "damaged")
    everything = Garbage(storage, store, timedelta())
    async for found in everything._old_files():
        for file in found.values():
            if bytes.fromhex(file.sha256) in seen or await store.stat(content_key(file.sha256)):
                continue
            yield Verified(file.sha256, "missing", file.file_id)
