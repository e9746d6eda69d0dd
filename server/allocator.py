"""What the C library's allocator does with memory that isn't used any more."""

import ctypes
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""The name of the option, in glibc's `malloc.h`."""
_LARGE: Final = 256 * 1024


def give_back_large_blocks() -> None:
    """Let the system have each block of more than 256 KiB back as soon as it's free.

    glibc raises this bound up to 32 MiB by itself as such blocks are freed, and has an arena for
    each thread: a few large answers would leave hundreds of megabytes to fragments. Where there is
    no glibc, this does nothing.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(_MMAP_THRESHOLD, _LARGE)
