"""A draft's text, parsed once: blocks, sections, sentences, words, links, images."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_CHARACTERS: Final = 200_000
"""So much of a text is checked; the benchmark `length` says so where there is more."""
OPENING: Final = "Opening"
"""The section before the first heading."""
_SECTION_LENGTH: Final = 120

URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_NOT_WORDS = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    r"|[@#]\w[\w.]*|\{\{[^{}\n]{0,80}\}\}|\*\|[^|\n]{0,60}\|\*"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[a-z]{2,24})+(?:/\S*)?",
    re.IGNORECASE,
)
_MAYBE_NOT_WORDS = re.compile(r"[@#{|/]|\.[A-Za-z]")
"""Much cheaper to look for; most texts have none of it."""
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*(?:-[^\W\d_]+(?:['\u2019][^\W\d_]+)*)*")
_CUE = re.compile(r"^\s*[A-Z][\w.'-]*(?: [\w.'-]+){0,3}:\s+(?=\S)")
"""Who speaks, or what is seen, at the beginning of a script's line."""
_FRONT_LINE = re.compile(r"([A-Za-z][\w -]{0,40}):[ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, quote, table cell or piece of HTML, as plain text.

    `level` is a heading's, 0 for others.
    """

    text: str
    section: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    section: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `text` is the target itself where the text has only that."""

    target: str
    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Image:
    source: str
    alt: str | None
    section: str


@dataclass(slots=True)
class _Parts:
    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    styles: list[tuple[str, str]] = field(default_factory=list)
    section: str = OPENING


class Text:
    """A text in Markdown, in which HTML may stand, with front matter between lines of `---`.

    `keeps_lines`: each line is a sentence of its own at least, as in posts and scripts.
    """

    def __init__(self, source: str, *, keeps_lines: bool = False) -> None:
        self.is_cut = len(source) > MAX_CHARACTERS
        self.front, self.source = _front_matter(source[:MAX_CHARACTERS])
        self._keeps_lines = keeps_lines

    @cached_property
    def tokens(self) -> Sequence["Token"]:
        return _markdown().parse(self.source)

    @cached_property
    def html(self) -> str:
        """The text as a mail program gets it."""
        markdown = _markdown()
        rendered: str = markdown.renderer.render(self.tokens, markdown.options, {})
        return rendered

    @cached_property
    def _parts(self) -> _Parts:
        return _parts_of(self.tokens, keeps_lines=self._keeps_lines)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self._parts.blocks)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """All links, those too that are only written out."""
        return (*self._parts.links, *self._bare_links())

    @property
    def images(self) -> Sequence[Image]:
        return self._parts.images

    @property
    def anchors(self) -> set[str]:
        """What links inside the text may lead to."""
        return self._parts.anchors

    @property
    def styles(self) -> Sequence[tuple[str, str]]:
        """The style attributes of HTML, each with its section."""
        return self._parts.styles

    @cached_property
    def headings(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.level)

    @cached_property
    def prose(self) -> tuple[Block, ...]:
        """The blocks that are no headings."""
        return tuple(block for block in self.blocks if not block.level)

    @cached_property
    def plain(self) -> str:
        """All blocks, one a line."""
        return "\n".join(block.text for block in self.blocks)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of the prose, in order."""
        return tuple(
            Sentence(text, block.section, words_of(text))
            for block in self.prose
            for line in block.text.split("\n")
            for text in split_sentences(_CUE.sub("", line) if self._keeps_lines else line)
        )

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words, those of headings too; no addresses, handles, hashtags or merge tags."""
        return words_of(self.plain)

    def _bare_links(self) -> Iterator[Link]:
        named = {link.target for link in self._parts.links}
        for block in self.blocks:
            for found in URL.findall(block.text):
                target = found.rstrip(".,;:!?…")
                if target not in named:
                    yield Link(target, target, block.section)


def words_of(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(without_addresses(text)))


def without_addresses(text: str) -> str:
    """The text without addresses, handles, hashtags and merge tags."""
    return _NOT_WORDS.sub(" ", text) if _MAYBE_NOT_WORDS.search(text) else text


def split_sentences(text: str) -> Iterator[str]:
    from sentencex import segment  # noqa: PLC0415

    if not text.strip():
        return
    for sentence in segment("en", text):
        if stripped := sentence.strip():
            yield stripped


def slug_of(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def _front_matter(source: str) -> tuple[Mapping[str, str], str]:
    """The lines `key: value` that the text may begin with, and the text without them."""
    source = source.replace("\r\n", "\n").lstrip("\ufeff")
    if not source.startswith("---\n"):
        return {}, source
    end = source.find("\n---", 3)
    after = source[end + 4 :] if end != -1 else ""
    if end == -1 or (after and not after.startswith("\n")):
        return {}, source
    found = dict[str, str]()
    for line in source[4:end].split("\n"):
        if (match := _FRONT_LINE.fullmatch(line.strip())) is None:
            if line.strip():
                return {}, source
            continue
        found[match[1].strip().lower()] = match[2].strip().strip("\"'")
    return found, after


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("commonmark").enable("table")
    # It would leave `[a](javascript:b)` as plain text; here it's a link that is found wanting.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    return markdown


def _parts_of(tokens: Sequence["Token"], *, keeps_lines: bool) -> _Parts:
    parts = _Parts()
    level = 0
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "inline":
            text = _inline(token.children or (), parts, "\n" if keeps_lines else " ")
            if level:
                parts.section = text[:_SECTION_LENGTH] or OPENING
                parts.anchors.add(slug_of(text))
            if text:
                parts.blocks.append(Block(text, parts.section, level))
            level = 0
        elif token.type == "html_block":
            _Html(parts).read(token.content)
        elif token.type in {"fence", "code_block"}:
            parts.blocks.append(Block(token.content.strip(), parts.section))
    return parts


def _inline(tokens: Sequence["Token"], parts: _Parts, line_break: str) -> str:
    texts = list[str]()
    opened: tuple[str, int] | None = None
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                texts.append(token.content)
            case "softbreak":
                texts.append(line_break)
            case "hardbreak":
                texts.append("\n")
            case "link_open":
                opened = (str(token.attrs.get("href", "")), len(texts))
            case "link_close" if opened is not None:
                target, begin = opened
                parts.links.append(Link(target, "".join(texts[begin:]).strip(), parts.section))
                opened = None
            case "image":
                source = str(token.attrs.get("src", ""))
                parts.images.append(Image(source, token.content, parts.section))
            case "html_inline":
                _Html(parts).note(token.content)
    return "".join(texts).strip()


class _Html(HTMLParser):
    """Reads a piece of HTML into the parts of a text."""

    _BLOCKS: Final = frozenset({"p", "div", "td", "li", "br", "tr", "table", "section", "h1", "h2",
                                "h3", "h4", "h5", "h6", "ul", "ol", "center"})  # fmt: skip
    _UNREAD: Final = frozenset({"style", "script", "title"})

    def __init__(self, parts: _Parts) -> None:
        super().__init__()
        self._parts = parts
        self._texts = list[str]()
        self._link: tuple[str, list[str]] | None = None
        self._level = 0
        self._unread = 0

    def read(self, html: str) -> None:
        """Note all of a block, text too."""
        self.feed(html)
        self.close()
        self._end_link()
        self._end_block()

    def note(self, tag: str) -> None:
        """Note a tag that stands in Markdown, without its text."""
        self.feed(tag)
        self.close()
        if self._link is not None:
            self._parts.links.append(Link(self._link[0], self._link[0], self._parts.section))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if anchor := given.get("id") or given.get("name"):
            self._parts.anchors.add(anchor)
        if style := given.get("style"):
            self._parts.styles.append((style, self._parts.section))
        if tag in self._UNREAD:
            self._unread += 1
        elif tag == "a" and "href" in given:
            self._end_link()
            self._link = (given["href"] or "", [])
        elif tag == "img":
            self._parts.images.append(
                Image(given.get("src") or "", given.get("alt"), self._parts.section)
            )
        elif tag in self._BLOCKS:
            self._end_block()
            self._level = int(tag[1]) if re.fullmatch(r"h[1-6]", tag) else 0

    def handle_endtag(self, tag: str) -> None:
        if tag in self._UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag == "a":
            self._end_link()
        elif tag in self._BLOCKS:
            self._end_block()

    def handle_data(self, data: str) -> None:
        if self._unread:
            return
        self._texts.append(data)
        if self._link is not None:
            self._link[1].append(data)

    def _end_link(self) -> None:
        if self._link is not None:
            target, texts = self._link
            self._parts.links.append(Link(target, "".join(texts).strip(), self._parts.section))
            self._link = None

    def _end_block(self) -> None:
        text = " ".join("".join(self._texts).split())
        self._texts.clear()
        if text:
            if self._level:
                self._parts.section = text[:_SECTION_LENGTH]
                self._parts.anchors.add(slug_of(text))
            self._parts.blocks.append(Block(text, self._parts.section, self._level))
        self._level = 0
