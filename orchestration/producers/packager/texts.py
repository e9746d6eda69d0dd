"""What all documents do with texts."""

import re
from typing import Final

from domain.json_object import JsonObject

ENGLISH: Final = "en"
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Neither XML nor files of text may have them, but for U+007F to U+009F, which nobody sees."""
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2})?")


def without_controls(text: str) -> str:
    """The text without control characters, with lines that end in LF."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def language_of(*objects: JsonObject) -> str:
    """The first `language` of these that is a tag, such as `de` or `pt-BR`; else English."""
    for each in objects:
        found = each.to_python().get("language")
        if isinstance(found, str) and _LANGUAGE.fullmatch(found.strip()):
            return found.strip()
    return ENGLISH


def shortened(text: str, length: int) -> str:
    """The text in one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
