"""A text's Markdown and HTML as blocks, links, images, anchors and styles."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from orchestration.producers.qc.html_text import Tag, read_html

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

OPENING: Final = "Opening"
"""The section before the first heading."""
MAX_BLOCK: Final = 2_000
"""Longer paragraphs are parted: no pattern, and no rule of Markdown, sees more at once, so that
what takes it long takes the draft long as its length alone."""
_SECTION_LENGTH: Final = 120

MERGE_TAG = re.compile(
    r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|\*\|[^|\n]{1,100}\|\*|%%[\w. -]{1,60}%%"
    r"|<%[^%<>\n]{1,100}%>|%[A-Z_]{4,60}%|%(?:recipient\.)?[a-z]{1,30}_[a-z_]{1,40}%|\[\[[A-Z_]{3,60}\]\]"
)
"""What the sending service replaces: as Mailchimp, HubSpot, SendGrid, Brevo and others write it."""
_HEADING_ID = re.compile(r"\s*\{#([\w-]{1,80})\}$")
_HTML_CODE = re.compile(r"\s*<(?:!doctype|!--|[a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, quote, table cell or piece of HTML, as plain text.

    `level` is a heading's, 0 for others. `written` is the text without code. `column` is the head
    of a table's column, in its cells.
    """

    text: str
    section: str
    level: int
    written: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `text` is the target itself where the text has only that."""

    target: str
    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Image:
    """`alt` is None where HTML has none. `is_decoration`: HTML says that it tells nothing."""

    source: str
    alt: str | None
    section: str
    is_decoration: bool = False


@dataclass(slots=True)
class Parts:
    """`anchors` are what links inside the text may lead to, as `anchor_of` writes them.

    `styles` are the style attributes of HTML, each with its section. `headings` are the anchors of
    all headings, with how often each was needed.
    """

    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    styles: list[tuple[str, str]] = field(default_factory=list)
    section: str = OPENING
    headings: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, written: str, level: int = 0, column: str = "") -> None:
        """Add a block; a heading begins a section."""
        if level:
            if (match := _HEADING_ID.search(text)) is not None:
                self.anchors.add(anchor_of(match[1]))
                text = written = text[: match.start()]
            self.section = text[:_SECTION_LENGTH] or OPENING
            # Of headings with the same text the second has the anchor `text-1`, and so on.
            anchor = anchor_of(text)
            count = self.headings[anchor]
            self.headings[anchor] += 1
            self.anchors.add(f"{anchor}-{count}" if count else anchor)
        for piece, written_piece in zip_longest(pieces(text), pieces(written), fillvalue=""):
            if piece or written_piece:
                self.blocks.append(Block(piece, self.section, level, written_piece, column))


def anchor_of(text: str) -> str:
    """The anchor that a heading gets; writers of Markdown differ in hyphens, so few are left."""
    kept = re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
    return "-".join(part for part in kept.split("-") if part)


def pieces(text: str) -> Iterator[str]:
    """The text in pieces of `MAX_BLOCK` characters at most, parted between lines or words."""
    at = 0
    while len(text) - at > MAX_BLOCK:
        ends = (text.rfind(mark, at + 1, at + MAX_BLOCK) for mark in "\n ")
        end = next((end for end in ends if end != -1), at + MAX_BLOCK)
        yield text[at:end].strip()
        at = end
    yield text[at:].strip()


def parsed(source: str) -> Sequence["Token"]:
    """The tokens of Markdown. Merge tags lose their spaces, with which they'd end a link."""
    return _markdown().parse(MERGE_TAG.sub(lambda match: "".join(match[0].split()), source))


def rendered(tokens: Sequence["Token"]) -> str:
    """The HTML that a mail program gets."""
    markdown = _markdown()
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return html


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("commonmark").enable("table")
    # It would leave `[a](javascript:b)` as plain text; here it's a link that is found wanting.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    markdown.core.ruler.at("inline", _parse_pieces)
    return markdown


def _parse_pieces(state: "StateCore") -> None:
    from markdown_it.token import Token  # noqa: PLC0415

    # Some inline rules look at all that follows, at each character.
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            for piece in pieces(token.content):
                if token.children:
                    token.children.append(Token("softbreak", "br", 0))
                state.md.inline.parse(piece, state.md, state.env, token.children)


def parts_of(tokens: Sequence["Token"], line_break: str, *, reads_html_code: bool) -> Parts:
    """The parts of a text. `line_break` stands for line breaks inside of paragraphs.

    `reads_html_code`: HTML in a block of code is read as HTML.
    """
    parts = Parts()
    level, cell = 0, -1
    heads = list[str]()
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "table_open":
            heads.clear()
        elif token.type == "tr_open":
            cell = -1
        elif token.type in {"th_open", "td_open"}:
            cell += 1
        elif token.type == "table_close":
            cell = -1
        elif token.type == "inline":
            text, written = _inline(token.children or (), parts, line_break)
            if cell >= len(heads):
                heads.append(text)
            parts.add(text, written, level, heads[cell] if cell >= 0 else "")
            level = 0
        elif token.type == "html_block":
            _Html(parts).read(token.content)
        elif token.type in {"fence", "code_block"}:
            if reads_html_code and _HTML_CODE.match(token.content):
                _Html(parts).read(token.content)
            else:
                parts.add(token.content.strip(), "")
    return parts


def _inline(tokens: Sequence["Token"], parts: Parts, line_break: str) -> tuple[str, str]:
    """The text, and the text without code."""
    texts, written = list[str](), list[str]()
    opened: tuple[str, int] | None = None
    for token in tokens:
        match token.type:
            case "text":
                texts.append(token.content)
                written.append(token.content)
            case "code_inline":
                texts.append(token.content)
            case "softbreak":
                texts.append(line_break)
                written.append(line_break)
            case "hardbreak":
                texts.append("\n")
                written.append("\n")
            case "link_open":
                opened = (str(token.attrs.get("href", "")), len(texts))
            case "link_close" if opened is not None:
                target, begin = opened
                text = "".join(texts[begin:]).strip()
                parts.links.append(Link(target[:MAX_BLOCK], text[:MAX_BLOCK], parts.section))
                opened = None
            case "image":
                source = str(token.attrs.get("src", ""))
                parts.images.append(Image(source[:MAX_BLOCK], token.content, parts.section))
            case "html_inline":
                text = _Html(parts).note(token.content)
                texts.append(text)
                written.append(text)
    return "".join(texts).strip(), "".join(written).strip()


class _Html:
    """Reads a piece of HTML into the parts of a text."""

    _BLOCKS: Final = frozenset({"p", "div", "td", "th", "li", "br", "tr", "table", "section", "h1",
                                "h2", "h3", "h4", "h5", "h6", "ul", "ol", "center"})  # fmt: skip

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._texts = list[str]()
        self._link: tuple[str, list[str]] | None = None
        self._level = 0

    def read(self, html: str) -> None:
        """Note all of a block, text too."""
        for found in read_html(html):
            if isinstance(found, Tag):
                self._note_tag(found)
                continue
            self._texts.append(found)
            if self._link is not None:
                self._link[1].append(found)
        self._end_link()
        self._end_block()

    def note(self, html: str) -> str:
        """Note a tag that stands in Markdown, and give what only looks like one, as text."""
        texts = list[str]()
        for found in read_html(html):
            if isinstance(found, Tag):
                self._note_tag(found)
            else:
                texts.append(found)
        if self._link is not None:
            self._parts.links.append(Link(self._link[0], self._link[0], self._parts.section))
        return "".join(texts)

    def _note_tag(self, tag: Tag) -> None:
        given = tag.attributes
        if anchor := given.get("id") or given.get("name"):
            self._parts.anchors.add(anchor_of(anchor[:MAX_BLOCK]))
        if style := given.get("style"):
            self._parts.styles.append((style[:MAX_BLOCK], self._parts.section))
        if tag.name == "a" and (tag.is_end or "href" in given):
            self._end_link()
            if not tag.is_end:
                self._link = (given["href"][:MAX_BLOCK], [])
        elif tag.name == "img":
            source, alt = given.get("src", "")[:MAX_BLOCK], given.get("alt")
            self._parts.images.append(
                Image(source, alt, self._parts.section, alt == "" or _is_decoration(given))
            )
        elif tag.name in self._BLOCKS:
            self._end_block()
            is_heading = not tag.is_end and re.fullmatch(r"h[1-6]", tag.name)
            self._level = int(tag.name[1]) if is_heading else 0

    def _end_link(self) -> None:
        if self._link is not None:
            target, texts = self._link
            text = "".join(texts).strip()[:MAX_BLOCK]
            self._parts.links.append(Link(target, text, self._parts.section))
            self._link = None

    def _end_block(self) -> None:
        text = " ".join("".join(self._texts).split())
        self._texts.clear()
        if text:
            self._parts.add(text, text, self._level)
        self._level = 0


def _is_decoration(attributes: Mapping[str, str]) -> bool:
    """Whether readers are kept from the image, or it only counts who opens a mail."""
    return (
        attributes.get("role") in {"presentation", "none"}
        or attributes.get("aria-hidden") == "true"
        or (attributes.get("width") in {"0", "1"} and attributes.get("height") in {"0", "1"})
    )
