"""Checks of the language: reading ease, long sentences, spelling."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from orchestration.producers.qc.checking import MINOR, WHOLE, Draft, Issue, benchmark, quoted
from orchestration.producers.qc.text import WORD, without_addresses, words_of
from orchestration.producers.qc.vocabulary import BRITISH_WORDS, MISTAKEN, PARTS, UNJOINED, WORDS

READING_EASE: Final = 40.0
MAX_WORDS: Final = 40
_USUAL_WORDS: Final = 15
"""Sentences of so many words on average aren't what makes a text hard."""
_ENOUGH_WORDS: Final = 60
_FEW_WORDS: Final = 30
"""Fewer words say nothing about the ease of reading, and those between the two only something if
the text is much harder than it may be."""
_MUCH: Final = 30.0
_MAX_UNKNOWN: Final = 50
"""So many words are found wanting at most; more of the same tell nothing new."""
_MAX_SUGGESTED: Final = 3
"""Suggestions take some milliseconds each, so only so many words get some."""
_MAX_LENGTH: Final = 60
_LEAST_PART: Final = 3
_MAX_COMPOUNDS: Final = 10
"""So many words of a draft are looked at for whether they are two in one: it takes as long as a
suggestion does."""
_PREFIX = re.compile(
    r"(?:anti|de|inter|micro|mini|mis|multi|non|over|pre|re|super|un|under)(?=[a-z]{6})"
)
_RUDE = re.compile(r"shit|fuck|cunt|piss|arse|wank|slut|whore|twat|tits?\b|cocks?\b", re.IGNORECASE)
"""What is suggested to nobody."""
_LETTERS: Final = "esianrtolcdugmphbyfvkwzxjq"
"""The letters that are tried in place of others, the most frequent first."""


@lru_cache(20_000)
def syllables(word: str) -> int:
    """The syllables of a word, by Pyphen's places to hyphenate it: 1 at least."""
    return len(_hyphenation().positions(word.lower())) + 1


@cache
def _hyphenation() -> Any:
    from pyphen import Pyphen  # noqa: PLC0415

    return Pyphen(lang="en_US", left=1, right=1)


def reading_ease(words: int, sentences: int, syllables: int) -> float:
    """Flesch's formula of 1948; higher is easier, 60 to 70 is plain English."""
    return 206.835 - 1.015 * (words / sentences) - 84.6 * (syllables / words)


@benchmark(
    "readability",
    "Readability",
    f"The draft's Flesch reading ease is {READING_EASE:g} or more.",
    severity=MINOR,
    source="Rudolf Flesch, A New Readability Yardstick (1948); syllables by Pyphen",
    settings="`readingEase`: the least, of all content types or by content type.",
)
def readability(draft: Draft) -> Iterator[Issue]:
    sentences = [sentence for sentence in draft.text.sentences if len(sentence.words) > 1]
    words = [word for sentence in sentences for word in sentence.words]
    if len(words) < _FEW_WORDS or not draft.guide.is_english:
        return
    wanted = READING_EASE if draft.guide.reading_ease is None else draft.guide.reading_ease
    ease = reading_ease(len(words), len(sentences), sum(map(syllables, words)))
    if ease < wanted - (_MUCH if len(words) < _ENOUGH_WORDS else 0):
        length = len(words) / len(sentences)
        yield Issue(
            WHOLE,
            f"The Flesch reading ease is {ease:.0f}, below {wanted:g}: {length:.0f} words a "
            "sentence.",
            "Part long sentences, and use shorter words where they say the same."
            if length > _USUAL_WORDS
            else "Use shorter words where they say the same.",
        )


@benchmark(
    "long-sentences",
    "Long sentences",
    f"No sentence has more than {MAX_WORDS} words.",
    severity=MINOR,
    source="Our own limit; GOV.UK, Sentence length: why 25 words is our limit (2014)",
)
def long_sentences(draft: Draft) -> Iterator[Issue]:
    for sentence in draft.text.sentences:
        if len(sentence.words) > MAX_WORDS:
            yield Issue(
                sentence.section,
                f"{quoted(sentence.text)} has {len(sentence.words)} words, more than {MAX_WORDS}.",
                "Part it where a new thought begins.",
            )


_BRITISH: Final = (
    (re.compile(r"our(?=s?$|ed$|ing$|ful|less|ite|able|hood|ly$)"), "or"),
    (re.compile(r"is(?=e[sdr]?$|ers$|ing$|ation|able)"), "iz"),
    (re.compile(r"ys(?=e[sdr]?$|ing$)"), "yz"),
    (re.compile(r"(?<=[bt])re(?=s?$|d$)"), "er"),
    (re.compile(r"ll(?=ed$|ing$|ers?$|ery$)"), "l"),
    (re.compile(r"ence(?=s?$)"), "ense"),
    (re.compile(r"ogue(?=s?$)"), "og"),
    (re.compile(r"^grey"), "gray"),
    (re.compile(r"l(?=ful$|ment$)"), "ll"),
    (re.compile(r"ae"), "e"),
    (re.compile(r"mme(?=s?$)"), "m"),
    (re.compile(r"^tyre"), "tire"),
    (re.compile(r"que(?=s?$)"), "ck"),
    (re.compile(r"^cos(?=[yi])"), "coz"),
)
"""How British spelling becomes American, the only one that there is a dictionary of."""


@cache
def _dictionary() -> Any:
    """The dictionary of the package, but for the ways in which it looks for suggestions.

    As it is, it compares a word with all others by n-grams, whatever it has found before: that
    takes a tenth of a second for each word, and adds words that nobody meant.
    """
    import hunspell  # noqa: PLC0415

    source = Path(hunspell.__file__).with_name("dictionaries")
    rules = (source / "en_US.aff").read_text("latin-1")
    changed = re.sub("^TRY .*$", f"TRY {_LETTERS}\nMAXNGRAMSUGS 0", rules, flags=re.MULTILINE)
    with TemporaryDirectory() as folder:
        Path(folder, "en_US.aff").write_text(changed, "latin-1")
        Path(folder, "en_US.dic").symlink_to(source / "en_US.dic")
        return hunspell.Hunspell("en_US", hunspell_data_dir=folder)


def _is_plain(word: str) -> bool:
    """Whether the dictionary can be asked: it knows words of some length, and hardly any letters
    but those from a to z; a word with others is foreign more often than wrong."""
    return word.isascii() and len(word) <= _MAX_LENGTH


@lru_cache(50_000)
def _is_word(word: str) -> bool:
    lowered = word.lower()
    if lowered in WORDS or not _is_plain(word):
        return True
    return lowered not in MISTAKEN and bool(_dictionary().spell(word))


def is_in_dictionary(word: str) -> bool:
    """Whether the word as it's written is English, and neither a name nor an abbreviation."""
    return _is_plain(word) and bool(_dictionary().spell(word))


def _is_spelled(word: str, *, is_british: bool) -> bool:
    if _is_word(word):
        return True
    if is_british and (
        word.lower() in BRITISH_WORDS
        or any(
            changed != word.lower() and _is_word(changed)
            for changed in (pattern.sub(to, word.lower()) for pattern, to in _BRITISH)
        )
    ):
        return True
    if _is_derived(word.lower()):
        return True
    return "-" in word and all(
        part.lower() in PARTS or _is_spelled(part, is_british=is_british)
        for part in word.split("-")
        if part
    )


@benchmark(
    "spelling",
    "Spelling",
    "Each word is in the dictionary, made of words that are, in the brief, or one of the brand's "
    "names.",
    severity=MINOR,
    source="Hunspell with the en_US dictionary of SCOWL, and a list of our own",
    settings="`names`: names and words of the brand; `language`, also of the draft: `en-US` takes "
    "American spelling alone, `en` (the default) and `en-GB` British too; drafts in other "
    "languages aren't checked.",
)
def spelling(draft: Draft) -> Iterator[Issue]:
    guide = draft.guide
    if not guide.is_english:
        return
    is_british = guide.language.lower() != "en-us"
    known = {word.lower() for word in words_of(draft.known)}
    unknown = dict[str, tuple[str, str]]()
    compounds = 0
    for section, word, is_first in _words_to_check(draft):
        plain = _straight(word)
        bare = plain.removesuffix("'s").removesuffix("'")
        if plain.lower() in known or bare.lower() in known or bare.lower() in unknown:
            continue
        if len(unknown) >= _MAX_UNKNOWN:
            break
        if plain.lower() in MISTAKEN:
            unknown[plain.lower()] = (section, plain)
        elif not _is_spelled(plain, is_british=is_british) and not _is_spelled(
            bare, is_british=is_british
        ):
            if is_first and not _is_slip(bare.lower()):
                continue  # it may well be a name
            if compounds < _MAX_COMPOUNDS and _is_split(bare):
                compounds += 1
                if _is_compound(bare):
                    known.add(bare.lower())
                    continue
            unknown[bare.lower()] = (section, bare)
    for index, (lowered, (section, word)) in enumerate(unknown.items()):
        if (meant := MISTAKEN.get(lowered)) is not None:
            yield Issue(
                section,
                f"{quoted(word)} is hardly what was meant.",
                f"Did you mean {quoted(meant)}?",
            )
            continue
        suggested = _suggested(word) if index < _MAX_SUGGESTED else ()
        hint = f"Did you mean {' or '.join(map(quoted, suggested))}? " if suggested else ""
        yield Issue(
            section,
            f"{quoted(word)} isn't in the dictionary.",
            f"{hint}If it's a name, add it to the guidelines' `names`.",
        )


@lru_cache(5_000)
def _near(word: str) -> tuple[str, ...]:
    """What the dictionary has that is much like the word."""
    return tuple(_dictionary().suggest(word))


def _suggested(word: str) -> Sequence[str]:
    return [each for each in _near(word) if not _RUDE.match(each)][:2]


def _is_derived(word: str) -> bool:
    """Whether it's a word with a prefix."""
    match = _PREFIX.match(word)
    return match is not None and is_in_dictionary(word[match.end() :])


def _is_split(word: str) -> bool:
    """Whether it's two words in one, none of which joins others."""
    return any(
        word[:at] not in UNJOINED
        and word[at:] not in UNJOINED
        and is_in_dictionary(word[:at])
        and is_in_dictionary(word[at:])
        for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1)
    )


def _is_compound(word: str) -> bool:
    """Whether two words in one are all that the dictionary can make of it: it has no word that is
    much like it."""
    return not _is_slip(word) and all(
        each.replace(" ", "").replace("-", "").lower() == word for each in _near(word)
    )


def _is_slip(word: str) -> bool:
    """Whether a word comes of this one by swapping two neighbours, doubling one, or the reverse."""
    return any(
        _is_word(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
        or _is_word(word[:at] + word[at] + word[at:])
        or (word[at] == word[at + 1] and _is_word(word[:at] + word[at + 1 :]))
        for at in range(len(word) - 1)
    )


def _straight(word: str) -> str:
    return word.replace("\u2019", "'")


def _words_to_check(draft: Draft) -> Iterator[tuple[str, str, bool]]:
    """Words that aren't in the dictionary, with their sections, but for those that are names as far
    as one can see.

    True: it's written with a capital, and begins a sentence.
    """
    words_of_texts = [frozenset(words_of(text)) for _, text in draft.written]
    words = frozenset[str]().union(*words_of_texts)
    suspects = {word for word in words if not _is_word(_straight(word))}
    found = [
        (section, word, is_first)
        for (section, text), its_words in zip(draft.written, words_of_texts, strict=True)
        if not suspects.isdisjoint(its_words)
        for word, is_first in _words_with_places(text)
        if word in suspects
    ]
    names = {word for _, word, is_first in found if word[0].isupper() and not is_first}
    for section, word, is_first in found:
        if word.isupper() or word[1:] != word[1:].lower():
            continue
        if word in names and not (is_first and word.lower() in words):
            continue
        yield section, word, is_first and word[0].isupper()


_BEFORE_NAMES: Final = frozenset({"Mr", "Mrs", "Ms", "Mx", "Dr", "Prof", "St"})
_SENTENCE_END = re.compile(r"[.!?:…\n“”\"(\[–—•|*✓]")  # noqa: RUF001
_DIGIT = re.compile(r"[\d_]")
_SPOKEN_ADDRESS = re.compile(
    r"\b[\w-]{1,40}(?: dot [\w-]{1,40}){0,3} dot "
    r"(?:com|org|net|co|uk|us|ca|eu|ie|de|io|shop|info)\b",
    re.IGNORECASE,
)


def _words_with_places(text: str) -> Iterator[tuple[str, bool]]:
    """Each word, and whether a sentence may begin with it."""
    text = without_addresses(text)
    if " dot " in text:
        text = _SPOKEN_ADDRESS.sub(" ", text)
    end, previous = 0, ""
    for match in WORD.finditer(text):
        # A mark ends a sentence if no number stands between it and the word.
        between = text[end : match.start()]
        if between[-1:].isdigit():
            continue  # it's a unit, or the end of “2nd”
        begins = end == 0 or (
            between != " " and _SENTENCE_END.search(_DIGIT.split(between)[-1]) is not None
        )
        is_named = text[match.end() : match.end() + 1] == ":" and begins  # who speaks, in a script
        yield match[0], begins and not is_named and previous not in _BEFORE_NAMES
        end, previous = match.end(), match[0]
