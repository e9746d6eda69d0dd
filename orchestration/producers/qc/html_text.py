"""HTML as texts and tags, in one pass: its time grows as the text does, however broken it is.

`html.parser` looks for the end of each broken tag in all of the rest, so a text of such tags took
it minutes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Final

_NAME = re.compile(r"</?([a-zA-Z][\w:-]{0,40})")
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]{1,80}+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++)))?"""
)
_MAX_NAME: Final = 50
_UNREAD: Final = frozenset({"style", "script", "title", "svg"})
_NAMES: Final = """
a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote
body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog
dir div dl dt em embed fieldset figcaption figure font footer form frame frameset g h1 h2 h3 h4 h5
h6 head header hgroup hr html i iframe image img input ins kbd label legend li line link main map
mark marquee math menu meta meter nav nobr noframes noscript object ol optgroup option output p
param path picture pre progress q rect rp rt ruby s samp script search section select slot small
source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead
time title tr track tt u ul use var video wbr xml
"""
_ELEMENTS: Final = frozenset(_NAMES.split())
"""What HTML and its predecessors call elements; names with `-` or `:` are somebody's own."""
_MAX_REACH: Final = 4
"""So many `>` may stand in the attributes of a tag."""


@dataclass(frozen=True, slots=True)
class Tag:
    """`attributes` are empty where they have no value. `is_end`: it closes an element."""

    name: str
    attributes: Mapping[str, str]
    is_end: bool = False


def read_html(html: str) -> Iterator[str | Tag]:
    """The texts and tags, in order, without comments, styles and scripts.

    What only looks like a tag, as `<first name>` does, is text.
    """
    at = 0
    while (begin := html.find("<", at)) != -1:
        if begin > at:
            yield unescape(html[at:begin])
        if html.startswith("<!--", begin):
            at = _after(html, "-->", begin + 4)
        elif (match := _NAME.match(html[begin : begin + _MAX_NAME])) is not None:
            end = _end_of_tag(html, begin)
            name, is_end = match[1].lower(), html[begin + 1] == "/"
            at = end + 1
            if not is_end and _is_text(name, html[begin:at]):
                yield html[begin:at]
                continue
            yield Tag(name, {} if is_end else _attributes(html[begin + match.end() : end]), is_end)
            if name in _UNREAD and not is_end and html[end - 1 : end] != "/":
                closing = re.compile(f"</{name}[^>]*>?", re.IGNORECASE).search(html, at)
                at = len(html) if closing is None else closing.end()
        elif html.startswith(("<!", "<?"), begin):
            at = _after(html, ">", begin)
        else:
            yield "<"
            at = begin + 1
    if at < len(html):
        yield unescape(html[at:])


def _is_text(name: str, tag: str) -> bool:
    is_element = name in _ELEMENTS or "-" in name or ":" in name
    return not is_element and "=" not in tag and tag.endswith(">")


def _after(text: str, mark: str, at: int) -> int:
    """Where the text goes on after the mark; its end: it has none."""
    found = text.find(mark, at)
    return len(text) if found == -1 else found + len(mark)


def _end_of_tag(html: str, begin: int) -> int:
    """The place of the `>` that ends a tag: one outside of quotes, if there is one near."""
    first = end = html.find(">", begin)
    for _ in range(_MAX_REACH):
        if end == -1:
            break
        tag = html[begin:end]
        if tag.count('"') % 2 == 0 and tag.count("'") % 2 == 0:
            return end
        end = html.find(">", end + 1)
    return len(html) if first == -1 else first


def _attributes(text: str) -> dict[str, str]:
    found = dict[str, str]()
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape("".join(values)))
    return found
