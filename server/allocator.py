"""The C library's allocator, and when it returns freed memory to the system."""

import ctypes
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""The name of the option, in glibc's `malloc.h`."""
_LARGE: Final = 256 * 1024


def release_large_blocks() -> None:
    """Make the allocator return blocks of more than 256 KiB to the system when they are freed.

    glibc raises this threshold up to 32 MiB as such blocks are freed, and has an arena for each
    thread: a few large answers would leave hundreds of megabytes of fragments. On systems without
    glibc, this does nothing.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(_MMAP_THRESHOLD, _LARGE)
