"""Objectives as figures to measure: which indicator an objective has, and which target."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.strategy import Kpi
from orchestration.producers.briefs.durations import DURATION, days_in, period_in
from orchestration.producers.briefs.money import with_points
from orchestration.producers.briefs.phrases import headline_of
from orchestration.producers.qc.facts import number_of

MAX_KPIS: Final = 20


class Aim(StrEnum):
    """What an objective is about; the value is the indicator's name."""

    FEWER = "Reduction"
    SUBSCRIBERS = "New subscribers"
    DONATIONS = "Donations"
    BOOKINGS = "Bookings"
    CONVERSIONS = "Conversions"
    LEADS = "Leads"
    ATTENDANCE = "Attendance"
    DOWNLOADS = "Downloads"
    APPLICATIONS = "Applications"
    SALES = "Sales"
    LOYALTY = "Returning customers"
    COMMUNITY = "Engagement"
    VISITS = "Website visits"
    UNDERSTANDING = "Readers"
    REACH = "Reach"
    OTHER = "Result"


@dataclass(frozen=True, slots=True)
class _Rule:
    aim: Aim
    stems: str
    """What the words of such objectives begin with; the first rule that fits counts."""
    unit: str


RULES: Final = (
    _Rule(Aim.FEWER, "halve|halving|reduc|cut|fewer|lower|decreas", ""),
    _Rule(Aim.SUBSCRIBERS, "newsletter|subscri|mailing list", "subscribers"),
    _Rule(Aim.DONATIONS, "donat|donor|fundrais|pledge", "donations"),
    _Rule(
        Aim.BOOKINGS, "book|reserv|appointment|survey|consultation|table|cover|patient", "bookings"
    ),
    _Rule(Aim.CONVERSIONS, "conver", "conversions"),
    _Rule(
        Aim.LEADS,
        "leads|lead gen|mql|enquir|inquir|demo|prospect|trial|sign-?up|sign up|registr|request|"
        "callback",
        "leads",
    ),
    _Rule(
        Aim.ATTENDANCE, "attend|ticket|event|guest|footfall|visitors to|participant", "attendees"
    ),
    _Rule(Aim.DOWNLOADS, "download|install", "downloads"),
    _Rule(Aim.APPLICATIONS, "hire|hiring|recruit|applica|candidat|volunteer", "applications"),
    _Rule(Aim.LOYALTY, "retain|retention|churn|loyal|repeat|renew|return", "customers"),
    _Rule(Aim.SALES, "sell|sale|sold|revenue|order|buy|purchas|turnover", "orders"),
    _Rule(Aim.COMMUNITY, "follow|engag|communit|comment|share", "followers"),
    _Rule(Aim.VISITS, "traffic|website|visit|seo|rank|click", "visits"),
    _Rule(Aim.UNDERSTANDING, "explain|educat|inform|teach|understand|learn|show", "readers"),
    _Rule(
        Aim.REACH,
        "aware|known|reach|visib|launch|introduc|recogni|brand|position|announc",
        "people",
    ),
)
_PATTERNS: Final = tuple(
    (rule, re.compile(rf"\b(?:{rule.stems})", re.IGNORECASE)) for rule in RULES
)


def aim_of(objective: str) -> Aim:
    """What the objective is about, by the first rule of which it has a word."""
    return next((rule.aim for rule, words in _PATTERNS if words.search(objective)), Aim.OTHER)


_UNITS: Final = {rule.aim: rule.unit for rule in RULES}
STARTING_TARGET: Final = 10.0
"""Percent above the first weeks' figure: the target of an objective that states none."""
_STARTING_UNIT: Final = "% above the first two weeks"

_TENS: Final = {
    word: float(number)
    for number, word in zip(
        range(20, 100, 10),
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
        strict=True,
    )
}
_WORDS: Final = {**_TENS, "a dozen": 12.0, "a hundred": 100.0, "a thousand": 1000.0}
_CHANGES: Final = {
    "halve": (50.0, "% fewer"),
    "double": (100.0, "% more"),
    "triple": (200.0, "% more"),
}
_MONTHS: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NOT_A_TARGET = re.compile(
    rf"{DURATION.pattern}|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})\w*\.?(?:,? \d{{4}})?"
    rf"|\b(?:{_MONTHS})\w*\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?|\b\d{{4}}-\d\d-\d\d\b"
    r"|\bq[1-4]\b|\b(?:19|20)\d\d\b(?! [a-z]+s\b)"
    r"|\b(?:aged?|ages|(?:adults|children|kids|men|parents|people|women) of) \d{1,3}"
    r"(?: ?(?:to|-|–) ?\d{1,3})?"  # noqa: RUF001
    r"|\b\d{1,2}(?::\d\d| ?[ap]\.?m)\b|\btop[ -]\d+",
    re.IGNORECASE,
)
"""Numbers that say when, or whom."""
_WORD: Final = r"[^\W\d_](?:[^\W\d_]|-)*"
_RANGE: Final = r"(?:from\s+\S+\s+to\s+)?"
_TARGET = re.compile(
    rf"{_RANGE}(?P<currency>[$€£]|\b(?:USD|EUR|GBP|CHF) )?\s?"
    r"(?P<number>(?<![\w.,])\d{1,3}(?:,\d{3}){1,3}(?!\d)(?:\.\d{1,4})?|(?<![\w.,])\d{1,12}(?:\.\d{1,4})?)"
    r"(?P<scale> ?(?:k|m|bn|thousand|million|billion)\b)?"
    r"(?P<percent> ?%| percent\b| per cent\b)?\+?"
    rf"(?P<after> (?:dollars|euros|pounds)\b)?(?P<unit>(?: {_WORD}){{0,4}})",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    rf"\b(?P<number>{'|'.join(_WORDS)}|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
    rf"(?P<unit>(?: {_WORD}){{1,4}})",
    re.IGNORECASE,
)
_CURRENCIES: Final = {
    "$": "USD", "€": "EUR", "£": "GBP", "dollars": "USD", "euros": "EUR", "pounds": "GBP",
}  # fmt: skip
_STOPS: Final = frozenset(
    {"a", "an", "and", "at", "before", "by", "during", "each", "every", "for", "from", "in", "of",
     "on", "or", "over", "per", "the", "through", "to", "until", "via", "who", "with", "within",
     "among", "after", "that", "this", "into", "onto", "as", "than", "are", "is", "up",
     "bis", "für", "im", "mit", "pro", "und", "von"}
)  # fmt: skip
_MORE: Final = frozenset({"more", "additional", "extra", "new", "further"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """An objective with its figure. `is_stated`: the target is in the objective's own words."""

    objective: str
    aim: Aim
    kpi: Kpi
    is_stated: bool


def indicators_of(objectives: Sequence[str], campaign_days: int) -> tuple[Indicator, ...]:
    """An indicator for each of the first objectives, each with a name of its own.

    An objective that names a duration has it as its timeframe, one of so much `per month` the
    month, the others that of the campaign.
    """
    found = list[Indicator]()
    names = set[str]()
    for objective in objectives:
        if not objective.strip() or len(found) >= MAX_KPIS:
            continue
        aim = aim_of(objective)
        stated = target_in(objective)
        if stated is None:
            value, unit = STARTING_TARGET, _STARTING_UNIT
        else:
            value, unit = stated[0], stated[1] or _UNITS.get(aim, "")
        name = _name(aim, objective, names)
        names.add(name)
        days = days_in(objective) or period_in(objective) or campaign_days
        kpi = Kpi(name, value, unit[:100], days)
        found.append(Indicator(objective, aim, kpi, stated is not None))
    return tuple(found)


def _name(aim: Aim, objective: str, names: set[str]) -> str:
    """The aim's name, and with the objective's words where that says too little, or is taken."""
    if aim is not Aim.OTHER and aim is not Aim.FEWER and aim.value not in names:
        return aim.value
    base = f"{aim.value}: {headline_of(objective, 120) or objective[:120].rstrip()}"
    name, number = base, 2
    while name in names:
        name, number = f"{base} ({number})", number + 1
    return name


def target_in(objective: str) -> tuple[float, str] | None:
    """The target in an objective's words, and its unit, which may be empty; None: it has none.

    Of several numbers the first counts that doesn't say when or whom; of `from A to B` it's B.
    """
    text = _NOT_A_TARGET.sub(" | ", with_points(objective))
    for word, change in _CHANGES.items():
        if re.search(rf"\b{word}", text, re.IGNORECASE):
            return change
    match = _TARGET.search(text)
    if match is not None:
        value = number_of(f"{match['number']}{(match['scale'] or '').strip()}") or 0.0
        after = (match["after"] or "").strip().lower()
        if match["percent"]:
            return value, "%"
        if currency := (match["currency"] or "").strip().upper() or after:
            return value, _CURRENCIES.get(currency, currency)
        return value, _unit(match["unit"])
    spelled = _SPELLED.search(text)
    if spelled is not None:
        word = spelled["number"].lower()
        return _WORDS.get(word) or number_of(word) or 0.0, _unit(spelled["unit"])
    return None


def _unit(words: str) -> str:
    """The words after a number that say what is counted."""
    kept = list[str]()
    for word in words.split():
        if word.lower() in _STOPS:
            break
        if kept or word.lower() not in _MORE:
            kept.append(word)
    return " ".join(kept[:3])
