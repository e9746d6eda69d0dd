"""Files, as the server uses them: a store, its limits, and addresses to upload and download."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, TypeGuard

from domain.callers import Caller
from domain.errors import Unavailable
from domain.sources import Clock, utc_now
from files.limits import FileLimits
from files.names import content_disposition, is_inline, served_type
from files.signing import AddressSigner, DownloadAddress
from files.store import (
    AppendingStore,
    FileStore,
    LocalStore,
    SignedRequest,
    SigningStore,
    content_key,
    upload_key,
)

_SWITCHED_OFF: Final = "Files are switched off: AICMO_FILES_URL isn't set."


class KnownFile(Protocol):
    """A file as the database knows it."""

    @property
    def file_id(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int: ...


async def all_are_open(_upload_id: str) -> bool:
    """Where nobody says which uploads were announced, as in tests and measurements."""
    return True


async def _none_is_known(caller: Caller, file_id: str) -> KnownFile | None:
    return None


@dataclass(slots=True)
class Files:
    """The files of a server."""

    store: FileStore
    signer: AddressSigner
    limits: FileLimits
    clock: Clock = utc_now
    is_open: Callable[[str], Awaitable[bool]] = all_are_open
    """Whether an upload still takes bytes, by its id. The composition root sets it."""
    find: Callable[[Caller, str], Awaitable[KnownFile | None]] = _none_is_known
    """The file with an id, as far as a caller may have it. The composition root sets it."""

    async def upload_request(
        self,
        upload_id: str,
        *,
        size: int,
        sha256: str,
        media_type: str,
        expires_at: datetime,
        base: str,
    ) -> SignedRequest:
        """The request by which a client uploads, to the bucket or to this server at `base`.

        Raises FileStoreError.
        """
        if signs(self.store):
            return await self.store.sign_upload(
                upload_key(upload_id),
                size=size,
                sha256=sha256,
                media_type=media_type,
                seconds=self._seconds_until(expires_at),
            )
        return self.signer.sign_upload(
            upload_id,
            size=size,
            sha256=sha256,
            media_type=media_type,
            expires_at=expires_at,
            base=base,
        )

    async def bucket_url(self, address: DownloadAddress) -> str | None:
        """Where the bucket itself answers; None: this server answers. Raises FileStoreError."""
        if not signs(self.store):
            return None
        inline = is_inline(address.media_type)
        return await self.store.sign_download(
            content_key(address.sha256),
            media_type=served_type(address.media_type),
            disposition=content_disposition(address.name, inline=inline),
            seconds=self._seconds_until(datetime.fromtimestamp(address.expires, UTC)),
        )

    def _seconds_until(self, moment: datetime) -> int:
        return max(int((moment - self.clock()).total_seconds()), 1)


def require(files: Files | None) -> Files:
    """The files. Raises Unavailable where they are switched off."""
    if files is None:
        raise Unavailable(_SWITCHED_OFF)
    return files


def is_local(store: FileStore) -> TypeGuard[LocalStore]:
    """Whether content is files of this machine."""
    return hasattr(store, "open_content")


def signs(store: FileStore) -> TypeGuard[SigningStore]:
    """Whether clients talk to the store themselves."""
    return hasattr(store, "sign_upload")


def appends(store: FileStore) -> TypeGuard[AppendingStore]:
    """Whether clients may send an upload in parts, to this server."""
    return hasattr(store, "append")
