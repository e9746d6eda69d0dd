"""Channels: which of them fit a brief, by points, and what is published on each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestration.producers.qc.facts import number_of
from orchestration.producers.qc.kinds import CHANNELS, Kind, kind_of
from orchestration.producers.strategy.objectives import Aim

MAX_CHANNELS: Final = 5
"""So many channels are recommended where the caller names none."""
MAX_PIECES: Final = 5
"""So many pieces of one deliverable are planned in detail."""
_POINTS_OF_DELIVERABLE: Final = 4
_POINTS_OF_BRIEF: Final = 3
_POINTS_OF_OBJECTIVE: Final = 2
_POINTS_OF_AUDIENCE: Final = 1
_MIN_POINTS: Final = 2


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """A channel. `words` name it; `aims` and `audience` are what it's good for."""

    name: str
    words: str
    kinds: tuple[Kind, ...]
    aims: frozenset[Aim]
    audience: str
    """What words of audiences that use it begin with."""


CHANNEL_RULES: Final = (
    ChannelRule(
        "Website",
        "website|web site|blog|article|landing|search|seo|homepage",
        (Kind.BLOG_POST, Kind.LANDING_PAGE),
        frozenset({Aim.UNDERSTANDING, Aim.VISITS, Aim.CONVERSIONS, Aim.LEADS, Aim.SALES,
                   Aim.BOOKINGS, Aim.DOWNLOADS, Aim.DONATIONS}),
        "owner|buyer|manager|head|compan",
    ),
    ChannelRule(
        "Email",
        "e-?mail|newsletter|mailing|crm",
        (Kind.EMAIL,),
        frozenset({Aim.SUBSCRIBERS, Aim.LOYALTY, Aim.SALES, Aim.DONATIONS, Aim.BOOKINGS,
                   Aim.CONVERSIONS, Aim.LEADS, Aim.ATTENDANCE}),
        "customer|member|subscriber|donor|reader|patient",
    ),
    ChannelRule(
        "LinkedIn",
        "linkedin",
        (Kind.SOCIAL_POST,),
        frozenset({Aim.LEADS, Aim.APPLICATIONS}),
        "compan|manager|head|director|founder|professional|b2b|hr|executive|agenc|engineer|leader",
    ),
    ChannelRule(
        "Instagram",
        "instagram|insta",
        (Kind.SOCIAL_POST,),
        frozenset({Aim.COMMUNITY, Aim.REACH}),
        "young|famil|food|fashion|travel|hik|runn|student|women|men|cit",
    ),
    ChannelRule(
        "Facebook",
        "facebook",
        (Kind.SOCIAL_POST,),
        frozenset({Aim.COMMUNITY, Aim.REACH, Aim.ATTENDANCE, Aim.DONATIONS}),
        "parent|famil|neighbo|local|homeowner|house|older|senior|retire|communit|volunteer",
    ),
    ChannelRule(
        "YouTube",
        "youtube|video|film|explainer|script",
        (Kind.VIDEO_SCRIPT,),
        frozenset({Aim.UNDERSTANDING, Aim.REACH}),
        "beginner|learner|student|hobby",
    ),
    ChannelRule(
        "TikTok",
        "tiktok|reel",
        (Kind.VIDEO_SCRIPT,),
        frozenset({Aim.REACH}),
        "teen|gen z|student",
    ),
    ChannelRule(
        "X",
        "twitter|tweet|on x|x post",
        (Kind.SOCIAL_POST,),
        frozenset({Aim.COMMUNITY}),
        "journalist|developer|investor|politic",
    ),
)  # fmt: skip


class Deliverable(NamedTuple):
    """What the brief asks for: a kind of content, and how many of it."""

    text: str
    kind: Kind
    pieces: int


class Fit(NamedTuple):
    """A channel with its points, and the words of the brief that gave them."""

    name: str
    kinds: tuple[Kind, ...]
    points: int
    deliverables: tuple[Deliverable, ...]
    objectives: tuple[str, ...]
    is_asked_for: bool
    fits_audience: bool


_TIMES = re.compile(r"\b(?:x ?(\d{1,3})|(\d{1,3}) ?x)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"\b(\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.IGNORECASE
)
_OTHER_NUMBER = re.compile(
    r"\b\d{1,5}(?: ?[-–] ?\d{1,5})?[\s-]*"  # noqa: RUF001
    r"(?:seconds?|secs?|s|minutes?|mins?|words?|pages?|characters?|weeks?|%)\b",
    re.IGNORECASE,
)


_TITLE = re.compile(r"(?<=\w):\s+(?!(?:x ?)?\d+\W*$).*|[\"“„«][^\"“”„«»]{0,200}[\"”“»]", re.DOTALL)
"""What a piece is called, after a colon or in quotes: its numbers don't count. It has no mark that
opens, so that many of them aren't looked through again and again."""


def deliverable_of(text: str) -> Deliverable:
    """The kind by the words of the text, and the first number that counts; 1 where it has none.

    Of a piece with a title (`Blog post: Ten trails`) the words before the title say both.
    """
    untitled = _TITLE.sub(" ", text)
    said = text if _kind_of(untitled) is Kind.OTHER else untitled
    match = _COUNT.search(_OTHER_NUMBER.sub(" ", _TIMES.sub(r" \1\2 ", said)))
    count = int(number_of(match[1]) or 1) if match is not None else 1
    kind, rule = _kind_of(said), _rule_of(said)
    if rule is not None and rule.kinds == (Kind.VIDEO_SCRIPT,) and "post" not in said.lower():
        kind = Kind.VIDEO_SCRIPT
    return Deliverable(text, kind, max(1, count))


_AT_COMMA = re.compile(r",\s*(?:and\s+)?")
_AT_AND = re.compile(r"\s+(?:and|plus|\+|&)\s+")
_AT_EITHER = re.compile(f"{_AT_COMMA.pattern}|{_AT_AND.pattern}")
_NAMED = re.compile(
    r"(?:\b(?:\d{1,3}|one|two|three|four|five|six) )?\b(?:blog posts?|articles?|blog|e-?mails?|"
    r"newsletters?|landing pages?|videos?|reels?|tweets?"
    r"|(?:linkedin|instagram|facebook|tiktok|youtube)(?: (?:posts?|videos?|reels?))?)\b",
    re.IGNORECASE,
)
_MAX_WORDS: Final = 12
"""A deliverable of more words is told in sentences."""


def deliverables_in(text: str) -> tuple[str, ...]:
    """The deliverables that an item lists, each by its own words: parted where each part is a piece
    of content. Of one that is told in sentences it's what these name."""
    for seam in (_AT_COMMA, _AT_AND, _AT_EITHER):
        parts = seam.split(text)
        kinds = {_kind_of(part) for part in parts}
        is_told_apart = seam is not _AT_AND or (len(kinds) == len(parts) and "," not in text)
        if len(parts) > 1 and is_told_apart and all(map(_is_piece, parts)):
            return tuple(part.strip() for part in parts)
    if len(text.split()) > _MAX_WORDS:
        named = dict.fromkeys(match[0] for match in _NAMED.finditer(text))
        return tuple(named) or (text,)
    return (text,)


def _is_piece(text: str) -> bool:
    """Whether it's a kind of content, and more than the name of a network."""
    return _kind_of(text) is not Kind.OTHER and text.strip().lower() not in CHANNELS


def _kind_of(text: str) -> Kind:
    # Checks of drafts take singular words; briefs have plural ones.
    singular = re.sub(r"(?<=[a-z]{3})s\b", "", text)
    kind = kind_of(text)
    return kind if kind is not Kind.OTHER else kind_of(singular)


class Subject(NamedTuple):
    """What channels are chosen by."""

    deliverables: tuple[Deliverable, ...]
    objectives: tuple[tuple[Aim, str], ...]
    audience: str
    asked_for: tuple[str, ...]
    exclusions: tuple[str, ...]


def fitting(subject: Subject, wanted: Sequence[str]) -> tuple[Fit, ...]:
    """The channels in the order of the wanted ones; without any, the best by points.

    Where the brief asks for pieces or names channels, these are the channels that have some, and
    those it names: a channel more would be outside of its scope. Equal points keep the order of the
    table. Where none fits it's the website, to which everything leads.
    """
    if wanted:
        return _with_deliverables([_wanted(name, subject) for name in wanted], subject)
    fits = [_fit(rule, rule.name, subject) for rule in CHANNEL_RULES]
    fits = [each for each in fits if not _is_excluded(each.name, subject.exclusions)]
    fits.sort(key=lambda each: -each.points)
    placed = _with_deliverables(fits, subject)
    if any(each.deliverables or each.is_asked_for for each in placed):
        chosen = [each for each in placed if each.deliverables or each.is_asked_for]
    else:
        chosen = [each for each in placed if each.points >= _MIN_POINTS]
    website = CHANNEL_RULES[0]
    return tuple(chosen[:MAX_CHANNELS]) or (_fit(website, website.name, subject),)


def _rule_of(name: str) -> ChannelRule | None:
    return next(
        (rule for rule in CHANNEL_RULES if re.search(rf"\b(?:{rule.words})", name, re.IGNORECASE)),
        next((rule for rule in CHANNEL_RULES if rule.name.lower() == name.strip().lower()), None),
    )


def is_known(name: str) -> bool:
    """Whether a channel of that name is in the table."""
    return _rule_of(name) is not None


def kinds_of(name: str) -> tuple[Kind, ...]:
    """What is published on a channel of that name, the most usual first. A channel that no rule
    knows gets a page to lead to, unless its name says what it takes."""
    rule = _rule_of(name)
    if rule is not None:
        return rule.kinds
    kind = kind_of(name)
    return (Kind.LANDING_PAGE if kind is Kind.OTHER else kind,)


def _wanted(name: str, subject: Subject) -> Fit:
    """A channel that the caller names, in the caller's words."""
    rule = _rule_of(name)
    if rule is not None:
        return _fit(rule, name, subject)
    return Fit(name, kinds_of(name), _MIN_POINTS, (), (), is_asked_for=True, fits_audience=False)


def _fit(rule: ChannelRule, name: str, subject: Subject) -> Fit:
    words = re.compile(rf"\b(?:{rule.words})", re.IGNORECASE)
    objectives = tuple(text for aim, text in subject.objectives if aim in rule.aims)
    is_asked_for = any(words.search(text) or text == rule.name for text in subject.asked_for)
    fits_audience = bool(re.search(rf"\b(?:{rule.audience})", subject.audience, re.IGNORECASE))
    named = [
        each
        for each in subject.deliverables
        if words.search(each.text) or (each.kind in rule.kinds and _rule_of(each.text) is None)
    ]
    points = (
        _POINTS_OF_DELIVERABLE * len({each.kind for each in named})
        + _POINTS_OF_BRIEF * is_asked_for
        + _POINTS_OF_OBJECTIVE * len(objectives)
        + _POINTS_OF_AUDIENCE * fits_audience
    )
    return Fit(name, rule.kinds, points, (), objectives, is_asked_for, fits_audience)


def _is_excluded(name: str, exclusions: Sequence[str]) -> bool:
    """Whether an exclusion names the channel. Paid media and printing exclude none."""
    rule = _rule_of(name)
    return rule is not None and any(
        re.fullmatch(rf"(?:no )?(?:{rule.words})(?: (?!ad|paid)\w+)?", text, re.IGNORECASE)
        for text in exclusions
    )


def _with_deliverables(fits: Sequence[Fit], subject: Subject) -> tuple[Fit, ...]:
    """Each deliverable on one channel: that which it names, such as Instagram for a reel, else the
    first that takes its kind. What is for one network is on no other."""
    places: list[list[Deliverable]] = [[] for _ in fits]
    for deliverable in subject.deliverables:
        place = next(iter(_places(deliverable, fits)), None)
        if place is not None:
            places[place].append(deliverable)
    return tuple(
        each._replace(deliverables=tuple(given)) for each, given in zip(fits, places, strict=True)
    )


def _places(deliverable: Deliverable, fits: Sequence[Fit]) -> Iterator[int]:
    if deliverable.kind is Kind.OTHER:
        return
    rule = _rule_of(deliverable.text)
    if rule is not None:
        yield from (place for place, each in enumerate(fits) if _rule_of(each.name) is rule)
        if rule.name.lower() in CHANNELS and re.search(rf"(?i)\b{rule.name}\b", deliverable.text):
            return
    yield from (place for place, each in enumerate(fits) if deliverable.kind in each.kinds)


def shares(points: Sequence[int]) -> tuple[float, ...]:
    """Percentages in proportion to the points, which add up to exactly 100 as decimals.

    They are whole, unless there are so many that one would be nothing. What rounding leaves goes to
    the largest remainders, the first of equal ones (the method of Hamilton).
    """
    if not points:
        return ()
    weights = [max(1, each) for each in points]
    total = sum(weights)
    units = 100 if len(points) <= _MAX_WHOLE else 10_000
    exact = [weight * units for weight in weights]
    whole = [each // total for each in exact]
    order = sorted(range(len(points)), key=lambda at: (-(exact[at] % total), at))
    for at in order[: units - sum(whole)]:
        whole[at] += 1
    return tuple(each / (units // 100) for each in whole)


_MAX_WHOLE: Final = 20
