"""Conditional requests and ranges of content that never changes (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selected:
    """What a request asks for: a status, and the bytes from `start` up to `stop`."""

    status: int
    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


def select(headers: Mapping[bytes, bytes], etag: str, size: int) -> Selected:
    """What the headers of a GET ask for of content with this strong ETag.

    Several ranges are answered with the whole, as servers may.
    """
    whole = Selected(200, 0, size)
    if (wanted := _value(headers, b"if-match")) and not names(wanted, etag, weak=False):
        return Selected(412, 0, 0)
    if (unwanted := _value(headers, b"if-none-match")) and names(unwanted, etag):
        return Selected(304, 0, 0)
    given = _RANGE.fullmatch(_value(headers, b"range"))
    # A date in If-Range is never ours: we send none.
    if given is None or _value(headers, b"if-range") not in ("", etag):
        return whole
    first, last = given[1], given[2]
    if first == "" == last:
        return whole
    if first == "":
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < start:
            return whole  # it's no range
    if start >= stop:
        return Selected(416, 0, 0)
    return Selected(206, start, stop)


def names(value: str, etag: str, *, weak: bool = True) -> bool:
    """Whether a list of ETags has this one, or is `*`."""
    given = {tag.strip() for tag in value.split(",")}
    if weak:
        given = {tag.removeprefix("W/") for tag in given}
    return not given.isdisjoint({etag, "*"})


def _value(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip()
