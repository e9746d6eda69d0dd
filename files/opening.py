"""The URLs of stores, and opening the one in a folder."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from domain.sources import random_bytes
from files.folder import FolderStore

SCHEMES: Final = ("file", "s3", "gs", "az")
_KEY_FILE: Final = "address.key"
_KEY_BYTES: Final = 32


class FilesUrlError(Exception):
    """The URL, or what belongs to it, can't work. The message has no secrets."""


def open_folder(folder: Path) -> FolderStore:
    """The store in the folder, which is made. Raises FilesUrlError."""
    store = FolderStore(folder.absolute())
    try:
        store.prepare()
    except OSError as error:
        raise FilesUrlError(f"{folder} can't keep files: {error.strerror}") from None
    return store


def key_of_folder(folder: Path) -> bytes:
    """The key that addresses are signed by where there are no peppers; made at the first time.

    All processes that use the folder have it. Raises FilesUrlError.
    """
    file = folder / _KEY_FILE
    try:
        if not file.exists():
            _make_key(file)
        key = file.read_bytes()
    except OSError as error:
        raise FilesUrlError(f"{file} can't be used: {error.strerror}") from None
    if len(key) < _KEY_BYTES:
        raise FilesUrlError(f"{file} is too short to be a key; remove it")
    return key


def _make_key(file: Path) -> None:
    """Whoever reads the file finds all of a key; of several who make one, the first makes it."""
    new = file.with_name(f"{file.name}.{random_bytes(8).hex()}")
    new.touch(mode=0o600)
    try:
        new.write_bytes(random_bytes(_KEY_BYTES))
        with suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink()


def check_url(url: str) -> None:
    """Raises FilesUrlError unless it's the URL of a folder or of a bucket."""
    try:
        parts = urlsplit(url)
        has_more = parts.port is not None or parts.username is not None
    except ValueError:
        raise FilesUrlError("is no URL") from None
    if parts.scheme not in SCHEMES:
        raise FilesUrlError(f"must be a URL of {', '.join(f'{each}://' for each in SCHEMES)}")
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or parts.path in ("", "/"):
            raise FilesUrlError("must be file:// and the absolute path of a folder")
    elif not parts.netloc or has_more:
        raise FilesUrlError(
            f"must be {parts.scheme}://, a bucket, and perhaps a slash and a prefix; credentials "
            "and endpoints belong into the provider's own variables"
        )
    if parts.query or parts.fragment:
        raise FilesUrlError("must have no ? and no #")


def folder_of(url: str) -> Path:
    """The folder of a URL that was checked."""
    return Path(unquote(urlsplit(url).path))
