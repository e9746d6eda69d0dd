"""Checks of facts: claims with numbers, and dates."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from orchestration.producers.qc.checking import MAJOR, Draft, Issue, benchmark, quoted
from orchestration.producers.texts import texts_of

_NUMBER_WORDS: Final = {
    word: number
    for number, word in enumerate(
        (
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        )
    )
}
_NUMBER: Final = r"(?<![\d.,])(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15})(?:\.\d{1,6})?"
_SPOKEN: Final = rf"(?:{_NUMBER}|{'|'.join(_NUMBER_WORDS)})"
_SCALES: Final = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_SCALE: Final = r"(?:\s?(?:k|m|bn|thousand|million|billion)\b)?"
_COUNTED: Final = (
    r"(?:customers?|clients?|users?|members?|companies|businesses|brands|teams|people|families|"
    r"households|homes|homeowners|readers|subscribers|followers|shoppers|guests|visitors|patients|"
    r"students|learners|reviews|ratings|downloads|countries|cities|stores|shops|restaurants|"
    r"hotels|schools|farms|projects|awards|installations|roofs|orders|employees|runners|riders|"
    r"hikers|donors|volunteers|partners|years (?:of experience|in business))"
)
_RANKED: Final = (
    r"(?:in|for|of|choice|brand|app|provider|agency|tool|platform|maker|supplier|bakery|shop)"
)
_CLAIMS: Final = re.compile(
    "|".join(
        (
            rf"(?P<percent>{_NUMBER})\s?(?:%|percent\b|per cent\b)",
            rf"(?:[$€£]|\bUSD |\bEUR |\bGBP )\s?(?P<money>{_NUMBER}{_SCALE})",
            rf"\b(?P<amount>{_NUMBER}{_SCALE}) (?:dollars|euros|pounds)\b",
            rf"\b(?P<times>{_SPOKEN})(?:x\b| times (?:more|less|faster|better|as|cheaper|longer))",
            rf"\b(?P<of>{_SPOKEN}) (?:out of|in) (?P<whole>{_SPOKEN}) {_COUNTED}",
            rf"\b(?P<share>{_SPOKEN}) out of (?P<all>{_SPOKEN})\b",
            rf"\b(?P<count>{_NUMBER}{_SCALE})\+? (?:[a-z]+ ){{0,2}}{_COUNTED}\b",
            rf"\b(?P<stars>{_NUMBER})(?: out of 5|/5| stars?\b)",
            rf"(?P<rank>#1\b|\bn(?:o\.|umber) (?:1|one)\b)(?= (?:[a-z]+ ){{0,3}}{_RANKED}\b)",
        )
    ),
    re.IGNORECASE,
)
_MAYBE_CLAIM = re.compile(
    rf"\d|out of| times |number one| in (?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE
)
"""Much cheaper to look for; most texts have none of it."""
_ANY_NUMBER = re.compile(rf"(?<!\w){_NUMBER}(?:{_SCALE})", re.IGNORECASE)
_SPOKEN_NUMBER = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)


def number_of(text: str) -> float | None:
    """The value of a number as it's written: `1,200`, `2.5 million`, `nine`; None: it's none."""
    text = text.strip().lower()
    if text in _NUMBER_WORDS:
        return float(_NUMBER_WORDS[text])
    match = re.fullmatch(rf"({_NUMBER})\s?([a-z]*)", text)
    if match is None or (match[2] and match[2] not in _SCALES):
        return None
    return float(match[1].replace(",", "")) * _SCALES.get(match[2], 1.0)


def numbers_in(text: str) -> set[float]:
    """All numbers in a text."""
    found = [match[0] for match in _ANY_NUMBER.finditer(text)]
    found += [match[0] for match in _SPOKEN_NUMBER.finditer(text)]
    return {number for each in found if (number := number_of(each)) is not None}


@benchmark(
    "unsupported-claims",
    "Claims with numbers",
    "Each number that claims something (shares, prices, multiples, counts of customers, ratings, "
    "ranks) is in the brief, the plan or the guidelines.",
    severity=MAJOR,
    source="Federal Trade Commission, Policy Statement Regarding Advertising Substantiation (1984)",
    settings="`claims`: sentences with numbers that may be used.",
    needs_brief=True,
)
def unsupported_claims(draft: Draft) -> Iterator[Issue]:
    supported = numbers_in("\n".join((draft.known, *draft.guide.claims)))
    supported |= numbers_in("\n".join(texts_of(draft.subject.metadata.get("claims"))))
    for section, text in draft.everything:
        if _MAYBE_CLAIM.search(text) is None:
            continue
        for match in _CLAIMS.finditer(text):
            numbers = [
                number_of(value)
                for name, value in match.groupdict().items()
                if value is not None and name != "rank"
            ]
            if match["rank"] is not None:
                numbers = [1.0]
            if any(number is not None and number not in supported for number in numbers):
                yield Issue(
                    section,
                    f"{quoted(match[0].strip())} is a claim that the brief doesn't have.",
                    "Take the number from the brief, or have the client confirm it and add it to "
                    "the brief or to the guidelines' `claims`.",
                )


_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sept sep", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY: Final = rf"(?:(?P<weekday{{0}}>{'|'.join(_WEEKDAYS)}),?\s+(?:the\s+)?)?"
_DATES = re.compile(
    "|".join(
        (
            _WEEKDAY.format(1)
            + rf"\b(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month1>{_MONTH})\.?,?\s+"
            r"(?P<year1>\d{4})\b",
            _WEEKDAY.format(2)
            + rf"\b(?P<month2>{_MONTH})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,\s+"
            r"(?P<year2>\d{4})\b",
            _WEEKDAY.format(3) + r"\b(?P<year3>\d{4})-(?P<month3>\d{2})-(?P<day3>\d{2})\b",
        )
    ),
    re.IGNORECASE,
)
_YEAR = re.compile(r"\d{4}")
_LOOKS_BACK = re.compile(
    r"\b(?:was|were|had|did|since|founded|opened|launched|began|started|held|published|updated|"
    r"written|recorded|released|born|won|met|came|went|made|took|ago|effective|version|©|as of|"
    r"last (?:year|month|week|spring|summer|autumn|fall|winter)|from (?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def dates_in(text: str) -> Iterator[tuple[re.Match[str], date | None, str | None]]:
    """Each date as it's written, as a date (None: there is no such day), and its weekday."""
    if _YEAR.search(text) is None:
        return
    for match in _DATES.finditer(text):
        form = next(number for number in "123" if match[f"day{number}"] is not None)
        month = match[f"month{form}"].lower()
        try:
            found = date(
                int(match[f"year{form}"]),
                _MONTHS.get(month) or int(month),
                int(match[f"day{form}"]),
            )
        except ValueError:
            yield match, None, None
            continue
        yield match, found, match[f"weekday{form}"]


def _written_dates(
    draft: Draft,
) -> Iterator[tuple[str, str, re.Match[str], date | None, str | None]]:
    """All dates of the draft with their sections and sentences."""
    outside = [(section, text) for section, text in draft.everything[:3] if section in _OUTSIDE]
    headings = [(heading.section, heading.text) for heading in draft.text.headings]
    sentences = [(each.section, each.text) for each in draft.text.sentences]
    for section, text in (*outside, *headings, *sentences):
        for match, found, weekday in dates_in(text):
            yield section, text, match, found, weekday


_OUTSIDE: Final = frozenset({"Title", "Subject", "Preheader"})


@benchmark(
    "past-dates",
    "Dates in the past",
    "No date has passed that the draft speaks of as one to come.",
    severity=MAJOR,
    source="Our own rule",
    settings="The draft's `publishDate` (in its metadata) counts as today where it's later.",
)
def past_dates(draft: Draft) -> Iterator[Issue]:
    today = draft.subject.today
    published = next((found for _, found, _ in dates_in(draft.given("publishDate"))), None)
    if published is not None and published > today:
        today = published
    for section, text, match, found, _ in _written_dates(draft):
        if found is not None and found < today and not _LOOKS_BACK.search(text):
            yield Issue(
                section,
                f"{quoted(match[0].strip())} has passed.",
                f"Name a date after {today.isoformat()}, or say that it's over.",
            )


@benchmark(
    "impossible-dates",
    "Dates that can't be",
    "Each date exists, and falls on the weekday that stands beside it.",
    severity=MAJOR,
    source="ISO 8601-1 (2019): the Gregorian calendar",
)
def impossible_dates(draft: Draft) -> Iterator[Issue]:
    for section, _, match, found, weekday in _written_dates(draft):
        if found is None:
            yield Issue(
                section, f"There is no day {quoted(match[0].strip())}.", "Correct the date."
            )
        elif weekday is not None and _WEEKDAYS[found.weekday()] != weekday.lower():
            right = _WEEKDAYS[found.weekday()].capitalize()
            yield Issue(
                section,
                f"{quoted(match[0].strip())} is a {right}.",
                f"Write {right}, or correct the date.",
            )
