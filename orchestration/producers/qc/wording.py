"""Checks of words and phrases: placeholders, the brand's phrases and tone, repetitions."""

import re
from collections.abc import Iterable, Iterator, Mapping
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
from orchestration.producers.qc.language import is_in_dictionary
from orchestration.producers.qc.markup import MERGE_TAG
from orchestration.producers.qc.scripts import UNSPOKEN
from orchestration.producers.qc.text import URL, split_sentences, words_of

PLACEHOLDERS: Final = (
    re.compile(r"lorem ipsum|dolor sit amet", re.IGNORECASE),
    re.compile(r"\b(?:TODO|TBD|TBC|TK(?! Maxx)|TKTK|FIXME|XXX+)\b"),
    re.compile(
        r"\b(?:insert|placeholder) (?:text|copy|link|image|quote|name) here\b", re.IGNORECASE
    ),
    re.compile(
        r"(?:\$|€|£)(?:XX+|xx+|\?\?+)|(?<![\w?!])\?\?\?+|\bXX[./-]XX\b|"
        r"\b(?:XX+|xx+)\s?(?:[%€£$]|(?:percent|per cent|Prozent|dollars?|[Ee]uros?|pounds?|EUR|USD|"
        r"GBP)\b)"
    ),
    re.compile(
        r"\b(?:Max|Erika|Herrn?|Frau) Muster(?:mann|frau)\b|"
        r"\bMuster(?:firma|straße|strasse|stadt)\b|"
        r"\b(?:Text|Bild|Link|Zitat|Name) (?:hier )?einfügen\b"
    ),
)
_THING: Final = (
    r"(?:(?:first|last|full|company|client|customer|product|brand|event|city|job) ?)?"
    r"(?:name|date|time|link|url|price|amount|number|city|town|place|month|year|title|address|"
    r"phone|email|quote|image|photo|cta|tbd|todo|tbc|company|client|product|brand|text|copy|"
    r"vorname|nachname|datum|uhrzeit|ort|preis|betrag|firma|kunde|produkt|"
    r"x{2,5}|(?!(?:his|her|its|my|our|their) )[a-z]{2,15}(?:'s|\u2019s)? name)(?: here)?"
)
BRACKETS = re.compile(
    rf"\[(?:(?:insert|link to)\b[^\[\]\n]{{0,60}}|"
    rf"(?:(?:add|enter|your|the|a|an) ){{0,2}}{_THING})\](?!\()",
    re.IGNORECASE,
)
_ANGLE_BRACKETS = re.compile(rf"<(?:(?:insert|your|add)\b[^<>\n]{{0,60}}|{_THING})>", re.IGNORECASE)
_MAYBE_PLACEHOLDER = re.compile(
    r"[\[<{]|\*\||%[%a-z]|\?\?|xx|TODO|TB[CD]|TK|FIXME|lorem|dolor|insert|placeholder|Muster|einfüg",
    re.IGNORECASE,
)
"""Much cheaper to look for; most texts have none of it."""
_DOUBLE_BRACKETS = re.compile(r"\[\[[^\[\]\n]{1,60}\]\]")
_DIRECTION = re.compile(
    r"\s*(?:visual|video|scene|shot|b-roll|music|sfx|sound|graphic|camera|cut to)\b[^:\n]{0,30}:"
    r"|\s*\[[^\[\]\n]*\]\s*$|(?-i:\s*[A-Z][A-Z0-9 ./&–-]{2,60}(?:\([^()\n]{0,30}\))?:?\s*$)",  # noqa: RUF001
    re.IGNORECASE,
)
"""What a script says to those who make the video: brackets and capitals are usual in it."""
_CUE_IN_CAPITALS = re.compile(
    r"^\W*[A-Z][A-Z0-9 .'\u2019/&–-]{1,40}(?:\([^()\n]{0,30}\))?:",  # noqa: RUF001
    re.MULTILINE,
)
"""Who speaks, or what is seen, at the beginning of a script's line."""

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

_NUMBERED = re.compile(
    r"\b(?:War|Part|Chapter|Type|Phase|Act|Volume|Vol\.|Tier|Class|Stage|Level|Grade|Category|"
    r"Section|Article|Title|Book|Scene|Unit|Schedule|Appendix|Annex|Figure|Table|Group|"
    r"Elizabeth|Charles|James|George|William|Henry|Napoleon|Leopold|Friedrich|Frederick) $"
)
"""What a Roman number follows."""
_ENDS_AS_QUESTION = re.compile(r"[^.!?\n]{0,200}\?")


@benchmark(
    "placeholders",
    "Placeholders",
    "No text is left that stands for another: “lorem ipsum”, “TBD”, “[insert name]”, merge tags "
    "outside of emails.",
    severity=CRITICAL,
    source="Our own rule",
)
def placeholders(draft: Draft) -> Iterator[Issue]:
    elsewhere = () if draft.kind is Kind.EMAIL else (_DOUBLE_BRACKETS, MERGE_TAG)
    patterns = (*PLACEHOLDERS, BRACKETS, _ANGLE_BRACKETS, *elsewhere)
    for section, text in draft.written:
        if _MAYBE_PLACEHOLDER.search(text) is None:
            continue
        # Ad servers fill in addresses everywhere, and scripts have brackets for directions.
        texts = {MERGE_TAG: URL.sub(" ", text) if "{" in text else text}
        if draft.kind is Kind.VIDEO_SCRIPT:
            texts[BRACKETS] = _without_directions(text)
        for pattern in patterns:
            for match in pattern.finditer(texts.get(pattern, text)):
                yield Issue(
                    section,
                    f"{quoted(match[0])} is a placeholder.",
                    "Replace it by the final text, or take it out.",
                )


def _without_directions(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not _DIRECTION.match(line))


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
    present = [(phrase, pattern) for phrase, pattern in patterns if pattern.search(draft.lowered)]
    for section, text in draft.everything if present else ():
        lowered = normalized(text)
        for phrase, pattern in present:
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
    written = draft.written
    if draft.kind is Kind.VIDEO_SCRIPT:
        written = tuple(
            (section, _CUE_IN_CAPITALS.sub("", _without_directions(text)))
            for section, text in written
        )
    for rule in sorted(draft.guide.avoided):
        pattern, name, hint = TONE[rule]
        found = (
            (section, _with_words_before(text, match))
            for section, text in written
            for match in pattern.finditer(text)
            if match[0].lower() not in allowed and _is_meant(rule, match, draft)
        )
        if (first := next(found, None)) is not None:
            yield Issue(first[0], f"The brand's tone avoids {name}: {quoted(first[1])}.", hint)


def _is_meant(rule: str, match: re.Match[str], draft: Draft) -> bool:
    """Whether it isn't an abbreviation (GDPR), a Roman number (World War I) or the reader's own
    question (How do I pay?)."""
    if rule == "all_caps":
        words = re.findall(r"[A-Z]{4,}", match[0])
        if draft.guide.is_english:
            return any(is_in_dictionary(word.lower()) for word in words)
        return " " in match[0]
    if rule == "first_person" and _ENDS_AS_QUESTION.match(match.string, match.end()):
        return False
    if rule == "first_person" and match[0] == "I":
        before = match.string[max(0, match.start() - 30) : match.start()]
        return _NUMBERED.search(before) is None
    return True


def _with_words_before(text: str, match: re.Match[str]) -> str:
    """What was found; a mark with some words before it."""
    return match[0] if len(match[0]) > 1 else text[max(0, match.start() - 30) : match.end()]


_DOUBLED = re.compile(
    r"(?<![\w'\u2019-])([^\W\d_]++(?:['\u2019][^\W\d_]++)?+)[ \n]+\1(?![\w'\u2019-])",
    re.IGNORECASE,
)
_DOUBLED_RIGHTLY: Final = frozenset({"had", "so", "very", "bye", "ha", "no", "blah", "knock"})


@benchmark(
    "doubled-words",
    "Doubled words",
    "No word is written twice in a row.",
    severity=MINOR,
    source="Our own rule",
)
def doubled_words(draft: Draft) -> Iterator[Issue]:
    for section, text in draft.written:
        for match in _DOUBLED.finditer(text):
            word = match[1]
            is_name = word[0].isupper() and match[0].split()[-1][0].isupper()
            if word.lower() not in _DOUBLED_RIGHTLY and not is_name:
                yield Issue(section, f"{quoted(match[0])} has a word twice.", "Delete one of them.")


_REPEATED_WORDS: Final = 5


@benchmark(
    "repeated-sentences",
    "Repeated sentences",
    f"No sentence of {_REPEATED_WORDS} words or more occurs twice, but for buttons, the brand's "
    "own phrases, and what a script shows.",
    severity=MAJOR,
    source="Our own rule",
)
def repeated_sentences(draft: Draft) -> Iterator[Issue]:
    guide = draft.guide
    texts = [link.text for link in draft.text.links]
    texts += [*guide.calls_to_action, *guide.legal_lines, *guide.required_phrases]
    own = {_lowered(words_of(sentence)) for text in texts for sentence in split_sentences(text)}
    seen = set[tuple[str, ...]]()

    def repeated() -> Iterator[tuple[str, Issue]]:
        for sentence in draft.text.sentences:
            is_shown = sentence.cue and UNSPOKEN.match(f"{sentence.cue}:")
            if len(sentence.words) < _REPEATED_WORDS or is_shown:
                continue
            words = _lowered(sentence.words)
            if words in own:
                continue
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


def _lowered(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(str.lower, words))
