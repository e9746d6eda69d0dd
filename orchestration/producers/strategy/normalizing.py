"""What a brief says, of its responses: scope, objectives, audience, and the brand's rules."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Final

from domain.json_object import dumps
from domain.onboarding import Brief, BriefScope, NormalizeBrief
from domain.validation import PROSE_LENGTH
from orchestration.producers.briefs.answers import MAX_ITEMS, Answers
from orchestration.producers.briefs.durations import (
    Day,
    days_named,
    weeks_between,
    weeks_in,
)
from orchestration.producers.briefs.fields import Field, words_of_key
from orchestration.producers.briefs.material import actions_of, company_of
from orchestration.producers.briefs.phrases import (
    capitalized,
    clean,
    is_absent,
    sentences_of,
)
from orchestration.producers.qc.guide import NEVER
from orchestration.producers.qc.kinds import Kind, kind_of
from orchestration.producers.strategy.channels import deliverables_in
from orchestration.producers.texts import texts_of

_MAX_LIST_BYTES: Final = 12 * 1024
"""So much of each of the guidelines' lists is taken: all together stay below what is stored."""
_MAX_PHRASE_WORDS: Final = 6
"""What is longer is a rule for people, not a phrase that may occur in a text."""
_LANGUAGES: Final = {
    "english": "en", "british english": "en-GB", "english uk": "en-GB", "uk english": "en-GB",
    "english gb": "en-GB", "american english": "en-US", "us english": "en-US",
    "english us": "en-US", "german": "de", "french": "fr", "spanish": "es", "italian": "it",
    "dutch": "nl", "portuguese": "pt", "polish": "pl", "swedish": "sv", "danish": "da",
    "deutsch": "de", "français": "fr", "español": "es", "italiano": "it", "nederlands": "nl",
    "português": "pt", "polski": "pl", "svenska": "sv", "dansk": "da",
}  # fmt: skip
_CODE = re.compile(r"[a-z]{2}(?:-[A-Z]{2})?")
_REFUSAL = re.compile(
    r"^(?:please )?(?:no|never(?: use| say)?|avoid|do not (?:use|say)|don['’]t (?:use|say))\s+",  # noqa: RUF001
    re.IGNORECASE,
)


_QUOTES: Final = "\"'“”„‚‘’«»"  # noqa: RUF001
_QUOTED = re.compile(rf"(?<!\w)[{_QUOTES}]([^{_QUOTES}]{{2,60}})[{_QUOTES}](?!\w)")


def normalized_of(brief: Brief) -> NormalizeBrief:
    """What the brief's responses say. What they don't say stays empty."""
    answers = Answers.of(brief.responses.to_python())
    return NormalizeBrief(
        brief_id=brief.brief_id,
        scope=BriefScope(
            deliverables=tuple(islice(_deliverables(answers), MAX_ITEMS)),
            exclusions=answers.items(Field.EXCLUSIONS),
            timeline_weeks=_weeks(answers, brief),
        ),
        objectives=tuple(islice(_objectives(answers), MAX_ITEMS)),
        target_audience=_cut("; ".join(answers.texts(Field.AUDIENCE))),
        brand_guidelines=_guidelines(answers),
    )


_AIMS: Final = (
    "attract|boost|build|collect|convert|cut|decrease|double|drive|earn|fill|gain|generate|get|grow|"
    "halve|improve|increase|launch|lower|raise|reach|recruit|reduce|retain|sell|strengthen|win"
)
_NEXT_AIM = re.compile(rf"(?<=\w),? and (?=(?:{_AIMS}) \w)", re.IGNORECASE)
"""Where a sentence goes on to an aim with a verb of its own."""


def _objectives(answers: Answers) -> Iterator[str]:
    for point in answers.points(Field.OBJECTIVES):
        for sentence in sentences_of(point):
            first, *others = _NEXT_AIM.split(sentence.rstrip("."))
            if " " in first:
                yield first
                yield from map(capitalized, others)
            else:
                yield sentence.rstrip(".")


def _deliverables(answers: Answers) -> Iterator[str]:
    for item in answers.items(Field.DELIVERABLES):
        yield from deliverables_in(item)


def _cut(text: str) -> str:
    return text if len(text) <= PROSE_LENGTH else text[:PROSE_LENGTH].rpartition(" ")[0]


def _weeks(answers: Answers, brief: Brief) -> int | None:
    """The weeks that are stated, else those from the first date to the last.

    A brief without a start begins when it was submitted.
    """
    for field in (Field.WEEKS, Field.TIMELINE):
        for text in answers.texts(field):
            if (weeks := weeks_in(text)) is not None:
                return weeks
    submitted = brief.submitted_at.date()
    period = _days(answers, Field.TIMELINE, submitted)
    last = [each.day for each in period[-1:] if not each.is_start]
    starts = [each.day for each in (*_days(answers, Field.START, submitted), *period)]
    start = next((day for day in starts if day not in last), submitted)
    ends = [each.day for each in _days(answers, Field.DEADLINE, start)]
    end = next(iter((*ends, *last)), None)
    return None if end is None else weeks_between(start, end)


def _days(answers: Answers, field: Field, after: date) -> tuple[Day, ...]:
    return tuple(found for text in answers.texts(field) for found in days_named(text, after))


def _guidelines(answers: Answers) -> dict[str, object]:
    """The brand's rules, by the keys that checks of drafts obey; those that aren't given, absent.

    `tone` and `avoid` are for people.
    """
    banned = [part for item in answers.items(Field.BANNED) for part in _refused(item)]
    rules = [item for item in banned if item.lower() in NEVER]
    phrases = [item for item in banned if item not in rules]
    quoted = [found for item in phrases if not _is_phrase(item) for found in _QUOTED.findall(item)]
    names = filter(None, (company_of(answers), *answers.items(Field.NAMES)))
    proof = (*answers.sentences(Field.CLAIMS), *answers.sentences(Field.PROOF))
    found: dict[str, object] = {
        "tone": ", ".join(answers.texts(Field.TONE)),
        "never": _bounded(rule.lower() for rule in rules),
        "bannedPhrases": _bounded((*filter(_is_phrase, phrases), *quoted)),
        "avoid": _bounded(each for each in phrases if not _is_phrase(each)),
        "requiredPhrases": _by_content_type(answers, Field.REQUIRED),
        "requiredSections": _object_of_texts(answers, Field.SECTIONS),
        "length": _ranges(answers),
        "readingEase": next(
            (v for v in answers.values.get(Field.READING_EASE, ()) if _is_number(v)), None
        ),
        "names": _bounded(names),
        "language": _language(answers.text(Field.LANGUAGE)),
        "claims": _bounded(text for text in proof if any(map(str.isdigit, text))),
        "callsToAction": _bounded(actions_of(answers)),
        "legalLines": _by_content_type(answers, Field.LEGAL),
        "colors": _object(answers, Field.COLORS),
        "utm": _object_of_texts(answers, Field.UTM),
    }
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


def _refused(item: str) -> Sequence[str]:
    """What an item refuses: `no emoji and superlatives` are two rules."""
    text = _REFUSAL.sub("", item).strip()
    if text[:1] in _QUOTES:
        text = text.strip(_QUOTES) or text
    parts = text.split(" and ")
    return parts if all(part.lower() in NEVER for part in parts) else [text]


def _is_phrase(text: str) -> bool:
    return len(text.split()) <= _MAX_PHRASE_WORDS


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounded(texts: Iterable[str]) -> list[str]:
    """The texts, each once, as many as there is room for."""
    kept = list[str]()
    size = 0
    for text in dict.fromkeys(texts):
        size += len(dumps(text).encode()) + 1
        if size > _MAX_LIST_BYTES:
            break
        if text:
            kept.append(text)
    return kept


_SHOWN = re.compile(r"\b(?:logos?|badges?|photos?|pictures?|qr[ -]codes?)\W*$", re.IGNORECASE)


def _by_content_type(answers: Answers, field: Field) -> object:
    """Texts for all content types, or an object of them by content type where one is given. What
    has to be shown, such as a logo, is no text.

    Legal lines are whole lines; required phrases may be listed in one.
    """
    texts = answers.lines(field) if field is Field.LEGAL else answers.items(field)
    texts = tuple(text for text in texts if not _SHOWN.search(text))
    for_all = list(texts)
    by_type = dict[str, list[str]]()
    for value in answers.objects(field):
        for key, inner in value.items():
            if kind_of(key) is not Kind.OTHER or key == "all":
                by_type.setdefault(clean(key), []).extend(_clean_texts(inner))
            elif inner is True:
                for_all.append(words_of_key(key))
            else:
                for_all += [text for text in _clean_texts(inner) if isinstance(inner, str)]
    if not by_type:
        return _bounded(for_all)
    by_type.setdefault("all", []).extend(for_all)
    room = list(_bounded(text for texts in by_type.values() for text in texts))
    return {
        key: kept for key, texts in by_type.items() if (kept := [t for t in texts if t in room])
    }


def _clean_texts(value: object) -> list[str]:
    return [text for each in texts_of(value) if not is_absent(text := clean(each))]


def _language(text: str) -> str | None:
    if _CODE.fullmatch(text):
        return text
    return _LANGUAGES.get(words_of_key(text))


def _object(answers: Answers, field: Field) -> Mapping[str, object] | None:
    """The object as it was given, unless it's a large one."""
    found = next(iter(answers.objects(field)), None)
    return found if found and len(dumps(found).encode()) <= _MAX_LIST_BYTES else None


def _object_of_texts(answers: Answers, field: Field) -> Mapping[str, object] | None:
    found = _object(answers, field)
    if found is None:
        return None
    return {
        key: clean(value) if isinstance(value, str) else _clean_texts(value)
        for key, value in found.items()
        if isinstance(value, str | list)
    }


def _ranges(answers: Answers) -> Mapping[str, Sequence[int]]:
    """`[least, most]` words by content type."""
    found = _object(answers, Field.LENGTH) or {}
    ranges = {key: _range_of(value) for key, value in found.items()}
    return {key: limits for key, limits in ranges.items() if limits is not None}


def _range_of(value: object) -> Sequence[int] | None:
    match value:
        case [int(least), int(most)] if 0 <= least <= most:
            return [least, most]
    return None
