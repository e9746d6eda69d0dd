"""Markup of rich text in answers, as the text that it shows."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from orchestration.producers.qc.html_text import read_html

_BLOCKS: Final = "p|div|br|li|ul|ol|h[1-6]|blockquote|tr"
_RICH_TEXT = re.compile(
    rf"</?(?:{_BLOCKS}|a|b|strong|i|em|u|s|span|font|table|tbody|td)(?:\s[^<>]{{0,500}}|/)?>"
    r"|&(?:amp|nbsp|quot|lt|gt|apos|#39|#x27|rsquo|lsquo|rdquo|ldquo|ndash|mdash|euro|pound);",
    re.IGNORECASE,
)
"""What fields for rich text leave in an answer. Other angle brackets are somebody's own."""
_BLOCK = re.compile(_BLOCKS)


def shown(value: object) -> object:
    """The value with its texts as they are shown. Those without markup stay as they are."""
    match value:
        case str():
            return _shown(value) if _RICH_TEXT.search(value) else value
        case Mapping():
            return {key: shown(inner) for key, inner in value.items()}
        case list() | tuple():
            return [shown(inner) for inner in value]
        case _:
            return value


def _shown(text: str) -> str:
    return "".join(_parts(text)).replace("\u00a0", " ").strip()


def _parts(text: str) -> Iterator[str]:
    for part in read_html(text):
        if isinstance(part, str):
            yield part
        elif _BLOCK.fullmatch(part.name):
            yield "\n"
