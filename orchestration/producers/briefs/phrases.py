"""Texts of briefs: cleaned, parted into items and sentences, and put as sentences or headlines."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from orchestration.producers.qc.text import split_sentences, words_of

MAX_TEXT: Final = 4_000
"""So many characters of one answer are read."""
MAX_HEADLINE: Final = 80

_TEMPLATE_MARKS = re.compile(r"\{[{%#]|[}%#]\}|\*\||\|\*|%%|<%|%>|[$#]\{|\[\[|\]\]")
"""What template engines and sending services of emails take for code."""
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
"""Control characters, invisible ones, and those that turn the direction of writing."""
_BULLET = re.compile(r"^\s*(?:[-*•–—·▪◦✓]+|\(?\d{1,2}[.)])\s+")  # noqa: RUF001
_ABSENT: Final = frozenset(
    {"", "-", "--", "?", "n/a", "na", "nan", "none", "null", "nil", "tbd", "tbc", "todo", "tba",
     "unknown", "not sure", "not yet", "no idea", "to be defined", "to be confirmed",
     "to be decided", "see above", "xxx", "..."}
)  # fmt: skip
"""Answers that say nothing."""
_ENDS = re.compile(r"[.!?…][\"”’)]*$")  # noqa: RUF001
_CLAUSE = re.compile(r"(?:[,;:]|\s[–—-])\s")  # noqa: RUF001


def clean(text: str) -> str:
    """The text on one line, without what is invisible, turns writing round, or is template code.

    Of a long text it's the beginning, up to the last whole word. Clean texts stay as they are.
    """
    return _cleaned(text[: MAX_TEXT + 1])


@lru_cache(500)
def _cleaned(cut: str) -> str:
    if not (cut.isascii() and cut.isprintable()):
        cut = _DROPPED.sub("", unicodedata.normalize("NFC", cut))
    if len(cut) > MAX_TEXT:
        cut = cut[:MAX_TEXT].rpartition(" ")[0] or cut[:MAX_TEXT]
    return " ".join(_TEMPLATE_MARKS.sub(" ", cut).split())


def is_absent(text: str) -> bool:
    """Whether an answer says nothing, such as “TBD”."""
    return text.strip(" .!").lower() in _ABSENT or not any(map(str.isalnum, text))


_NOTE = re.compile(
    r"\W*(?:please,? (?:do not|don['’]t|never) "  # noqa: RUF001
    r"(?:call|mention|name|print|publish|quote|refer|say|share|show|use|write)\b"
    r"|(?:nb|n\.b\.|note to (?:self|agency|the agency|you)|internal(?: note| only)?|"
    r"confidential|off the record)(?:[:.!)]|$)"
    r"|not for publication\b|for internal use\b)",
    re.IGNORECASE,
)


_ASIDE = re.compile(
    r"\b(?:to be honest|if i['’]m honest|between (?:us|you and me)|i suppose|i know, i know)\b",  # noqa: RUF001
    re.IGNORECASE,
)
_MAX_WORDS: Final = 60
"""A sentence of more words is talk, and none that anybody would print."""


def is_for_print(text: str) -> bool:
    """Whether a sentence can stand in copy: no aside as people talk, and not without an end."""
    return len(text.split()) <= _MAX_WORDS and not is_aside(text)


def is_aside(text: str) -> bool:
    """Whether somebody talks in it, as in “to be honest”."""
    return _ASIDE.search(text) is not None


def is_note(text: str) -> bool:
    """Whether a sentence is said to the agency, such as “Please don't use her name”."""
    return _NOTE.match(text) is not None


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, each clean, without bullets and numbers, those that say nothing left
    out."""
    for line in text[:MAX_TEXT].splitlines():
        cleaned = clean(_BULLET.sub("", line))
        if not is_absent(cleaned):
            yield cleaned


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of a text, line by line."""
    for line in lines_of(text):
        yield from split_sentences(line)


def points_of(text: str) -> Iterator[str]:
    """The points of a text: its lines, parted at semicolons."""
    for line in lines_of(text):
        yield from (part for each in line.split(";") if not is_absent(part := each.strip()))


def items_of(text: str) -> Iterator[str]:
    """The items of a text that lists some: its points, parted at commas where all parts are
    short."""
    for point in points_of(text):
        parts = [point]
        if _ENDS.search(point) is None:
            at_commas = _AT_COMMAS.split(point)
            if all(len(part.split()) <= _MAX_WORDS_OF_ITEM for part in at_commas):
                parts = at_commas
        yield from (item for part in parts if not is_absent(item := part.strip().rstrip(".")))


_AT_COMMAS = re.compile(r",\s+(?:and\s+)?|,(?=[^\W\d])")
_MAX_WORDS_OF_ITEM: Final = 6


def is_sentence(text: str) -> bool:
    """Whether it ends as a sentence does."""
    return _ENDS.search(text) is not None


def capitalized(text: str) -> str:
    """The text with a capital. First words with capitals inside, such as iPad, stay."""
    first = text.split(" ", 1)[0].rstrip(",;:.!?")
    return text[0].upper() + text[1:] if first.islower() and first.isalpha() else text


def as_sentence(text: str) -> str:
    """The text with a capital and an end."""
    text = capitalized(text.strip())
    return text if not text or is_sentence(text) else f"{text.rstrip(',;:')}."


def headline_of(text: str, limit: int = MAX_HEADLINE) -> str:
    """The text as a headline: all of it, or its first clauses; nothing where these are too long.

    A clause that is cut off has three words at least, so that it says something.
    """
    text = text.strip().rstrip(".… ")
    if len(text) <= limit:
        return text
    ends = [match.start() for match in _CLAUSE.finditer(text) if match.start() <= limit]
    return text[: ends[-1]] if ends and len(text[: ends[-1]].split()) > 2 else ""


def in_sentence(text: str) -> str:
    """The text as it stands inside of a sentence: no end, and no capital but a name's."""
    text = text.strip().rstrip(".… ")
    first = text.split(" ", 1)[0]
    return text[0].lower() + text[1:] if first.lower() in _BEGINNINGS else text


_WORDS_THAT_BEGIN: Final = """
a adults all an anybody anyone because busy buyers children companies couples customers
everybody everyone families first freelancers heads home homeowners households in local
managers men mothers fathers neighbours neighbors new nurses office older our owners parents
people private professionals readers residents retired retirees school schools small
students teachers teams teenagers tenants the their they those travellers travelers we women
workers young younger your
"""
_BEGINNINGS: Final = frozenset(_WORDS_THAT_BEGIN.split())
"""Words that have a capital only because they begin an answer."""


@lru_cache(500)
def content_words(text: str) -> frozenset[str]:
    """The words that say what a text is about, in lower case and without endings of the plural."""
    return frozenset(
        word.removesuffix("s")
        for each in words_of(text)
        if len(word := each.lower()) > _SHORT and word not in _STOP_WORDS
    )


_SHORT: Final = 3
_WORDS_OF_GRAMMAR: Final = """
about after also been before from have into more most much need only other over should some
than that their them then there these they this those through very want were what when where
which while will with without would your yours
"""
_STOP_WORDS: Final = frozenset(_WORDS_OF_GRAMMAR.split())
