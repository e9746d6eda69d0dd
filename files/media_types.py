"""Whether content is what its media type says, as far as content tells.

Many types begin with bytes that tell them, and the library knows these. Texts have no such bytes,
but no text has certain others. What can't be told is believed: whoever serves content has to see to
it that nobody's browser guesses a type of its own.
"""

import re
from typing import Final

import puremagic
from puremagic import main as signatures

_HEAD: Final = max(signatures.max_head, 1024)
_FOOT: Final = signatures.max_foot
_PLAIN: Final = re.compile(rb"[ -~]{1,4}")
"""Signatures so short that a text may well begin with them."""

_TOLD: Final = frozenset(
    {
        "application/gzip",
        "application/pdf",
        "application/x-7z-compressed",
        "application/zip",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
    }
)
"""The types whose content always tells them, and nothing else."""

_OTHER_NAMES: Final = {
    "application/x-gzip": "application/gzip",
    "application/x-zip-compressed": "application/zip",
    "image/jpg": "image/jpeg",
}
_ZIPPED: Final = re.compile(
    r"application/(vnd\.(openxmlformats-officedocument|oasis\.opendocument)\..+|epub\+zip)"
)
"""The types of documents that are zip archives."""

_TEXT: Final = re.compile(
    r"text/.+|.+\+(json|xml)|application/(json|xml|yaml|x-ndjson|jsonl|javascript|sql)"
)
_NEVER_IN_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""Texts that begin so have bytes that other texts never have."""

_OF_MEDIA: Final = ("audio/", "font/", "image/", "video/")


class ContentCheck:
    """Looks at content as it comes, and keeps its ends alone."""

    def __init__(self, media_type: str) -> None:
        """The media type is in lower case."""
        self._wanted = _name_of(media_type)
        self._wants_text = _TEXT.fullmatch(self._wanted) is not None
        self._is_text = True
        self._head = b""
        self._foot = b""

    def feed(self, part: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += part[: _HEAD - len(self._head)]
        self._foot = part[-_FOOT:] if len(part) >= _FOOT else (self._foot + part)[-_FOOT:]
        if self._wants_text and self._is_text:
            self._is_text = _NEVER_IN_TEXT.search(part) is None

    def fits(self) -> bool:
        """Whether all that came may be of the type."""
        wanted, found = self._wanted, self._found()
        if wanted in _TOLD:
            return wanted in found
        if self._wants_text:
            return (self._is_text or self._head.startswith(_UTF_16)) and not found
        return not (found and wanted.startswith(_OF_MEDIA) and "/x-" not in wanted)

    def _found(self) -> frozenset[str]:
        """The types that the content tells."""
        try:
            matches = puremagic.magic_string(self._head + self._foot)
        except (puremagic.PureError, ValueError):
            matches = []
        names = {
            _OTHER_NAMES.get(each.mime_type, each.mime_type)
            for each in matches
            if self._head.startswith(each.byte_match) and not _PLAIN.fullmatch(each.byte_match)
        }
        if b"%PDF-" in self._head[:1024]:  # some programs write something before it
            names.add("application/pdf")
        return _TOLD & names


def _name_of(media_type: str) -> str:
    if _ZIPPED.fullmatch(media_type):
        return "application/zip"
    return _OTHER_NAMES.get(media_type, media_type)
