"""Durations and dates, as briefs write them."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from math import ceil
from typing import Final, NamedTuple

from orchestration.producers.qc.facts import dates_in, number_of

MAX_WEEKS: Final = 520
WEEKS_A_YEAR: Final = 52

_NUMBER = r"\d{1,4}(?:\.\d)?|a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
DURATION = re.compile(
    rf"\b({_NUMBER})[\s-]*(day|week|month|quarter|year|wochen?|monate?n?)s?\b", re.IGNORECASE
)
_DAYS: Final = {
    "day": 1.0, "week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0,
    "woche": 7.0, "wochen": 7.0, "monat": 365 / 12, "monate": 365 / 12, "monaten": 365 / 12,
}  # fmt: skip
_PERIOD = re.compile(r"(?:\b(?:per|each|every) |/ ?)(week|month|quarter|year)\b", re.IGNORECASE)
_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_MONTH: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_UNDATED = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b"
    rf"|\b(?P<first>{_MONTH}) (?P<last>\d{{1,2}})(?:st|nd|rd|th)?\b",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\b(?:launch\w*|start\w*|begin\w*|from|since|kick-?off|opens?|opening|live)"
    r"(?:\W+(?!(?:to|till|until|end\w*|finish\w*)\b)\w+){0,3}\W*$",
    re.IGNORECASE,
)
"""What stands before the day on which something begins."""
_MAX_DAYS: Final = 20
_REACH: Final = 40
"""So many characters before a day say what it is."""
_NUMERAL = re.compile(r"\d{1,3}")


def days_in(text: str) -> int | None:
    """The first duration in a text, in days: `8 weeks`, `two months`. None: there is none."""
    match = DURATION.search(text)
    if match is None:
        return None
    number = 1.0 if match[1].lower() == "a" else number_of(match[1])
    days = round((number or 0) * _DAYS[match[2].lower()])
    return days if 0 < days <= MAX_WEEKS * 7 else None


def period_in(text: str) -> int | None:
    """The days of the period for which a text says how much, as in `40 per month`; None: for
    none."""
    match = _PERIOD.search(text)
    return None if match is None else round(_DAYS[match[1].lower()])


def weeks_in(text: str) -> int | None:
    """The first duration in a text, in weeks, rounded; a bare number counts weeks."""
    if _NUMERAL.fullmatch(text):
        return int(text) if 0 < int(text) <= MAX_WEEKS else None
    days = days_in(text)
    return None if days is None else max(1, round(days / 7))


class Day(NamedTuple):
    """A day that a text names. `is_start`: it says that something begins then."""

    day: date
    is_start: bool


def days_named(text: str, after: date) -> tuple[Day, ...]:
    """The days in a text, in its order. One without a year is the next after the one before it,
    and the first after the day that is given."""
    dated = [(match, day) for match, day, _ in islice(dates_in(text), _MAX_DAYS)]
    found = list[Day]()
    for match in sorted((*(each for each, _ in dated), *_undated(text, dated)), key=re.Match.start):
        latest = found[-1].day if found else after
        day = next((day for each, day in dated if each is match), None) or _next(match, latest)
        if day is not None:
            before = text[max(0, match.start() - _REACH) : match.start()]
            found.append(Day(day, _BEGINS.search(before) is not None))
    return tuple(found)


def _undated(
    text: str, dated: Sequence[tuple[re.Match[str], date | None]]
) -> Iterator[re.Match[str]]:
    """The days without a year: those that are no part of a date with one."""
    for match in islice(_UNDATED.finditer(text), _MAX_DAYS):
        if not any(each.start() <= match.start() < each.end() for each, _ in dated):
            yield match


def _next(match: re.Match[str], after: date) -> date | None:
    """The first day with this month and number after a day; None: there is none."""
    if match.re is not _UNDATED:
        return None  # a date with a year that can't be
    month = _MONTHS.index((match["month"] or match["first"])[:3].lower()) + 1
    number = int(match["day"] or match["last"])
    for year in (after.year, after.year + 1):
        try:
            if (day := date(year, month, number)) > after:
                return day
        except ValueError:
            continue
    return None


def weeks_between(start: date, end: date) -> int | None:
    """The weeks from one day to another, begun ones too; None: there are none, or too many."""
    weeks = ceil((end - start).days / 7)
    return weeks if 0 < weeks <= MAX_WEEKS else None
