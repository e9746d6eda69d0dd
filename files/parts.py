"""Content that comes in parts of any size."""

from collections.abc import AsyncIterator
from typing import Final

PART_BYTES: Final = 256 * 1024
"""How much is read at a time: enough for a disk, and little for each of many clients."""
_SMALL_BYTES: Final = 4096
_SMALL_PARTS: Final = 256


async def gathered(
    content: AsyncIterator[bytes], at_least: int, *, even_broken: bool = False
) -> AsyncIterator[list[bytes]]:
    """The same content in groups of at least so many bytes; the last may be smaller.

    Where the content raises, so does this; if `even_broken`, after what came before.
    """
    group = _Group()
    failure: Exception | None = None
    try:
        async for part in content:
            group.add(part)
            if group.size >= at_least:
                yield group.taken()
    except Exception as error:
        if not even_broken:
            raise
        failure = error
    if group.size:
        yield group.taken()
    if failure is not None:
        raise failure


class _Group:
    """Parts, of which small ones are joined: a client may send each byte on its own."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._small: list[bytes] = []

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if len(part) < _SMALL_BYTES:
            self._small.append(part)
            if len(self._small) >= _SMALL_PARTS:
                self._join()
        else:
            self._join()
            self._parts.append(part)

    def taken(self) -> list[bytes]:
        self._join()
        parts, self._parts, self.size = self._parts, [], 0
        return parts

    def _join(self) -> None:
        if self._small:
            self._parts.append(b"".join(self._small))
            self._small.clear()
