"""Signed addresses of this server, by which whoever has one may upload or download.

An address says all that the answer depends on, so that neither the database nor a session is asked.
It can't be revoked, but ends soon.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from domain.access import Pepper
from domain.sources import Clock, utc_now
from files.names import safe_name, shortened
from files.store import SignedRequest

FOLDER: Final = "files"
"""What the paths of all addresses begin with."""
UPLOADS: Final = "uploads"
ARCHIVES: Final = "archives"
_PURPOSE: Final = b"aicmo: addresses of files, 1"


Said = tuple[str | int, ...]
"""What an address says: all that the answer depends on, and when it ends. What addresses of one
kind begin with, those of another don't."""
FileSaid = tuple[str, str, str, str, str, int, int]
"""What the address of a file or an upload says: the method, id, name, hash, media type, size, and
when it ends."""


class NotSigned(Exception):
    """We haven't signed this address."""


class Expired(Exception):
    """We have signed this address, but its time is over."""


@dataclass(frozen=True, slots=True)
class UploadAddress:
    """What the address of an upload says."""

    upload_id: str
    size: int
    sha256: str
    media_type: str
    expires: int
    """In seconds since 1970."""


@dataclass(frozen=True, slots=True)
class DownloadAddress:
    """What the address of a download says."""

    file_id: str
    sha256: str
    name: str
    """A safe one."""
    media_type: str
    size: int
    expires: int
    """In seconds since 1970."""


@dataclass(frozen=True, slots=True)
class ArchiveAddress:
    """What the address of an archive says."""

    package_id: str
    revision: int
    client_id: str | None
    """The client to whom the address was given: the archive has no files of others, and none that
    are nobody's. None: to somebody who sees all clients."""
    has_verdicts: bool
    """Whether it was given to somebody who may read results of QC."""
    expires: int
    """In seconds since 1970."""

    @property
    def name(self) -> str:
        """What the archive is called: a safe name."""
        return shortened(safe_name(f"{self.package_id}.zip"), f"-v{self.revision}")


Address = UploadAddress | DownloadAddress | ArchiveAddress


def keys_of(peppers: Sequence[Pepper]) -> tuple[bytes, ...]:
    """The keys that all processes with these peppers have: the first signs, all are accepted."""
    return tuple(hmac.digest(each.key.encode(), _PURPOSE, hashlib.sha256) for each in peppers)


class AddressSigner:
    """Signs addresses, and reads those that it has signed: by HMAC-SHA256."""

    def __init__(self, keys: Sequence[bytes], clock: Clock = utc_now) -> None:
        """The first of the keys signs; what any of them has signed is accepted."""
        self._keys = tuple(keys)
        self._clock = clock

    def sign_upload(
        self,
        upload_id: str,
        *,
        size: int,
        sha256: str,
        media_type: str,
        expires_at: datetime,
        base: str,
    ) -> SignedRequest:
        """The request that uploads; its address begins with `base`, or is relative without one."""
        path = f"{FOLDER}/{UPLOADS}/{quote(upload_id, safe='')}"
        said = ("PUT", upload_id, "", sha256, media_type, size, _seconds(expires_at))
        return SignedRequest("PUT", self._signed(base, path, said), (("content-type", media_type),))

    def sign_download(
        self,
        file_id: str,
        *,
        sha256: str,
        name: str,
        media_type: str,
        size: int,
        expires_at: datetime,
        base: str,
    ) -> str:
        """The address to download from, which ends in the file's name, made safe."""
        name = safe_name(name)
        path = f"{FOLDER}/{quote(file_id, safe='')}/{quote(name, safe='')}"
        said = ("GET", file_id, name, sha256, media_type, size, _seconds(expires_at))
        return self._signed(base, path, said)

    def sign_archive(
        self,
        package_id: str,
        revision: int,
        *,
        client_id: str | None,
        has_verdicts: bool,
        expires_at: datetime,
        base: str,
    ) -> str:
        """The address to download a version of a package from, which ends in the archive's name."""
        address = ArchiveAddress(
            package_id, revision, client_id, has_verdicts, _seconds(expires_at)
        )
        client = "" if client_id is None else f"&client={quote(client_id, safe='')}"
        url = (
            f"{FOLDER}/{ARCHIVES}/{quote(address.name, safe='')}?package="
            f"{quote(package_id, safe='')}&revision={revision}{client}"
            f"&verdicts={has_verdicts:d}&expires={address.expires}"
            f"&signature={_signature(self._keys[0], _said_by(address))}"
        )
        return f"{base}/{url}" if base else url

    def read_archive(self, name: str, query: dict[str, str]) -> ArchiveAddress:
        """What the address says. Raises NotSigned, Expired."""
        address = ArchiveAddress(
            query.get("package", ""),
            _number(query, "revision"),
            query.get("client"),
            bool(_number(query, "verdicts")),
            _number(query, "expires"),
        )
        if name != address.name:
            raise NotSigned
        self._require_signed(address, query)
        return address

    def read_upload(self, upload_id: str, query: dict[str, str]) -> UploadAddress:
        """What the address says. Raises NotSigned, Expired."""
        address = UploadAddress(
            upload_id,
            _number(query, "size"),
            query.get("sha256", ""),
            query.get("type", ""),
            _number(query, "expires"),
        )
        self._require_signed(address, query)
        return address

    def read_download(self, file_id: str, name: str, query: dict[str, str]) -> DownloadAddress:
        """What the address says. Raises NotSigned, Expired."""
        address = DownloadAddress(
            file_id,
            query.get("sha256", ""),
            name,
            query.get("type", ""),
            _number(query, "size"),
            _number(query, "expires"),
        )
        self._require_signed(address, query)
        return address

    def _signed(self, base: str, path: str, said: FileSaid) -> str:
        """The address. Lists have hundreds of them, so it's made without any detour."""
        *_, sha256, media_type, size, expires = said
        url = (
            f"{path}?expires={expires}&sha256={quote(sha256)}&size={size}"
            f"&type={_quoted_type(media_type)}&signature={_signature(self._keys[0], said)}"
        )
        return f"{base}/{url}" if base else url

    def _require_signed(self, address: Address, query: dict[str, str]) -> None:
        given, said = query.get("signature", "").encode(), _said_by(address)
        matches = [hmac.compare_digest(_signature(key, said).encode(), given) for key in self._keys]
        if not any(matches):
            raise NotSigned
        if self._clock().timestamp() >= address.expires:
            raise Expired


def _said_by(address: Address) -> Said:
    """The method of an upload is PUT, that of a download GET: HEAD asks no more than each."""
    if isinstance(address, ArchiveAddress):
        client = () if address.client_id is None else (address.client_id,)
        said = (address.package_id, address.revision, int(address.has_verdicts), address.expires)
        return f"GET {ARCHIVES}", *said, *client
    if isinstance(address, UploadAddress):
        method, id, name = "PUT", address.upload_id, ""
    else:
        method, id, name = "GET", address.file_id, address.name
    return method, id, name, address.sha256, address.media_type, address.size, address.expires


def _signature(key: bytes, said: Said) -> str:
    """Nothing that we sign has a NUL in it, so what is joined by it can't be split otherwise."""
    digest = hmac.digest(key, "\0".join(map(str, said)).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(256)
def _quoted_type(media_type: str) -> str:
    return quote(media_type, safe="")


def _number(query: dict[str, str], name: str) -> int:
    """A number of at most 16 digits, as we write it."""
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and str(int(text)) == text):
        raise NotSigned
    return int(text)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
