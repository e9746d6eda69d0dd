"""Signed addresses of this server, by which whoever has one may upload or download.

An address says all that the answer depends on, so that neither the database nor a session is asked.
It can't be revoked, but ends soon.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

from domain.access import Pepper
from domain.sources import Clock, utc_now
from files.names import safe_name
from files.store import SignedRequest

FOLDER: Final = "files"
"""What the paths of all addresses begin with."""
UPLOADS: Final = "uploads"
_PURPOSE: Final = b"aicmo: addresses of files, 1"


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
        address = UploadAddress(upload_id, size, sha256, media_type, _seconds(expires_at))
        path = f"{FOLDER}/{UPLOADS}/{quote(upload_id, safe='')}"
        url = _joined(base, path, self._query(address))
        return SignedRequest("PUT", url, (("content-type", media_type),))

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
        expires = _seconds(expires_at)
        address = DownloadAddress(file_id, sha256, name, media_type, size, expires)
        path = f"{FOLDER}/{quote(file_id, safe='')}/{quote(name, safe='')}"
        return _joined(base, path, self._query(address))

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

    def _query(self, address: UploadAddress | DownloadAddress) -> dict[str, str]:
        return {
            "expires": str(address.expires),
            "sha256": address.sha256,
            "size": str(address.size),
            "type": address.media_type,
            "signature": _signature(self._keys[0], address),
        }

    def _require_signed(
        self, address: UploadAddress | DownloadAddress, query: dict[str, str]
    ) -> None:
        given = query.get("signature", "").encode()
        matches = [
            hmac.compare_digest(_signature(key, address).encode(), given) for key in self._keys
        ]
        if not any(matches):
            raise NotSigned
        if self._clock().timestamp() >= address.expires:
            raise Expired


def _signature(key: bytes, address: UploadAddress | DownloadAddress) -> str:
    """The method of an upload is PUT, that of a download GET: HEAD asks no more than each."""
    if isinstance(address, UploadAddress):
        method, id, name = "PUT", address.upload_id, ""
    else:
        method, id, name = "GET", address.file_id, address.name
    said = [method, id, name, address.sha256, address.media_type, address.size, address.expires]
    digest = hmac.digest(key, json.dumps(said).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _joined(base: str, path: str, query: dict[str, str]) -> str:
    url = f"{path}?{urlencode(query, quote_via=quote)}"
    return f"{base}/{url}" if base else url


def _number(query: dict[str, str], name: str) -> int:
    """A number of at most 16 digits, as we write it."""
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and str(int(text)) == text):
        raise NotSigned
    return int(text)


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())
