"""Lets the system begin to write what is in its memory to the disk, before it's synced."""

import ctypes
from typing import Any, Final

_WRITE: Final = 2
"""SYNC_FILE_RANGE_WRITE, in Linux's `fs.h`: begin to write, and don't wait."""


def _sync_file_range() -> Any:
    try:
        call = ctypes.CDLL(None).sync_file_range
    except (AttributeError, OSError, TypeError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return call


_begin: Final = _sync_file_range()


def begin_writeback(file: int, start: int, size: int) -> None:
    """Begin to write these bytes of the file to the disk. Where it isn't Linux, do nothing.

    It promises nothing, and tells of no error: the file has to be synced all the same. The advice
    of `os.posix_fadvise` does it too, but waits for all processors.
    """
    if _begin is not None:
        _begin(file, start, size, _WRITE)
