"""Reads the announcements of CHANGELOG.md."""

import re

_UNRELEASED = re.compile(r"^## \[?Unreleased\]?$(?P<text>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_ITEM = re.compile(r"^- (?P<text>.*?)(?=^- |^#|\Z)", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


def announced(changelog: str) -> set[str]:
    """The texts in backticks in the items of Unreleased that begin with **Breaking:**."""
    unreleased = _UNRELEASED.search(changelog)
    return {
        place
        for item in _ITEM.finditer(unreleased["text"] if unreleased else "")
        if item["text"].startswith("**Breaking:**")
        for place in _CODE.findall(item["text"])
    }
