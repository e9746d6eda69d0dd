"""The store that keeps bytes in a bucket: S3, GCS or Azure, by obstore."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from domain.sources import random_bytes
from files.opening import FilesUrlError
from files.parts import PART_BYTES, gathered
from files.store import ContentMissing, FileStoreError, SignedRequest, StoredContent, upload_key

if TYPE_CHECKING:  # they aren't there when it runs
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig

Bucket = S3Store | GCSStore | AzureStore

CHUNK_BYTES: Final = 8 * 1024 * 1024
"""The size of a part of a multipart upload; S3 takes 10,000 of at least 5 MiB."""
_CHUNKS_AT_ONCE: Final = 3
_LONGEST_PART: Final = 1024 * 1024
_COPY_SECONDS: Final = 3600.0
"""The provider copies up to 5 GiB by itself, and answers when it has."""
_COPY_PAUSE: Final = 4
"""So many times as long as usual it may be silent meanwhile; S3 sends a sign of life."""
_READ_SECONDS: Final = 24 * 3600.0
_CONNECT_SECONDS: Final = 5.0
_STATUS: Final = re.compile(r"status code: (\d{3})")
_REFUSALS: Final = (PermissionDeniedError, UnauthenticatedError)
_RETRIES: Final = 2

log = logging.getLogger("aicmo.files")


class Connect(Protocol):
    """Makes the client of a bucket, with these options."""

    def __call__(
        self, *, client_options: "ClientConfig", retry_config: "RetryConfig"
    ) -> Bucket: ...


class Presigner(Protocol):
    """Signs requests that clients send to the bucket, without asking anybody."""

    def upload(
        self, key: str, *, size: int, sha256: str, media_type: str, seconds: int
    ) -> SignedRequest: ...

    def download(self, key: str, *, media_type: str, disposition: str, seconds: int) -> str: ...


class ObjectStore:
    """A FileStore in a bucket."""

    def __init__(
        self, connect: Connect, *, seconds: float = 15.0, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        """A request may take `seconds`, or so long without a byte where content is read."""
        retries: RetryConfig = {
            "max_retries": _RETRIES,
            "retry_timeout": timedelta(seconds=seconds),
        }

        def client(seconds: float, pause: float | None = None) -> Bucket:
            options: ClientConfig = {
                "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                "timeout": timedelta(seconds=seconds),
            }
            if pause is not None:
                options["read_timeout"] = timedelta(seconds=pause)
            return connect(client_options=options, retry_config=retries)

        self._seconds = seconds
        self._chunk_bytes = chunk_bytes
        self._bucket = client(seconds)
        self._to_read = client(_READ_SECONDS, pause=seconds)
        self._to_copy = client(_COPY_SECONDS, pause=_COPY_PAUSE * seconds)

    async def require_access(self) -> None:
        """Raises FilesUrlError unless the bucket is there, and lets us in.

        A bucket that can't be reached now may be reached later.
        """
        try:
            async with asyncio.timeout(2 * self._seconds):
                async for _ in obstore.list(self._bucket, chunk_size=1):
                    return
        except (FileNotFoundError, BaseError, TimeoutError) as error:
            told = first_line(error)
            # Of lists, obstore tells no kind of error but the status in its message.
            found = _STATUS.search(told)
            if isinstance(error, FileNotFoundError) or (found and found[1] == "404"):
                raise FilesUrlError("there is no such bucket") from None
            if isinstance(error, _REFUSALS) or (found and found[1] in ("401", "403")):
                raise FilesUrlError("the bucket refuses the credentials of this server") from None
            log.warning("the bucket can't be reached: %s", told)

    async def put_if_absent(self, key: str, content: AsyncIterator[bytes]) -> bool:
        if await self.stat(key) is not None:
            return False
        chunks = _joined(gathered(content, self._chunk_bytes))
        first = await anext(chunks, b"")
        second = await anext(chunks, None)
        if second is None:
            return await self._create(key, first)
        # Many parts can't be put on a condition, but what they become can be copied on one.
        temporary = upload_key(f"temporary-{random_bytes(16).hex()}")
        await self._put_in_parts(temporary, _Chunks(first, second, rest=chunks))
        return await self.move(temporary, key)

    async def stat(self, key: str) -> StoredContent | None:
        try:
            async with self._bounded():
                return _stored(await obstore.head_async(self._bucket, key))
        except ContentMissing:
            return None

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        options: GetOptions = {}
        if start > 0 or stop is not None:
            # Stores refuse a range that is empty or begins after the end.
            found = await self.stat(key)
            if found is None:
                raise ContentMissing
            end = found.size if stop is None else min(stop, found.size)
            if start >= end:
                return
            options["range"] = (start, end)
        async with self._bounded():
            result = await obstore.get_async(self._to_read, key, options=options)
        parts = aiter(result.stream(min_chunk_size=PART_BYTES))
        while True:
            with _errors():
                try:
                    part = memoryview(await anext(parts))
                except StopAsyncIteration:
                    return
            for at in range(0, len(part), _LONGEST_PART):
                yield bytes(part[at : at + _LONGEST_PART])

    async def move(self, source: str, target: str) -> bool:
        try:
            with _errors():
                await obstore.copy_async(self._to_copy, source, target, overwrite=False)
        except _KeptAlready:
            is_new = False
        except ContentMissing:
            if await self.stat(target) is None:
                raise
            return False
        else:
            is_new = True
        await self._remove(source)
        return is_new

    async def delete(self, key: str) -> bool:
        if await self.stat(key) is None:
            return False
        await self._remove(key)
        return True

    async def list(self, prefix: str) -> AsyncIterator[StoredContent]:
        folder, _, _ = prefix.rpartition("/")
        pages = aiter(obstore.list(self._bucket, folder or None))
        while True:
            async with self._bounded():
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
            for found in map(_stored, page):
                if found.key.startswith(prefix):
                    yield found

    async def close(self) -> None:
        """The clients close their connections when nobody has them any more."""

    async def _create(self, key: str, content: bytes) -> bool:
        try:
            async with self._bounded():
                await obstore.put_async(
                    self._bucket, key, content, mode="create", use_multipart=False
                )
        except _KeptAlready:
            return False
        return True

    async def _put_in_parts(self, key: str, chunks: "_Chunks") -> None:
        """Keep the content under the key, which nobody else uses."""
        try:
            with _errors():
                await obstore.put_async(
                    self._bucket,
                    key,
                    chunks,
                    chunk_size=self._chunk_bytes,
                    max_concurrency=_CHUNKS_AT_ONCE,
                    use_multipart=True,
                )
        except FileStoreError:
            if chunks.failure is not None:
                raise chunks.failure from None
            raise

    async def _remove(self, key: str) -> None:
        try:
            async with self._bounded():
                await obstore.delete_async(self._bucket, key)
        except ContentMissing:
            """Another one has removed it."""

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """A request that is repeated where it fails, and ends in time."""
        with _errors():
            async with asyncio.timeout(2 * self._seconds):
                yield


class SigningObjectStore(ObjectStore):
    """A SigningStore: an ObjectStore whose clients talk to the bucket themselves."""

    def __init__(self, connect: Connect, presigner: Presigner, **options: Any) -> None:
        super().__init__(connect, **options)
        self._presigner = presigner

    async def sign_upload(
        self, key: str, *, size: int, sha256: str, media_type: str, seconds: int
    ) -> SignedRequest:
        return self._presigner.upload(
            key, size=size, sha256=sha256, media_type=media_type, seconds=seconds
        )

    async def sign_download(
        self, key: str, *, media_type: str, disposition: str, seconds: int
    ) -> str:
        return self._presigner.download(
            key, media_type=media_type, disposition=disposition, seconds=seconds
        )


async def _joined(groups: AsyncIterator[list[bytes]]) -> AsyncIterator[bytes]:
    async for parts in groups:
        yield b"".join(parts)


class _KeptAlready(Exception):
    """Something is kept under the key."""


class _Chunks:
    """Chunks for obstore, which keep the error of their source: it's none of the bucket's."""

    def __init__(self, *begin: bytes, rest: AsyncIterator[bytes]) -> None:
        self._begin = iter(begin)
        self._rest = rest
        self.failure: BaseException | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self._begin:
            return chunk
        try:
            return await anext(self._rest)
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self.failure = error
            raise


@contextmanager
def _errors() -> Iterator[None]:
    """Errors of obstore become those of the port; the log tells them, on one line."""
    try:
        yield
    except FileNotFoundError:
        raise ContentMissing from None
    except AlreadyExistsError:
        raise _KeptAlready from None
    except TimeoutError:
        log.warning("the bucket did not answer in time")
        raise FileStoreError from None
    except (BaseError, OSError, ValueError) as error:
        log.warning("the bucket failed: %s", first_line(error))
        raise FileStoreError from error


def first_line(error: Exception) -> str:
    """What obstore says, without the structure of its errors, which it prints below."""
    return str(error).partition("\n")[0]


def _stored(found: "ObjectMeta") -> StoredContent:
    return StoredContent(found["path"], found["size"], found["last_modified"])
