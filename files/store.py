"""The port of the stores that keep the bytes of files.

A store keeps content under keys of two kinds. `content_key` is made of the SHA-256 of the bytes, so
the same bytes are kept once and never change. `upload_key` is where the bytes of an upload are kept
until they are checked.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class FileStoreError(Exception):
    """The store can't do it now. It may be tried again.

    The message is for clients: it names no path, no host and no secret; those are in the log.
    """

    message = "The file store can't be used at the moment; try again later."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class StoreFull(FileStoreError):
    """There is no room."""

    message = "The file store is full."


class ContentMissing(FileStoreError):
    """Nothing is kept under the key."""

    message = "The content isn't in the file store."


class ContentDamaged(FileStoreError):
    """What is kept under the key isn't what was put there."""

    message = "The content in the file store is damaged."


class BeingWritten(FileStoreError):
    """Another request writes what is kept under the key. It will be over soon."""

    message = "Another request writes this upload; try again later."


def content_key(sha256: str) -> str:
    """The key of content by its SHA-256 in lowercase hex."""
    return f"content/{sha256[:2]}/{sha256}"


def upload_key(upload_id: str) -> str:
    """The key of the bytes of an upload that aren't checked yet."""
    return f"uploads/{upload_id}"


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What a store says of what it keeps under a key."""

    key: str
    size: int
    """In bytes."""
    stored_at: datetime
    """When its last byte was stored, in UTC."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """An HTTP request that whoever has it may make until it expires, with all of its headers."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()


class FileStore(Protocol):
    """Keeps bytes under keys. What it acknowledged survives a loss of power.

    Every method raises FileStoreError where the store fails.
    """

    async def put_if_absent(self, key: str, content: AsyncIterator[bytes]) -> bool:
        """Keep what the content yields under the key, of any length; False where it's kept already.

        Readers see all of it or nothing. Nothing is kept where the content raises, or the process
        dies. Of two who put at once, one is told True.
        """
        ...

    async def stat(self, key: str) -> StoredContent | None:
        """What is kept under the key, or None."""
        ...

    def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `stop`, in parts of at most a megabyte.

        Raises ContentMissing where nothing is kept.
        """
        ...

    async def move(self, source: str, target: str) -> bool:
        """Keep under `target` what is kept under `source`, which is gone afterwards.

        False where `target` is kept already: it stays, and `source` is gone. Raises ContentMissing
        where neither is kept, BeingWritten. It can be repeated after a kill at any moment.
        """
        ...

    async def delete(self, key: str) -> bool:
        """Keep nothing under the key; whether anything was kept. Raises BeingWritten."""
        ...

    def list(self, prefix: str) -> AsyncIterator[StoredContent]:
        """All that is kept under keys that begin with the prefix, a part at a time, in no order."""
        ...

    async def close(self) -> None:
        """Give up its connections. It isn't used afterwards."""
        ...


class AppendingStore(FileStore, Protocol):
    """A store that has no address of its own: clients send to us, and may send in parts."""

    async def append(self, key: str, offset: int, content: AsyncIterator[bytes], limit: int) -> int:
        """Write what the content yields at the offset; the size from then on.

        The offset is the present size, or 0, which begins anew. What was written stays where the
        content raises, so that a client can go on from there; nothing of what goes beyond `limit`
        bytes does. Once there are `limit` bytes, nothing changes them any more, so that what was
        checked stays as it was. Raises WrongOffset, TooLong, BeingWritten.
        """
        ...


class LocalStore(FileStore, Protocol):
    """A store whose content is files of this machine, which the system can send by itself."""

    async def open_content(self, key: str) -> int:
        """The number of a file with the content, open to be read; who called it closes it.

        Raises ContentMissing.
        """
        ...

    async def send_content(self, file: int, start: int, count: int, to: int) -> int | None:
        """Let the system send bytes of an open file to a socket that doesn't block.

        How many it took, 0 at the end of the file; None: none at present. Raises OSError.
        """
        ...


class SigningStore(FileStore, Protocol):
    """A store that clients talk to themselves, by requests that we sign."""

    async def sign_upload(
        self, key: str, *, size: int, sha256: str, media_type: str, seconds: int
    ) -> SignedRequest:
        """The request that keeps just the content of that size and SHA-256 under the key."""
        ...

    async def sign_download(
        self, key: str, *, media_type: str, disposition: str, seconds: int
    ) -> str:
        """The address that answers GET and HEAD with the content, and these headers."""
        ...


class WrongOffset(Exception):
    """An upload was continued elsewhere than where it ended."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes were received so far.")
        self.size = size


class TooLong(Exception):
    """More bytes came than were announced."""
