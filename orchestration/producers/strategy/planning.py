"""Plans for briefs, and campaigns for plans."""

from collections.abc import Iterator, Sequence
from itertools import islice
from math import ceil
from typing import Final

from domain.onboarding import Brief
from domain.production import SaveCampaign, Tactic
from domain.strategy import (
    Milestone,
    Recommendation,
    SaveStrategyPlan,
    StrategyPlan,
    StrategyTimeline,
)
from domain.validation import LIST_LENGTH, NAME_LENGTH
from orchestration.producers.briefs.answers import MAX_ITEMS, Answers, unread_in
from orchestration.producers.briefs.fields import Field
from orchestration.producers.briefs.material import Material, material_of
from orchestration.producers.briefs.money import Budget, budget_of
from orchestration.producers.briefs.phrases import clean
from orchestration.producers.qc.guide import Guide
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.strategy.channels import Fit, Subject, deliverable_of, fitting, shares
from orchestration.producers.strategy.objectives import aim_of, indicators_of
from orchestration.producers.strategy.pieces import kinds_on, pieces_of, tactics_of
from orchestration.producers.strategy.summary import Summary, quoted, summary_of

DEFAULT_WEEKS: Final = 8
"""The weeks of a plan for a brief that states none."""
PHASES: Final = (
    ("Plan approved", 0.0),
    ("Drafts written, checked and approved", 0.25),
    ("Launch", 0.35),
    ("First figures reviewed", 0.6),
    ("Results reported", 1.0),
)
"""Milestones, by the share of the weeks that has passed at their end."""
_NO_SUBJECT: Final = "Untitled"
"""The title of what a brief without names and messages is about."""


def plan_of(brief: Brief, channels: Sequence[str]) -> SaveStrategyPlan:
    """The plan for a brief, of these channels, or of those that fit."""
    scope = brief.scope
    material = material_of(brief)
    weeks = scope.timeline_weeks if scope is not None else None
    objectives = tuple(text for each in brief.objectives if (text := clean(each)))
    indicators = indicators_of(objectives, 7 * (weeks or DEFAULT_WEEKS))
    deliverables = tuple(
        deliverable_of(text)
        for each in (scope.deliverables if scope is not None else ())
        if (text := clean(each))
    )
    exclusions = tuple(map(clean, scope.exclusions if scope is not None else ()))
    subject = Subject(
        deliverables,
        tuple((aim_of(text), text) for text in objectives),
        material.audience,
        material.channels,
        exclusions,
    )
    wanted = tuple(
        name for each in channels[:LIST_LENGTH] if (name := clean(each)[:NAME_LENGTH].strip())
    )
    fits = fitting(subject, wanted)
    percents = shares([fit.points for fit in fits])
    tactics = tactics_of(kinds_on(fits), material.headlines, material.subject or _NO_SUBJECT)
    budget = budget_of(brief)
    return SaveStrategyPlan(
        brief_id=brief.brief_id,
        executive_summary=summary_of(
            Summary(material, objectives, indicators, weeks, DEFAULT_WEEKS, deliverables,
                    exclusions, fits, percents, tactics, budget, _unread(brief), _language(brief),
                    _timeline(brief))
        ),
        kpis=tuple(each.kpi for each in indicators),
        timeline=StrategyTimeline(weeks or DEFAULT_WEEKS, milestones_of(weeks or DEFAULT_WEEKS)),
        recommendations=tuple(
            Recommendation(fit.name, percent, rationale_of(fit, percent, budget, material), texts)
            for fit, percent, texts in zip(fits, percents, tactics, strict=True)
        ),
    )  # fmt: skip


def _unread(brief: Brief) -> tuple[str, ...]:
    names = islice(unread_in(brief.responses.to_python()), MAX_ITEMS)
    return tuple(dict.fromkeys(text for name in names if (text := clean(name))))


def _timeline(brief: Brief) -> str:
    answers = Answers.of(brief.responses.to_python())
    fields = (Field.WEEKS, Field.TIMELINE, Field.DEADLINE, Field.START)
    return next(filter(None, map(answers.text, fields)), "")


def _language(brief: Brief) -> str:
    return Guide.of(brief.brand_guidelines.to_python(), Kind.OTHER).language


def milestones_of(weeks: int) -> tuple[Milestone, ...]:
    """The phases, each at the end of a week of the plan, in order."""
    return tuple(Milestone(name, f"Week {max(1, ceil(share * weeks))}") for name, share in PHASES)


def rationale_of(fit: Fit, percent: float, budget: Budget | None, material: Material) -> str:
    """Why the channel is recommended, by the brief's own words, and what its share is."""
    reasons = list[str]()
    if fit.deliverables:
        texts = [*dict.fromkeys(quoted(each.text) for each in fit.deliverables)][:5]
        reasons.append(f"The brief asks for {_listed(texts)}.")
    if fit.is_asked_for:
        reasons.append(f"The channel is one of those that were asked for: {fit.name}.")
    if fit.objectives:
        texts = [quoted(text) for text in fit.objectives[:3]]
        noun = "objective" if len(texts) == 1 else "objectives"
        reasons.append(f"It serves the {noun} {_listed(texts)}.")
    if fit.fits_audience:
        reasons.append(f"The audience is found there: {quoted(material.audience)}.")
    if not reasons:
        reasons.append("The brief gives no reason for a channel of its own; all others lead here.")
    share = f"Its share of the budget is {percent:g}%"
    amount = "" if budget is None else f", {budget.part(percent)} of {budget}"
    return " ".join((*reasons, f"{share}{amount}."))


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def campaign_of(brief: Brief, plan: StrategyPlan) -> SaveCampaign:
    """The campaign of the plan: named after the brief's first message, else after what it's about.

    It has a piece for each tactic of the recommendations, at least one.
    """
    material = material_of(brief)
    pieces = list(_pieces(plan))[:LIST_LENGTH]
    if not pieces:
        title = material.subject or _NO_SUBJECT
        pieces = [Tactic("Website", Kind.LANDING_PAGE.value, title[:NAME_LENGTH])]
    name = next(filter(None, (*material.headlines, material.subject, pieces[0].title)))
    return SaveCampaign(
        strategy_id=plan.strategy_id, name=name[:NAME_LENGTH].strip(), tactics=tuple(pieces)
    )


def _pieces(plan: StrategyPlan) -> Iterator[Tactic]:
    for recommendation in plan.recommendations or ():
        yield from pieces_of(recommendation)
