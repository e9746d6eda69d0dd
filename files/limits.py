"""The limits of files, of their uploads and of their addresses."""

from dataclasses import dataclass
from typing import Final

LONGEST_SIGNED_SECONDS: Final = 7 * 24 * 3600
"""Buckets accept no signature that is good for longer."""


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How large files may be, and how long what concerns them may take."""

    upload_bytes: int = 5 * 1024**3
    """The largest file, in bytes."""
    upload_seconds: int = 6 * 3600
    """How long an address to upload to is good for, and an upload may take."""
    download_seconds: int = 300
    """How long an address to download from is good for, where nobody asks for more."""
    max_download_seconds: int = 24 * 3600
    """The longest time that may be asked for; at most a week, as long as buckets sign for."""
    ended_upload_days: int = 30
    """How many days an upload is kept after it was completed, failed or expired."""
    pause_seconds: int = 30
    """How long a client that uploads may send nothing before its connection is closed."""
    store_seconds: int = 15
    """How long a bucket may take to answer."""
