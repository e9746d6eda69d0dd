"""Durations and dates, as briefs write them."""

import re
from datetime import date
from math import ceil
from typing import Final

from orchestration.producers.qc.facts import dates_in, number_of

MAX_WEEKS: Final = 520
WEEKS_A_YEAR: Final = 52

_NUMBER = r"\d{1,4}(?:\.\d)?|a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
DURATION = re.compile(rf"\b({_NUMBER})[\s-]*(day|week|month|quarter|year)s?\b", re.IGNORECASE)
_DAYS: Final = {"day": 1.0, "week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0}
_PERIOD = re.compile(r"(?:\b(?:per|each|every) |/ ?)(week|month|quarter|year)\b", re.IGNORECASE)
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


def dates_of(text: str) -> tuple[date, ...]:
    """The dates with a year in a text, in its order."""
    return tuple(found for _, found, _ in dates_in(text) if found is not None)


def weeks_between(start: date, end: date) -> int | None:
    """The weeks from one day to another, begun ones too; None: there are none, or too many."""
    weeks = ceil((end - start).days / 7)
    return weeks if 0 < weeks <= MAX_WEEKS else None
