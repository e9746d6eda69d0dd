"""The sections that a piece may have, and what of the brief stands in each."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from orchestration.producers.briefs.material import Material, Question, Quote
from orchestration.producers.briefs.phrases import (
    as_sentence,
    capitalized,
    content_words,
    is_aside,
    is_sentence,
)
from orchestration.producers.qc.checking import normalized
from orchestration.producers.qc.text import words_of

SENTENCES_A_PARAGRAPH: Final = 4


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, empty for the opening, with one form of content; the other forms are empty."""

    key: str
    heading: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.paragraphs or self.bullets or self.steps or self.quotes or self.questions)

    def without_heading(self) -> "Section":
        return replace(self, heading="")


class Outline(NamedTuple):
    """A section of a kind of content. `limit`: so many items it has at most. `rank`: the sections
    of the highest ranks lose items first where a piece gets too long. `is_list`: its items are
    listed one by one, sentences too."""

    key: str
    limit: int
    rank: int
    is_list: bool = False


HEADINGS: Final = {
    "opening": "",
    "problems": "What gets in the way",
    "story": "How it began",
    "steps": "How it works",
    "benefits": "What you gain",
    "gains": "What you gain",
    "features": "What is in it",
    "proof": "What speaks for it",
    "quotes": "What people say",
    "questions": "Questions and answers",
    "price": "What it costs",
    "offer": "The offer",
    "audience": "Who it is for",
}
_ALSO_CALLED: Final = {
    "problems": "problem|challenge|pain|obstacle",
    "story": "story|about|histor|background|began",
    "steps": "how it works|process|steps|how to",
    "benefits": "benefit|advantage|why|gain|reasons",
    "gains": "benefit|advantage|why|gain|reasons",
    "features": "feature|included|contents|details|in the box|what you get",
    "proof": "proof|result|facts|figures|evidence|numbers",
    "quotes": "testimonial|say|review|voices",
    "questions": "question|faq|answers",
    "price": "price|pricing|cost|fee|offer",
    "audience": "who|audience",
}
"""Words by which a section is told that a brand requires."""

_TARGETING: Final = re.compile(
    r"\b(?:aged?|ages|income|abc1|segments?|personas?|demographics?|years? old|b2[bc])\b"
    r"|\b(?:adults|people|women|men|parents|users|customers)\b[^.;]{0,12}\d"
    r"|\b\d{1,4} ?[-–] ?\d{1,4}\b|(?:^|; )[a-z][a-z ]{0,30}: ",  # noqa: RUF001
    re.IGNORECASE,
)
"""How agencies speak of audiences among themselves."""


def _texts_of(material: Material, key: str) -> tuple[str, ...]:
    match key:
        case "opening":
            return material.description
        case "audience":
            audience = material.audience
            is_fit = audience and not is_aside(audience) and not _TARGETING.search(audience)
            return tuple(audience.split("; ")) if is_fit else ()
        case "gains":
            return (*material.messages[:_MAX_MESSAGES], *material.benefits)
        case "price":
            return (*material.price, *material.offer)
        case _:
            found: tuple[str, ...] = getattr(material, key)
            return found


_MAX_MESSAGES: Final = 3


class Said:
    """What a piece has said already: nothing is said twice."""

    def __init__(self, texts: Iterable[str], *, is_shown: bool = True) -> None:
        """`is_shown`: the texts stand in the piece, and aren't only its subject."""
        self._said = {_bare(text) for text in texts}
        self._is_shown = is_shown

    def new(self, texts: Iterable[str]) -> Iterator[str]:
        """Those that weren't said yet, with a name before them or without; they are said now."""
        for text in texts:
            bare, told = _bare(text), _bare(text.partition(": ")[2])
            is_told = self._is_shown and bool(told) and told in self._said
            if bare not in self._said and not is_told:
                self._said.add(bare)
                yield text


def _bare(text: str) -> str:
    return " ".join(words_of(normalized(text))) or normalized(text)


def sections_of(
    material: Material,
    outlines: Sequence[Outline],
    required: Sequence[str],
    said: Said,
    max_words: int,
) -> tuple[Section, ...]:
    """The sections that have something to say, in the order of the outlines, in so many words.

    A section that the brand requires has the required heading, where one of ours means it; for the
    others those sentences are taken that have a word of the heading, and they come last.
    """
    headings, own = _required(required, [outline.key for outline in outlines])
    extra = [_extra(heading, material, said) for heading in own]
    chosen = {outline.key: _chosen(material, outline, said) for outline in outlines}
    _cut(chosen, outlines, max_words - sum(_words(section.paragraphs) for section in extra))
    found = (
        _section(outline, headings.get(outline.key, HEADINGS[outline.key]), chosen[outline.key])
        for outline in outlines
    )
    return tuple(section for section in (*found, *extra) if not section.is_empty)


def _required(
    required: Sequence[str], keys: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headings of our sections that are required, and those of which there is none."""
    headings, own = dict[str, str](), list[str]()
    for heading in required:
        names = ((key, words) for key, words in _ALSO_CALLED.items() if key in keys)
        key = next(
            (key for key, words in names if re.search(rf"\b(?:{words})", heading.lower())), ""
        )
        if key and key not in headings:
            headings[key] = heading
        else:
            own.append(heading)
    return headings, tuple(own)


def _extra(heading: str, material: Material, said: Said) -> Section:
    words = content_words(heading)
    sentences = (
        text
        for key in ("story", "opening", "benefits", "features", "proof", "problems")
        for text in _texts_of(material, key)
        if words & content_words(text)
    )
    return Section("extra", heading, paragraphs=paragraphs_of([*said.new(sentences)]))


Item = str | Quote | Question


def _chosen(material: Material, outline: Outline, said: Said) -> list[Item]:
    if outline.key == "quotes":
        quotes = {quote.text: quote for quote in material.quotes}
        return list[Item](quotes[text] for text in said.new([*quotes][: outline.limit]))
    if outline.key == "questions":
        questions = {each.question: each for each in material.questions}
        return list[Item](questions[text] for text in said.new([*questions][: outline.limit]))
    texts = _texts_of(material, outline.key)[: outline.limit]
    return [*said.new(texts)]


def _cut(chosen: dict[str, list[Item]], outlines: Sequence[Outline], max_words: int) -> None:
    """Take the last items of the highest ranks away, until what is left has so many words.

    Steps go together, since without the last one they lead nowhere, and so do lists of what there
    is, which have to be complete.
    """
    total = sum(_words(items) for items in chosen.values())
    for outline in sorted(outlines, key=lambda each: -each.rank):
        items = chosen[outline.key]
        while items and total > max_words:
            gone = len(items) if outline.key in {"steps", "features"} else 1
            total -= _words(items[-gone:])
            del items[-gone:]


def _words(items: Iterable[Item]) -> int:
    return sum(len(words_of(item if isinstance(item, str) else " ".join(item))) for item in items)


def _section(outline: Outline, heading: str, items: Sequence[Item]) -> Section:
    key = outline.key
    texts = [item for item in items if isinstance(item, str)]
    if key == "steps":
        return Section(key, heading, steps=tuple(map(as_sentence, texts)))
    if key in {"quotes", "questions"}:
        return Section(
            key,
            heading,
            quotes=tuple(item for item in items if isinstance(item, Quote)),
            questions=tuple(item for item in items if isinstance(item, Question)),
        )
    sentences = sum(map(is_sentence, texts))
    is_prose = len(texts) == 1 or (sentences * 2 > len(texts) and not outline.is_list)
    if key not in _LISTED or is_prose:
        return Section(key, heading, paragraphs=paragraphs_of(texts))
    form = as_sentence if sentences else capitalized
    return Section(key, heading, bullets=tuple(map(form, texts)))


_LISTED: Final = frozenset({"gains", "benefits", "features", "problems"})


def paragraphs_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Paragraphs of some sentences each, of about the same number."""
    count = -(-len(texts) // SENTENCES_A_PARAGRAPH)
    size = -(-len(texts) // count) if count else 0
    sentences = [*map(as_sentence, texts)]
    return tuple(" ".join(sentences[at * size : (at + 1) * size]) for at in range(count))


_SUBJECTS: Final = (
    "the|a|an|we|you|it|they|this|that|these|our|your|each|every|nobody|everybody|nothing|both"
)
_SEAMS = re.compile(rf";\s+|\s[–—]\s|,\s+(?=(?:and|but|so|or)\s+(?:{_SUBJECTS})\b)")  # noqa: RUF001
_LONG: Final = 20


def parted(text: str) -> str:
    """A long text with its sentences parted where a new clause with a subject of its own begins."""
    if len(text.split()) <= _LONG:
        return text
    clauses = _SEAMS.split(text)
    return " ".join(as_sentence(clause[:1].upper() + clause[1:]) for clause in clauses if clause)


def changed_texts(material: Material, change: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """The material's sentences, each changed."""
    keys = ("description", "story", "problems", "benefits", "proof", "price", "offer", "steps")
    return {key: tuple(change(text) for text in getattr(material, key)) for key in keys}
