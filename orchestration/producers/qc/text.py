"""A draft's text, parsed once: blocks, sections, sentences, words, links, images."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from orchestration.producers.qc.front_matter import parted
from orchestration.producers.qc.markup import (
    MERGE_TAG,
    Block,
    Image,
    Link,
    Parts,
    parsed,
    parts_of,
    rendered,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_CHARACTERS: Final = 200_000
"""So much of a text is checked; the benchmark `length` says so where there is more."""

URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_NOT_WORDS = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    rf"|[@#]\w[\w.]*|{MERGE_TAG.pattern}"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[a-z]{2,24})+(?:/\S*)?",
    re.IGNORECASE,
)
_MAYBE_NOT_WORDS = re.compile(r"[@#{|/%]|\[\[|\.[A-Za-z]")
"""Much cheaper to look for; most texts have none of it."""
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*(?:-[^\W\d_]+(?:['\u2019][^\W\d_]+)*)*")
_GERMAN_MONTH = re.compile(r"(?:Jan|Jän|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)[a-zä]{0,7}\b")
"""What a day with a full stop belongs to, as in “15. März”."""
_CUE = re.compile(r"\s*([A-Z][\w.'-]*(?: [\w.'-]+){0,3}):\s+(?=\S)")
"""Who speaks, or what is seen, at the beginning of a script's line."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`cue` is who speaks, or what is seen, in a script's line."""

    text: str
    section: str
    words: tuple[str, ...]
    cue: str = ""


class Text:
    """A text in Markdown, in which HTML may stand, with front matter.

    `keeps_lines`: each line is a sentence of its own at least, as in posts and scripts.
    `reads_html_code`: HTML in a block of code is the text, as in emails.
    """

    def __init__(
        self, source: str, *, keeps_lines: bool = False, reads_html_code: bool = False
    ) -> None:
        self.is_cut = len(source) > MAX_CHARACTERS
        self.front, self.source = parted(source[:MAX_CHARACTERS])
        self._keeps_lines = keeps_lines
        self._reads_html_code = reads_html_code

    @cached_property
    def tokens(self) -> Sequence["Token"]:
        return parsed(self.source)

    @cached_property
    def html(self) -> str:
        """The text as a mail program gets it."""
        return rendered(self.tokens)

    @cached_property
    def _parts(self) -> Parts:
        line_break = "\n" if self._keeps_lines else " "
        return parts_of(self.tokens, line_break, reads_html_code=self._reads_html_code)

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
        """What links inside the text may lead to, as `anchor_of` writes it."""
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
        """The sentences of the prose, in order, but for blocks of code."""
        return tuple(
            Sentence(text, block.section, words_of(text), cue)
            for block in self.prose
            if block.written
            for line in block.text.split("\n")
            for cue, said in [self._cue_of(line)]
            for text in split_sentences(said)
        )

    def _cue_of(self, line: str) -> tuple[str, str]:
        """The cue of a line, which may be empty, and what follows it."""
        match = _CUE.match(line) if self._keeps_lines else None
        return ("", line) if match is None else (match[1], line[match.end() :])

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words, those of headings too; no addresses, handles, hashtags or merge tags."""
        return tuple(word for block in self.blocks for word in words_of(block.text))

    def _bare_links(self) -> Iterator[Link]:
        named = {link.target for link in self._parts.links}
        for block in self.blocks:
            for found in URL.findall(block.written):
                target = found.rstrip(".,;:!?…*_~`")
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
    day = ""
    for sentence in segment("en", text):
        if stripped := sentence.strip():
            if day and _GERMAN_MONTH.match(stripped):
                stripped = f"{day} {stripped}"
            elif day:
                yield day
            day = stripped if stripped[-1] == "." and stripped[-2:-1].isdigit() else ""
            if not day:
                yield stripped
    if day:
        yield day
