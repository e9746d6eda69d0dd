"""Checks of facts: claims with numbers, and dates."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
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
_NUMBER: Final = r"(?<![\d.,:/])(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15})(?:\.\d{1,6})?"
_SPOKEN: Final = rf"(?:{_NUMBER}|{'|'.join(_NUMBER_WORDS)})"
_SCALES: Final = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_SCALE: Final = r"(?:\s?(?:k|m|bn|thousand|million|billion)\b)?"
_COUNTED: Final = (
    r"(?:customers?|clients?|users?|members?|companies|businesses|brands|teams|people|families|"
    r"households|homes|homeowners|readers|subscribers|followers|shoppers|guests|visitors|patients|"
    r"students|learners|reviews|ratings|downloads|countries|cities|stores|shops|restaurants|"
    r"hotels|schools|farms|projects|awards|installations|roofs|orders|employees|runners|riders|"
    r"hikers|donors|volunteers|partners|owners|founders|freelancers|entrepreneurs|managers|"
    r"directors|leaders|marketers|professionals|experts|specialists|consultants|advis[eo]rs|"
    r"accountants|lawyers|solicitors|doctors|dentists|nurses|carers|teachers|tutors|coaches|"
    r"trainers|engineers|developers|designers|creators|artists|writers|bloggers|influencers|"
    r"workers|drivers|carriers|couriers|farmers|growers|gardeners|bakers|chefs|cooks|makers|"
    r"builders|installers|electricians|plumbers|retailers|merchants|dealers|traders|resellers|"
    r"manufacturers|suppliers|buyers|sellers|investors|lenders|borrowers|landlords|tenants|renters|"
    r"residents|citizens|neighbou?rs|voters|adults|women|men|couples|parents|mothers|fathers|"
    r"children|kids|babies|teenagers|pupils|graduates|alumni|applicants|candidates|colleagues|"
    r"listeners|viewers|players|gamers|fans|athletes|swimmers|cyclists|commuters|passengers|"
    r"travell?ers|tourists|holidaymakers|diners|drinkers|lovers|enthusiasts|supporters|attendees|"
    r"participants|exhibitors|speakers|firms|startups|start-ups|enterprises|organi[sz]ations|"
    r"institutions|charities|agencies|clinics|hospitals|offices|branches|warehouses|"
    r"factories|venues|gyms|salons|cafes|cafés|pubs|towns|"
    r"years (?:of experience|in business))"
)
_RANKED: Final = (
    r"(?:in|for|of|(?:[a-z-]+ ){0,2}(?:choice|brand|app|provider|agency|tool|platform|maker|"
    r"supplier|bakery|shop))"
)
_UNCOUNTED: Final = (
    r"(?:a|an|the|this|that|these|those|our|your|their|his|her|its|my|we|you|they|he|she|it|i|"
    r"who|many|most|some|several|all|both|and|or|but|to|for|in|at|on|from|with|by|as|is|are|was|"
    r"were|will|can|may|must|when|where|"
    r"a\.?m|p\.?m|o'clock|seconds?|minutes?|mins?|hours?|days?|nights?|weeks?|months?|years?|"
    r"century|decades?|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"january|february|march|april|may|june|july|august|september|october|november|december)\b"
)
"""What doesn't stand between a number and what it counts: the number is a year, a time or a
length of time."""
_CLAIMS: Final = re.compile(
    "|".join(
        (
            rf"(?P<percent>{_NUMBER})\s?(?:%|percent\b|per cent\b)",
            rf"(?:[$€£]|\bUSD |\bEUR |\bGBP )\s?(?P<money>{_NUMBER}{_SCALE})",
            rf"\b(?P<amount>{_NUMBER}{_SCALE}) (?:dollars|euros|pounds)\b",
            rf"\b(?P<times>{_SPOKEN})(?:x\b| times (?:more|less|faster|better|as|cheaper|longer))",
            (
                rf"\b(?P<of>{_SPOKEN}) (?:out of|in) (?P<whole>{_SPOKEN}) "
                rf"(?:of (?:the|our|your) )?{_COUNTED}"
            ),
            rf"\b(?P<share>{_SPOKEN}) out of (?P<all>{_SPOKEN})\b",
            (
                rf"\b(?P<count>{_NUMBER}{_SCALE})\+? (?:of (?:the|our|your) )?"
                rf"(?:(?!{_UNCOUNTED})[a-z-]{{1,30}} ){{0,2}}{_COUNTED}\b"
            ),
            rf"\b(?P<stars>{_NUMBER})(?: out of 5|/5(?![\d/]|[.,]\d| of)| stars?\b)",
            rf"(?P<rank>#1\b|\bn(?:o\.|umber) (?:1|one)\b)(?= {_RANKED}\b)",
        )
    ),
    re.IGNORECASE,
)
_NO_COUNT = re.compile(
    r"(?:\b(?:ios|android|windows|level|stage|phase|tier|type|class|grade|year|page|chapter|part|"
    r"step|top|zone|route|version|gen|week|day|room|no\.|aged?|q[1-4]|"
    r"january|february|march|april|may|june|july|august|september|october|november|december) "
    r"|(?:\b(?:at|until|till) )|[-–/:+])$",  # noqa: RUF001
    re.IGNORECASE,
)
"""What stands before a number that counts nothing: a label, an age, a date or a time."""
_FOR_SO_MANY = re.compile(
    r"\b(?:for|of|to|per|with|serves|feeds|sleeps|seats|fits) $", re.IGNORECASE
)
"""What stands before a small number that says for how many something is."""
_YEAR_BEFORE = re.compile(
    r"\b(?:in|since|until|during|after|before|by|from|of|for|early|late|mid|the|our|spring|summer|autumn|"
    r"fall|winter)[ -]$",
    re.IGNORECASE,
)
_NO_RANK = re.compile(
    r"\b(?:tips?|step|rule|mistake|reason|lesson|myth|question|option|part|episode|week|day|"
    r"issue|chapter|number|problem|idea|fact|point|figure|table|ticket|order|invoice|priority) $",
    re.IGNORECASE,
)
_OF_A_GROUP: Final = frozenset(
    {"adults", "women", "men", "children", "kids", "babies", "teenagers", "pupils", "couples",
     "parents", "players", "passengers", "diners", "drinkers", "coaches", "speakers", "towns",
     "makers", "carriers", "branches", "fans", "drivers", "leaders", "builders", "offices"}
)  # fmt: skip
"""Of these a small number is a ticket's, a table's or a programme's (“2 adults, 3 children”), or
counts things (“3 drivers of growth”)."""
_SMALL: Final = 100
_EXAMPLE = re.compile(
    r"(?:^|(?<=[.!?:]\s))\W*(?:(?:now|so|or|but|and),? )?(?:suppose\b|assum(?:e|ing)\b|"
    r"let(?:'s|\u2019s| us) (?:say|assume|suppose|take)|"
    r"say(?:,| that) |say (?:your?|an?|the|he|she) )",
    re.IGNORECASE,
)
"""How a worked example begins, whose sums of money claim nothing."""
_BEFORE: Final = 16
"""So many characters before a number are looked at."""
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
    examples = _Examples(draft.written)
    for index, (section, text) in enumerate(draft.written):
        if _MAYBE_CLAIM.search(text) is None:
            continue
        for match in _CLAIMS.finditer(text):
            is_money = match["money"] is not None or match["amount"] is not None
            if is_money and draft.is_so("transactional"):
                continue  # it's the reader's own
            if any(number not in supported for number in _claimed(match)):
                if is_money and examples.has(index, match.start()):
                    continue
                yield Issue(
                    section,
                    f"{quoted(match[0].strip())} is a claim that the brief doesn't have.",
                    "Take the number from the brief, or have the client confirm it and add it to "
                    "the brief or to the guidelines' `claims`.",
                )


class _Examples:
    """Where worked examples begin, looked for as far as it's asked for, and once in each text."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self._texts = texts
        self._looked_at = 0
        self._section = ""
        self._begin: tuple[int, int] | None = None

    def has(self, index: int, at: int) -> bool:
        """Whether one has begun before this place of this text, in its section."""
        for each in range(self._looked_at, index + 1):
            section, text = self._texts[each]
            if section != self._section:
                self._section, self._begin = section, None
            if self._begin is None and (match := _EXAMPLE.search(text)) is not None:
                self._begin = each, match.start()
        self._looked_at = index + 1
        return self._begin is not None and (index, at) >= self._begin


def _claimed(match: re.Match[str]) -> list[float]:
    """The numbers that are claimed; none: they are a date, a time or a label."""
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    if match["rank"] is not None:
        return [] if _NO_RANK.search(before) else [1.0]
    if (count := match["count"]) is not None and (
        _NO_COUNT.search(before)
        or _is_year(match, before)
        or ((number_of(count) or _SMALL) < _SMALL and _is_for_so_many(match, before))
    ):
        return []
    values = (value for value in match.groupdict().values() if value is not None)
    return [number for value in values if (number := number_of(value)) is not None]


def _is_for_so_many(match: re.Match[str], before: str) -> bool:
    counted = match[0].rpartition(" ")[2].lower()
    return counted in _OF_A_GROUP or _FOR_SO_MANY.search(before) is not None


def _is_year(match: re.Match[str], before: str) -> bool:
    """Whether a year stands where a number of people or things could stand: “in 2026 customers”.

    A round number counts, unless what stands before it is said of years alone.
    """
    number = match["count"]
    if re.fullmatch(r"(?:19|20)\d\d", number) is None:
        return False
    is_round = number.endswith("00")
    return not is_round and _YEAR_BEFORE.search(before) is not None


_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner", "february feb februar", "march mar märz", "april apr",
            "may mai", "june jun juni", "july jul juli", "august aug", "september sept sep",
            "october oct oktober okt", "november nov", "december dec dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GERMAN_WEEKDAYS: Final = (
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"
)  # fmt: skip
_WEEKDAY: Final = (
    rf"(?:(?P<weekday{{0}}>{'|'.join((*_WEEKDAYS, *_GERMAN_WEEKDAYS))}),?\s+"
    r"(?:(?:the|dem|den|der)\s+)?)?"
)
_DATES = re.compile(
    "|".join(
        (
            _WEEKDAY.format(1)
            + rf"\b(?P<day1>\d{{1,2}})(?:st|nd|rd|th|\.)?(?:\s+of)?\s+(?P<month1>{_MONTH})\.?,?\s+"
            r"(?P<year1>\d{4})\b",
            _WEEKDAY.format(2)
            + rf"\b(?P<month2>{_MONTH})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,\s+"
            r"(?P<year2>\d{4})\b",
            _WEEKDAY.format(3) + r"\b(?P<year3>\d{4})-(?P<month3>\d{2})-(?P<day3>\d{2})(?!\d)",
            _WEEKDAY.format(4)
            + r"(?<![\d.])(?P<day4>\d{1,2})\.\s?(?P<month4>\d{1,2})\.\s?(?P<year4>20\d\d)"
            r"(?![\d.]\d)",
        )
    ),
    re.IGNORECASE,
)
_YEAR = re.compile(r"\d{4}")
_IS_TO_COME = re.compile(
    r"\b(?:will|shall|won't|join|book|register|sign up|order|reserve|save|claim|get|come|bring|"
    r"meet|see you|apply|subscribe|enter|vote|donate|give|buy|pre-?order|rsvp|visit|try|send|"
    r"let us|let's|don't miss|mark|next|upcoming|coming|soon|deadline|due|tickets?|offer|"
    r"discount|free|sale|deal|valid|places|seats|(?:is|are) (?:on|open|planned|set|back)|"
    r"leaves|starts|begins|opens|closes|ends|runs|expires|lasts|launches|arrives|returns|"
    r"takes? place|kicks off|until|till|by|before|no later than)\b|"
    r"['\u2019]ll\b|\d ?% off\b|\w (?:leave|start|begin|open|close|end|run|expire|return)\b|"
    r"\b\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|a\.m\.|p\.m\.)|"
    r"\b(?:bis|gilt|gültig|startet|beginnt|endet|öffnet|schließt|läuft|erscheint|kommt|kommen|"
    r"buchen|sichern|bestellen|reservieren|anmeld\w+|jetzt|nächste[rn]?|einladung|laden|freuen|"
    r"tickets?|plätze|angebot|rabatt|findet|uhr)\b",
    re.IGNORECASE,
)
"""What is said of a date that is to come: an offer, an invitation, what begins or ends."""
_LOOKS_BACK = re.compile(
    r"\b(?:was|were|had|did|since|held|written|born|won|met|came|went|made|took|rose|"
    r"fell|grew|ran|saw|sold|cut|built|became|left|got|gave|paid|brought|sent|said|told|began|"
    r"ago|effective|version|©|as of|case study|"
    r"last (?:year|month|week|spring|summer|autumn|fall|winter)|from (?:19|20)\d\d|"
    r"(?<!the )(?<!great )(?<!cold )(?<!world )(?<!price )war|waren|hatten?|wurden?|seit|haben|"
    r"fand|fanden|kam|kamen|gab|ging|eröffnete|gegründet|"
    r"(?!(?:limited|reduced|discounted|need|required|indeed|speed|seed|feed|bed|red|shed|"
    r"exceed|proceed|hundred|invited|included|planned|expected|advised|asked)\b)[a-z]{2,20}ed)\b",
    re.IGNORECASE,
)
"""What is said of a date that has passed, and should have."""


def dates_in(text: str) -> Iterator[tuple[re.Match[str], date | None, str | None]]:
    """Each date as it's written, as a date (None: there is no such day), and its weekday."""
    if _YEAR.search(text) is None:
        return
    for match in _DATES.finditer(text):
        form = next(number for number in "1234" if match[f"day{number}"] is not None)
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
    headings = [(heading.section, heading.text) for heading in draft.text.headings]
    sentences = [(each.section, each.text) for each in draft.text.sentences]
    for section, text in (*draft.outside, *headings, *sentences):
        for match, found, weekday in dates_in(text):
            yield section, text, match, found, weekday


@benchmark(
    "past-dates",
    "Dates in the past",
    "No date has passed that the draft offers, invites to, or speaks of as one to come.",
    severity=MAJOR,
    source="Our own rule",
    settings="The draft's `publishDate` (in its metadata) counts as today where it's later.",
)
def past_dates(draft: Draft) -> Iterator[Issue]:
    today = max(draft.subject.today, _published(draft) or date.min)
    for section, text, match, found, _ in _written_dates(draft):
        if found is None or found >= today:
            continue
        if _IS_TO_COME.search(text) and not _LOOKS_BACK.search(text):
            yield Issue(
                section,
                f"{quoted(match[0].strip())} has passed.",
                f"Name a date after {today.isoformat()}, or say that it's over.",
            )


def _published(draft: Draft) -> date | None:
    """The day on which the draft is published, where it says so."""
    given = draft.given("publishDate")
    try:
        return datetime.fromisoformat(given).date()
    except ValueError:
        return next((found for _, found, _ in dates_in(given)), None)


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
        elif weekday is not None and not _is_weekday(weekday.lower(), found):
            names = _WEEKDAYS if weekday.lower() in _WEEKDAYS else _GERMAN_WEEKDAYS
            right = names[found.weekday()].capitalize()
            yield Issue(
                section,
                f"{quoted(match[0].strip())} is a {right}.",
                f"Write {right}, or correct the date.",
            )


def _is_weekday(name: str, day: date) -> bool:
    return name in {_WEEKDAYS[day.weekday()], _GERMAN_WEEKDAYS[day.weekday()]}
