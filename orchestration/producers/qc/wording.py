"""Checks of words and phrases: placeholders, the brand's phrases and tone, repetitions."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from orchestration.producers.qc.checking import (
    CRITICAL,
    MAJOR,
    MINOR,
    WHOLE,
    Draft,
    Issue,
    benchmark,
    first_of_each,
    normalized,
    phrase_pattern,
    quoted,
)
from orchestration.producers.qc.kinds import Kind

PLACEHOLDERS: Final = (
    re.compile(r"lorem ipsum|dolor sit amet", re.IGNORECASE),
    re.compile(r"\b(?:TODO|TBD|TBC|TK|TKTK|FIXME|XXX+)\b"),
    re.compile(
        r"\[(?:(?:insert|add|your|enter|choose|link to)\b[^\]\n]{0,60}|"
        r"(?:(?:first|last|full|company|client|customer|product|brand|event|city|job) ?)?"
        r"(?:name|date|time|link|url|price|amount|number|city|town|place|month|year|title|address|"
        r"phone|email|quote|image|photo|cta|tbd|todo|tbc|company|client|product|brand|x{1,5}|"
        r"\.{2,3})(?: here)?)\]",
        re.IGNORECASE,
    ),
    re.compile(r"\[\[[^\]\n]{1,60}\]\]|<(?:insert|your|add)\b[^>\n]{0,60}>", re.IGNORECASE),
    re.compile(
        r"\b(?:insert|placeholder) (?:text|copy|link|image|quote|name) here\b", re.IGNORECASE
    ),
    re.compile(r"(?:\$|€|£)(?:XX+|xx+|\?\?+)|\b(?:XX+|xx+)\s?%|\?\?\?+"),
)
MERGE_TAGS = re.compile(r"\{\{[^}\n]{0,80}\}\}|\*\|[^|\n]{1,60}\|\*|%%[A-Za-z_]{1,40}%%")

TONE: Final[Mapping[str, tuple[re.Pattern[str], str, str]]] = {
    "exclamation_marks": (
        re.compile("!"),
        "exclamation marks",
        "End the sentence with a full stop.",
    ),
    "superlatives": (
        re.compile(
            r"(?<!at )(?<!your )\b(?:"
            r"best(?! friend| wishes| regards| practice| before)|greatest|finest|"
            r"world[- ]class|number one|unbeatable|unrivall?ed|"
            r"unparalleled|ultimate|perfect|(?<=the )most \w+|cheapest|fastest|easiest|"
            r"revolutionary|game[- ]chang\w+|unique)\b",
            re.IGNORECASE,
        ),
        "superlatives",
        "Say by how much, or leave it out.",
    ),
    "emoji": (
        re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]"),
        "emoji",
        "Take the emoji out.",
    ),
    "contractions": (
        re.compile(
            r"\b(?:\w+n['\u2019]t|(?:i|you|we|they|he|she|it|that|there|what|who|let)['\u2019]"
            r"(?:s|re|ve|ll|d|m))\b",
            re.IGNORECASE,
        ),
        "contractions",
        "Write both words in full.",
    ),
    "all_caps": (
        re.compile(r"\b[A-Z]{4,}(?:[ -]+[A-Z]{2,})*\b"),
        "words in capitals",
        "Write it in lower case.",
    ),
    "questions": (re.compile(r"\?"), "questions", "Say it as a statement."),
    "first_person": (
        re.compile(r"\b(?:I|I['\u2019](?:m|ve|ll|d)|my|mine|myself)\b"),
        "the first person singular",
        "Speak as “we”, or to “you”.",
    ),
}


@benchmark(
    "placeholders",
    "Placeholders",
    "No text is left that stands for another: “lorem ipsum”, “TBD”, “[insert name]”, merge tags "
    "outside of emails.",
    severity=CRITICAL,
    source="Our own rule",
)
def placeholders(draft: Draft) -> Iterator[Issue]:
    patterns = PLACEHOLDERS if draft.kind is Kind.EMAIL else (*PLACEHOLDERS, MERGE_TAGS)
    for section, text in draft.everything:
        for pattern in patterns:
            for match in pattern.finditer(text):
                yield Issue(
                    section,
                    f"{quoted(match[0])} is a placeholder.",
                    "Replace it by the final text, or take it out.",
                )


@benchmark(
    "banned-phrases",
    "Banned phrases",
    "None of the phrases occurs that the brand doesn't use.",
    severity=CRITICAL,
    source="The brand's guidelines",
    settings="`bannedPhrases`: phrases; those of `never` that name no rule of tone, too.",
)
def banned_phrases(draft: Draft) -> Iterator[Issue]:
    patterns = [(phrase, phrase_pattern(phrase)) for phrase in draft.guide.banned_phrases]
    for section, text in draft.everything if patterns else ():
        lowered = normalized(text)
        for phrase, pattern in patterns:
            if pattern.search(lowered):
                yield Issue(
                    section,
                    f"The brand doesn't use {quoted(phrase)}.",
                    "Say it in other words, as the guidelines do.",
                )


@benchmark(
    "required-phrases",
    "Required phrases",
    "Each phrase occurs that the brand requires.",
    severity=MAJOR,
    source="The brand's guidelines",
    settings="`requiredPhrases`: phrases, of all content types or by content type.",
)
def required_phrases(draft: Draft) -> Iterator[Issue]:
    for phrase in draft.guide.required_phrases:
        if not phrase_pattern(phrase).search(draft.lowered):
            yield Issue(
                WHOLE,
                f"The brand's phrase {quoted(phrase)} is missing.",
                "Work it in once, word by word.",
            )


@benchmark(
    "tone",
    "Tone",
    "The draft has nothing that the brand's tone avoids.",
    severity=MINOR,
    source="The brand's guidelines",
    settings="`never`: any of exclamation marks, superlatives, emoji, contractions, all caps, "
    "questions, first person singular.",
)
def tone(draft: Draft) -> Iterator[Issue]:
    allowed = {name.lower() for name in draft.guide.names}
    for rule in sorted(draft.guide.avoided):
        pattern, name, hint = TONE[rule]
        found = (
            (section, _with_words_before(text, match))
            for section, text in draft.everything
            for match in pattern.finditer(text)
            if match[0].lower() not in allowed
        )
        if (first := next(found, None)) is not None:
            yield Issue(first[0], f"The brand's tone avoids {name}: {quoted(first[1])}.", hint)


def _with_words_before(text: str, match: re.Match[str]) -> str:
    """What was found; a mark with some words before it."""
    return match[0] if len(match[0]) > 1 else text[max(0, match.start() - 30) : match.end()]


_DOUBLED = re.compile(r"\b([a-z]+)[ \n]+\1\b", re.IGNORECASE)
_DOUBLED_RIGHTLY: Final = frozenset({"had", "so", "very", "bye", "ha", "no", "blah", "knock"})


@benchmark(
    "doubled-words",
    "Doubled words",
    "No word is written twice in a row.",
    severity=MINOR,
    source="Our own rule",
)
def doubled_words(draft: Draft) -> Iterator[Issue]:
    for section, text in draft.everything:
        for match in _DOUBLED.finditer(text):
            word = match[1]
            is_name = word[0].isupper() and match[0].split()[-1][0].isupper()
            if word.lower() not in _DOUBLED_RIGHTLY and not is_name:
                yield Issue(section, f"{quoted(match[0])} has a word twice.", "Delete one of them.")


_REPEATED_WORDS: Final = 5


@benchmark(
    "repeated-sentences",
    "Repeated sentences",
    f"No sentence of {_REPEATED_WORDS} words or more occurs twice.",
    severity=MAJOR,
    source="Our own rule",
)
def repeated_sentences(draft: Draft) -> Iterator[Issue]:
    seen = set[tuple[str, ...]]()

    def repeated() -> Iterator[tuple[str, Issue]]:
        for sentence in draft.text.sentences:
            if len(sentence.words) < _REPEATED_WORDS:
                continue
            words = tuple(word.lower() for word in sentence.words)
            if words in seen:
                yield (
                    " ".join(words),
                    Issue(
                        sentence.section,
                        f"The sentence {quoted(sentence.text)} occurs more than once.",
                        "Keep the one that stands where it helps most.",
                    ),
                )
            seen.add(words)

    yield from first_of_each(repeated())
