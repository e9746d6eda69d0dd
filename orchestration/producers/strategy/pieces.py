"""The pieces of content of a plan: how many, of which kind, and what each is about.

A recommendation's tactic is a text `Blog post: TITLE`. Campaigns read it again, so plans that
people edit give campaigns, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Final

from domain.production import Tactic
from domain.strategy import Recommendation
from domain.validation import NAME_LENGTH
from orchestration.producers.briefs.phrases import clean
from orchestration.producers.qc.kinds import Kind, kind_of
from orchestration.producers.strategy.channels import MAX_PIECES, Fit, kinds_of

MAX_TACTICS: Final = 12
"""So many pieces a plan has in all."""
LABELS: Final[Mapping[Kind, str]] = {
    Kind.BLOG_POST: "Blog post",
    Kind.EMAIL: "Email",
    Kind.LANDING_PAGE: "Landing page",
    Kind.SOCIAL_POST: "Social post",
    Kind.VIDEO_SCRIPT: "Video script",
}
_LABELLED = re.compile(r"(?P<label>[A-Za-z -]{4,40}): +(?P<title>\S.*)")


def kinds_on(fits: Sequence[Fit]) -> tuple[tuple[Kind, ...], ...]:
    """The kind of each piece, channel by channel: what the brief asks for, else one of each kind
    that the channel takes; every channel has one before any has a second."""
    wanted = [
        [kind for each in fit.deliverables for kind in [each.kind] * min(each.pieces, MAX_PIECES)]
        or list(fit.kinds)
        for fit in fits
    ]
    room = max(MAX_TACTICS, len(fits))
    kept: list[list[Kind]] = [[] for _ in fits]
    for turn in range(max(map(len, wanted), default=0)):
        for place, kinds in enumerate(wanted):
            if turn < len(kinds) and room:
                kept[place].append(kinds[turn])
                room -= 1
    return tuple(map(tuple, kept))


def tactics_of(
    kinds: Sequence[Sequence[Kind]], headlines: Sequence[str], subject: str
) -> tuple[tuple[str, ...], ...]:
    """The tactics of each channel. The first headlines go to the kinds that need strong ones most;
    no two pieces have the same one before all are used."""
    places = [(place, at) for place, each in enumerate(kinds) for at in range(len(each))]
    places.sort(key=lambda it: _BY_WEIGHT.index(kinds[it[0]][it[1]]))
    titles = dict(zip(places, cycle(headlines or (subject,)), strict=False))
    return tuple(
        tuple(f"{LABELS[kind]}: {titles[place, at]}" for at, kind in enumerate(each))
        for place, each in enumerate(kinds)
    )


_BY_WEIGHT: Final = (
    Kind.BLOG_POST,
    Kind.LANDING_PAGE,
    Kind.VIDEO_SCRIPT,
    Kind.EMAIL,
    Kind.SOCIAL_POST,
)


def pieces_of(recommendation: Recommendation) -> Iterator[Tactic]:
    """The tactics of a campaign that carry a recommendation out: kind and title by its words, else
    by its channel. One without tactics has a piece that is named after its channel."""
    channel = clean(recommendation.channel)[:NAME_LENGTH] or "Website"
    usual = kinds_of(channel)[0]
    for text in recommendation.tactics or (channel,):
        title = clean(text)
        kind = usual
        if (match := _LABELLED.fullmatch(title)) is not None and (
            named := kind_of(match["label"])
        ) is not Kind.OTHER:
            kind, title = named, match["title"]
        elif (named := kind_of(title)) is not Kind.OTHER:
            kind = named
        yield Tactic(channel, kind.value, _cut(title) or channel)


def _cut(title: str) -> str:
    return title if len(title) <= NAME_LENGTH else title[:NAME_LENGTH].rpartition(" ")[0]
