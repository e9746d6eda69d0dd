"""Uploads: what a client announced becomes a file when its bytes are there, and are the right ones.

The store is asked outside of any transaction: claim, act, complete. Whatever is killed in between,
there is no file without its bytes, and bytes without a file are collected.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple, TypeVar

from domain.callers import Caller, system
from domain.errors import NotAllowed, NotFound, Unavailable, ValidationFailed
from domain.files import (
    ENDING,
    CompleteUpload,
    CreateUpload,
    File,
    Upload,
    UploadFailure,
    UploadStatus,
    completed,
    failed,
    file_of,
    is_open,
    new_upload,
    rejected,
)
from domain.scopes import Scope
from domain.validation import require_valid
from files.checksums import checksums_of
from files.service import Files
from files.store import ContentMissing, FileStoreError, SignedRequest, upload_key
from orchestration.contents import Received, keep_content
from repositories.criteria import AllOf, Comparison, Direction, Operator, Order, PageRequest
from repositories.deadlines import set_deadline
from repositories.unit_of_work import Storage, UnitOfWork

_CALLER: Final = system("files", "files")
_STORAGE_SECONDS: Final = 10.0
"""How long storage may take for one part of the work."""
EXPIRED_AT_ONCE: Final = 100
"""How many uploads `expire` ends at a time."""

T = TypeVar("T")


class Completed(NamedTuple):
    """An upload, and the file that it became."""

    upload: Upload
    file: File


class Uploads:
    """The uploads of one server. Any number of servers may have the same storage and store."""

    def __init__(self, storage: Storage, files: Files) -> None:
        self.files = files
        self._storage = storage
        self._completing: dict[str, asyncio.Task[Completed]] = {}

    async def create(
        self, caller: Caller, command: CreateUpload, *, rolls_back: bool = False
    ) -> Upload:
        """It's stored unless `rolls_back`, as in `Repositories.write`. Raises ValidationFailed."""
        require_valid(command)
        limits = self.files.limits
        if command.size > limits.upload_bytes:
            raise ValidationFailed.at("size", f"must be at most {limits.upload_bytes:,}")
        open_for = timedelta(seconds=limits.upload_seconds)

        async def work(unit: UnitOfWork) -> Upload:
            upload_id = unit.new_key("upload")
            upload = new_upload(command, upload_id, caller.id, unit.now, open_for)
            return await unit.uploads.save(upload)

        return await self._storage.as_(caller).write(
            work, single_statement=True, rolls_back=rolls_back
        )

    async def request_of(self, upload: Upload, base: str) -> SignedRequest | None:
        """The request by which the bytes are sent; None where none are taken any more."""
        if not is_open(upload, self.files.clock()):
            return None
        with _store_errors():
            return await self.files.upload_request(
                upload.upload_id,
                size=upload.size,
                sha256=upload.sha256,
                media_type=upload.media_type,
                expires_at=upload.expires_at,
                base=base,
            )

    async def complete(self, caller: Caller, command: CompleteUpload) -> Completed:
        """What the upload became; it may be repeated.

        It goes on although whoever waits for it doesn't any more. Raises ValidationFailed, NotFound
        and UploadRejected.
        """
        require_valid(command)
        upload = await self._upload_of(caller, command.upload_id)
        if upload.status is not UploadStatus.PENDING:
            return await self._outcome(caller, upload)
        task = self._completing.get(upload.upload_id)
        if task is None:
            task = asyncio.create_task(self._complete(caller, upload))
            self._completing[upload.upload_id] = task
            task.add_done_callback(partial(self._forget, upload.upload_id))
        return await asyncio.shield(task)

    async def require_complete(self, caller: Caller, command: CompleteUpload) -> None:
        """Raises as `complete` does, and changes nothing: all bytes are read, and none is moved."""
        require_valid(command)
        upload = await self._upload_of(caller, command.upload_id)
        if upload.status is not UploadStatus.PENDING:
            await self._outcome(caller, upload)
        elif not is_open(upload, self.files.clock()):
            raise rejected(UploadFailure.EXPIRED)
        else:
            failure, _ = await self._judged(caller, upload)
            if failure is not None:
                raise rejected(failure)

    async def is_open(self, upload_id: str) -> bool:
        """Whether bytes are taken for the upload, whosever it is."""
        async with self._storage.as_(_CALLER).read() as snapshot:
            upload = await snapshot.uploads.get(upload_id)
        return upload is not None and is_open(upload, self.files.clock())

    async def find(self, caller: Caller, file_id: str) -> File | None:
        """The file, if the caller sees it. Raises NotAllowed where it may see none."""
        if Scope.FILES_READ not in caller.scopes:
            raise NotAllowed("file_id", f"This requires the scope `{Scope.FILES_READ}`.")
        async with self._storage.as_(caller).read() as snapshot:
            return await snapshot.files.get(file_id)

    async def close(self) -> None:
        """Let go what is being completed: it can be repeated."""
        tasks = [*self._completing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, upload_id: str, task: asyncio.Task[Completed]) -> None:
        del self._completing[upload_id]
        if not task.cancelled():
            task.exception()  # whoever waited for it may have gone

    # Completing

    async def _complete(self, caller: Caller, upload: Upload) -> Completed:
        """Complete it, for all who ask for it at the same time."""
        if is_open(upload, self.files.clock()):
            await self._try_to_complete(caller, upload)
        else:
            await self._end(caller, upload, UploadFailure.EXPIRED)
        set_deadline(_STORAGE_SECONDS)
        return await self._outcome(caller, await self._upload_of(caller, upload.upload_id))

    async def _try_to_complete(self, caller: Caller, upload: Upload) -> None:
        failure, crc32 = await self._judged(caller, upload)
        if failure is None:
            await self._become_file(caller, upload, crc32)
            return
        if failure not in ENDING:
            raise rejected(failure)
        await self._end(caller, upload, failure)
        with suppress(FileStoreError):  # it's collected later
            await self.files.store.delete(upload_key(upload.upload_id))

    async def _judged(
        self, caller: Caller, upload: Upload
    ) -> tuple[UploadFailure | None, int | None]:
        """Why it can't become a file, or the CRC-32 of its bytes; None: they needn't be there."""
        with _store_errors():
            failure, crc32 = await self._examined(upload)
        if failure is UploadFailure.NO_BYTES and await self._is_kept_already(caller, upload):
            return None, None
        return failure, crc32

    async def _examined(self, upload: Upload) -> tuple[UploadFailure | None, int | None]:
        """Why what was received can't become the file, or its CRC-32. All of it is read."""
        # It's imported for the first file: it reads a table of all signatures.
        from files.media_types import ContentCheck  # noqa: PLC0415

        store, key = self.files.store, upload_key(upload.upload_id)
        stored = await store.stat(key)
        if stored is None:
            return UploadFailure.NO_BYTES, None
        if stored.size != upload.size:
            is_short = stored.size < upload.size
            return UploadFailure.INCOMPLETE if is_short else UploadFailure.WRONG_SIZE, None
        content = ContentCheck(upload.media_type)
        try:
            found = await checksums_of(store, key, content.feed)
        except ContentMissing:
            return UploadFailure.NO_BYTES, None
        if found.sha256 != upload.sha256:
            return UploadFailure.WRONG_SHA256, None
        if not content.fits():
            return UploadFailure.WRONG_MEDIA_TYPE, None
        return None, found.crc32

    async def _is_kept_already(self, caller: Caller, upload: Upload) -> bool:
        """Whether it can be completed without bytes that were received for it.

        Either these were moved, by who was killed before it told: only who has looked at all bytes
        of an upload claims its content. Or the caller sees a file with the same hash, and may have
        the bytes anyway. To know a hash is no reason to get the bytes.
        """

        async def work(unit: UnitOfWork) -> bool:
            if await unit.files.has_claims([upload.sha256], upload.upload_id):
                return True
            may_read = Scope.FILES_READ in caller.scopes
            return may_read and bool(await unit.files.hashes_among([upload.sha256]))

        return await self._write(caller, work)

    async def _become_file(self, caller: Caller, upload: Upload, crc32: int | None) -> None:
        """Keep the bytes as content, and store the file. Raises UploadRejected, Unavailable."""

        async def lock(unit: UnitOfWork) -> Upload | None:
            stored = await unit.uploads.get_for_update(upload.upload_id)
            is_pending = stored is not None and stored.status is UploadStatus.PENDING
            return stored if is_pending else None

        async def complete(unit: UnitOfWork, stored: Upload) -> None:
            file = await unit.files.save(file_of(stored, unit.new_key("file"), unit.now))
            await unit.uploads.save(completed(stored, file.file_id, unit.now))

        received = Received(upload.upload_id, upload.sha256, crc32)
        write = partial(self._write, caller)
        try:
            with _store_errors():
                await keep_content(received, self.files.store, write, lock=lock, complete=complete)
        except ContentMissing:
            raise rejected(UploadFailure.NO_BYTES) from None

    async def _end(self, caller: Caller, upload: Upload, failure: UploadFailure) -> None:
        """The upload has failed, or expired, unless somebody else has ended it."""

        async def work(unit: UnitOfWork) -> None:
            stored = await unit.uploads.get_for_update(upload.upload_id)
            if stored is not None and stored.status is UploadStatus.PENDING:
                await unit.uploads.save(failed(stored, failure, unit.now))
                await unit.files.release_contents([stored.sha256], stored.upload_id)

        await self._write(caller, work)

    # Reading and writing

    async def _upload_of(self, caller: Caller, upload_id: str) -> Upload:
        async with self._storage.as_(caller).read() as snapshot:
            upload = await snapshot.uploads.get(upload_id)
        if upload is None:
            raise NotFound("upload", "upload_id", upload_id)
        return upload

    async def _outcome(self, caller: Caller, upload: Upload) -> Completed:
        """What the upload has become. Raises UploadRejected where that is no file."""
        if upload.failure is not None:
            raise rejected(upload.failure)
        file = None
        if upload.file_id is not None:
            async with self._storage.as_(caller).read() as snapshot:
                file = await snapshot.files.get(upload.file_id)
        if file is None:  # it was collected since
            raise NotFound("file", "upload_id", upload.upload_id)
        return Completed(upload, file)

    async def _write(self, caller: Caller, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        set_deadline(_STORAGE_SECONDS)
        return await self._storage.as_(caller).write(work)

    # Cleaning

    async def expire(self) -> int:
        """Let uploads expire whose time is over, some at a time; how many it were."""
        is_over = AllOf(
            (
                Comparison("status", Operator.EQ, UploadStatus.PENDING.value),
                Comparison("expires_at", Operator.LTE, self.files.clock()),
            )
        )
        request = PageRequest(EXPIRED_AT_ONCE, Order("expires_at", Direction.ASC), is_over)
        set_deadline(_STORAGE_SECONDS)
        async with self._storage.as_(_CALLER).read() as snapshot:
            found = (await snapshot.uploads.page(request)).items
        for upload in found:
            if upload.upload_id not in self._completing:
                await self._end(_CALLER, upload, UploadFailure.EXPIRED)
        return len(found)

    async def collect(self, grace: timedelta) -> int:
        """Delete bytes of uploads that take none any more, from before the grace; how many it were.

        Raises Unavailable.
        """
        deleted, prefix = 0, upload_key("")
        before = self.files.clock() - grace
        with _store_errors():
            async for stored in self.files.store.list(prefix):
                upload_id = stored.key.removeprefix(prefix)
                if stored.stored_at < before and not await self.is_open(upload_id):
                    deleted += await self.files.store.delete(stored.key)
        return deleted


@contextmanager
def _store_errors() -> Iterator[None]:
    """Translates errors of stores into those of the domain. Content that is missing is no error of
    the store."""
    try:
        yield
    except ContentMissing:
        raise
    except FileStoreError as error:
        raise Unavailable(str(error)) from error
