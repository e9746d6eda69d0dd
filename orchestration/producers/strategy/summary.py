"""The executive summary of a plan: what one would send to the client."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.validation import PROSE_LENGTH
from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.money import Budget
from orchestration.producers.briefs.phrases import as_sentence, headline_of, in_sentence
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.strategy.channels import Deliverable, Fit, is_known
from orchestration.producers.strategy.objectives import STARTING_TARGET, Indicator

_MAX_LISTED: Final = 8
_MAX_QUOTED: Final = 200
_LISTED = re.compile(r"[:;]|[.!?] ")
"""What an audience has that is listed, or told in sentences."""
_FEW_WORDS: Final = 150
"""Fewer words for copy don't fill a blog post."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary tells. `weeks` is None where the brief states none."""

    material: Material
    objectives: Sequence[str]
    indicators: Sequence[Indicator]
    weeks: int | None
    default_weeks: int
    deliverables: Sequence[Deliverable]
    exclusions: Sequence[str]
    fits: Sequence[Fit]
    percents: Sequence[float]
    tactics: Sequence[Sequence[str]]
    budget: Budget | None
    unread: Sequence[str]
    """The names of the brief's answers that aren't used."""
    language: str
    timeline: str
    """What the brief says of time; empty: nothing."""


def summary_of(it: Summary) -> str:
    """Paragraphs of plain text, one a line, in at most as many characters as a plan takes."""
    paragraphs = (" ".join(part) for part in map(list, _paragraphs(it)) if part)
    return "\n\n".join(paragraphs)[:PROSE_LENGTH]


def _paragraphs(it: Summary) -> Iterator[Iterator[str]]:
    yield _aims(it)
    yield _way(it)
    yield _measures(it)
    yield _left_out(it)
    yield _assumptions(it)


def _aims(it: Summary) -> Iterator[str]:
    who = it.material.company or it.material.product or "The client"
    if it.objectives:
        listed = "; ".join(_short(text) for text in it.objectives[:_MAX_LISTED])
        noun = "these objectives" if len(it.objectives) > 1 else "this objective"
        yield f"{who} has {noun}: {listed}."
    else:
        yield f"{who} states no objective in the brief."
    if it.material.audience:
        audience = _short(it.material.audience)
        inside = in_sentence(audience)
        if _LISTED.search(audience) or not inside[:1].islower():
            yield f"It's planned for this audience: {audience}."
        else:
            yield f"The campaign speaks to {inside}."
    if it.material.messages:
        yield f"It says: {as_sentence(_short(it.material.messages[0]))}"


def _way(it: Summary) -> Iterator[str]:
    pieces = sum(map(len, it.tactics))
    weeks = it.weeks or it.default_weeks
    yield (
        f"In {_counted(weeks, 'week')} it publishes {_counted(pieces, 'piece')} on "
        f"{_counted(len(it.fits), 'channel')}."
    )
    listed = [
        f"{fit.name} {percent:g}%"
        for fit, percent in zip(it.fits[:_MAX_LISTED], it.percents, strict=False)
    ]
    others = len(it.fits) - len(listed)
    more = f", and {_counted(others, 'more channel')}" if others else ""
    yield f"The budget{'' if it.budget is None else f' of {it.budget}'} is shared in proportion to"
    yield f"how much in the brief speaks for each: {', '.join(listed)}{more}."


def _measures(it: Summary) -> Iterator[str]:
    if it.indicators:
        listed = "; ".join(_figure(each) for each in it.indicators[:_MAX_LISTED])
        yield f"Success is measured by {listed}."


def _figure(each: Indicator) -> str:
    kpi = each.kpi
    gap = "" if kpi.unit.startswith("%") else " "
    return (
        f"{kpi.name} ({kpi.target_value:,.15g}{gap}{kpi.unit} within "
        f"{_counted(kpi.timeframe_days, 'day')})".replace(" )", ")")
    )


def _left_out(it: Summary) -> Iterator[str]:
    if any(it.exclusions):
        listed = "; ".join(
            in_sentence(_short(text)) for text in it.exclusions[:_MAX_LISTED] if text
        )
        yield f"Not a part of it: {listed}."
    if others := [name for name in it.material.channels if not is_known(name)]:
        listed = ", ".join(quoted(name) for name in others[:_MAX_LISTED])
        yield f"No text is written here for {listed}, which the brief names among its channels."
    placed = {each for fit in it.fits for each in fit.deliverables}
    named = it.deliverables[:_MAX_LISTED]
    if apart := [quoted(_short(each.text)) for each in named if each.kind is Kind.OTHER]:
        yield f"Asked for as well, and to be planned apart from these texts: {', '.join(apart)}."
    for each in named:
        if each.kind is not Kind.OTHER and each not in placed:
            yield f"None of the channels takes {quoted(each.text)}."


def _assumptions(it: Summary) -> Iterator[str]:
    if it.weeks is None:
        weeks = _counted(it.default_weeks, "week")
        said = f"{quoted(it.timeline)} gives no number of weeks" if it.timeline else ""
        yield f"{said or 'The brief states no duration'}; {weeks} are our assumption."
    if derived := [each.kpi.name for each in it.indicators if not each.is_stated]:
        listed = ", ".join(derived[:_MAX_LISTED])
        yield f"The brief states no number for {listed}: {STARTING_TARGET:g}% above the figure of"
        yield "the first two weeks is our rule to start with, to be replaced by a target of yours."
    if not it.objectives:
        yield "Without an objective nothing is measured yet; please name one."
    if it.budget is None:
        yield "The brief states no budget, so shares are percentages alone."
    if it.material.words < _FEW_WORDS:
        words = _counted(it.material.words, "word")
        yield f"The brief has {words} that copy can be made of, so drafts will be short; what the"
        yield "product does, proof, and questions with their answers make them longer."
    if not it.language.startswith("en"):
        yield "The headings and other words of the drafts' templates are English; whoever finishes"
        yield "the drafts puts them into the language of the brief."
    if it.unread:
        listed = ", ".join(quoted(name) for name in it.unread[:_MAX_LISTED])
        others = len(it.unread) - _MAX_LISTED
        more = f", and {_counted(others, 'more name')}" if others > 0 else ""
        yield "What the brief says under these names isn't used, since they aren't known here:"
        yield f"{listed}{more}."
    asked = sum(each.pieces for fit in it.fits for each in fit.deliverables)
    planned = sum(map(len, it.tactics))
    if asked > planned:
        yield f"The brief asks for {_counted(asked, 'piece')}; this plan details {planned} of them."


def quoted(text: str) -> str:
    """The text in quotes, its first clauses where it's long."""
    return f"“{_short(text)}”"


def _short(text: str) -> str:
    if len(text) <= _MAX_QUOTED:
        return text.rstrip(".… ")
    return headline_of(text, _MAX_QUOTED) or f"{text[:_MAX_QUOTED].rpartition(' ')[0]} …"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
