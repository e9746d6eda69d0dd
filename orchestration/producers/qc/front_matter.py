"""The lines `key: value` that a draft may begin with, between two lines of `---`."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_KEY = re.compile(r"([A-Za-z][\w -]{0,40}):[ \t]*(.*)")
_BLOCKS: Final = frozenset({"|", ">", "|-", ">-", "|+", ">+"})
_QUOTED = re.compile(r"\"([^\"]*)\"(?:\s+#.*)?|'([^']*)'(?:\s+#.*)?")


def parted(source: str) -> tuple[Mapping[str, str], str]:
    """The values by their keys in lower case, and the text after them.

    Comments are left out, and what belongs to a key on the following lines (a list, a longer text)
    is joined. Lines that aren't of this form are no front matter, and stay in the text.
    """
    source = source.replace("\r\n", "\n").lstrip("\ufeff")
    if not source.startswith("---"):
        return {}, source
    lines = source.split("\n")
    end = next((at for at, line in enumerate(lines) if at and _is_mark(line)), None)
    if end is None or not _is_mark(lines[0]):
        return {}, source
    values = _values(lines[1:end])
    return ({}, source) if values is None else (values, "\n".join(lines[end + 1 :]))


def _is_mark(line: str) -> bool:
    return line.rstrip() == "---"


def _values(lines: Iterable[str]) -> Mapping[str, str] | None:
    found = dict[str, list[str]]()
    key: str | None = None
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if key is not None and (line[0] in " \t" or text[:2] in {"-", "- "}):
            found[key].append(text.removeprefix("-").lstrip())
        elif (match := _KEY.fullmatch(text)) is not None:
            key = match[1].strip().lower()
            found[key] = [match[2]]
        else:
            return None
    return {key: _joined(*parts) for key, parts in found.items()}


def _joined(first: str, *others: str) -> str:
    if first in _BLOCKS:
        return " ".join(others)
    mark = " " if first else ", "
    return mark.join(value for part in (first, *others) if (value := _unquoted(part)))


def _unquoted(value: str) -> str:
    """The value without the quotes around it, or a comment after it."""
    if (match := _QUOTED.fullmatch(value)) is not None:
        return (match[1] or match[2] or "").strip()
    return value.partition(" # ")[0].strip().strip("\"'")
