"""Content that comes in parts of any size."""

from collections.abc import AsyncIterator
from typing import Final

PART_BYTES: Final = 256 * 1024
"""How much is read or written at a time: enough for a disk, and little for each of many clients."""


async def gathered(
    content: AsyncIterator[bytes], at_least: int, *, even_broken: bool = False
) -> AsyncIterator[bytes]:
    """The same content in parts of at least so many bytes; the last may be smaller.

    Where the content raises, so does this; if `even_broken`, after what came before.
    """
    parts: list[bytes] = []
    size = 0
    failure: Exception | None = None
    try:
        async for part in content:
            parts.append(part)
            size += len(part)
            if size >= at_least:
                yield b"".join(parts)
                parts.clear()
                size = 0
    except Exception as error:
        if not even_broken:
            raise
        failure = error
    if size:
        yield b"".join(parts)
    if failure is not None:
        raise failure
