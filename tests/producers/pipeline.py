"""Briefs, and the plans, campaigns and drafts that the built-in producers make of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from domain.json_object import JsonObject
from domain.onboarding import Brief, NormalizeBrief, normalized
from domain.production import Campaign, SaveDraft, Tactic, new_campaign, new_draft
from domain.qc import QcIssue, QcResult
from domain.strategy import StrategyPlan, new_plan
from domain.validation import require_valid
from orchestration.producers.drafts.generator import draft_of
from orchestration.producers.ports import DraftSubject, OtherDraft, QcEvaluation, QcSubject
from orchestration.producers.qc.evaluating import evaluated
from orchestration.producers.qc.registry import BY_ID
from orchestration.producers.strategy.normalizing import normalized_of
from orchestration.producers.strategy.planning import campaign_of, plan_of
from orchestration.producers.texts import texts_of
from tests import builders as build
from tests.producers.checking import TODAY
from tests.support.sources import START

FOLDER: Final = Path(__file__).parent / "briefs"
PASS_SCORE: Final = 0.8
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.json"))


def responses(name: str) -> dict[str, Any]:
    """The answers of an example, whose company is invented."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def intake(answers: Mapping[str, Any]) -> Brief:
    return build.brief(
        responses=JsonObject.of(answers),
        scope=None,
        objectives=(),
        target_audience=None,
        brand_guidelines=JsonObject.of({}),
    )


@dataclass(frozen=True)
class Pipeline:
    """A brief's way from its answers to its drafts; each command is valid."""

    answers: Mapping[str, Any]
    channels: Sequence[str] = ()

    @cached_property
    def understood(self) -> NormalizeBrief:
        command = normalized_of(intake(self.answers))
        require_valid(command)
        return command

    @cached_property
    def brief(self) -> Brief:
        return normalized(intake(self.answers), self.understood, START)

    @cached_property
    def plan(self) -> StrategyPlan:
        command = plan_of(self.brief, self.channels)
        require_valid(command)
        return new_plan(command, "plan-1", 1, START)

    @cached_property
    def campaign(self) -> Campaign:
        command = campaign_of(self.brief, self.plan)
        require_valid(command)
        return new_campaign(command, "campaign-1", START)

    @property
    def tactics(self) -> tuple[Tactic, ...]:
        return self.campaign.tactics or ()

    def subject(self, tactic: Tactic) -> DraftSubject:
        return DraftSubject(brief=self.brief, plan=self.plan, campaign=self.campaign, tactic=tactic)

    def draft(self, tactic: Tactic) -> SaveDraft:
        command = draft_of(self.subject(tactic))
        require_valid(command)
        return command

    @cached_property
    def drafts(self) -> tuple[SaveDraft, ...]:
        return tuple(map(self.draft, self.tactics))

    def first(self, content_type: str) -> SaveDraft:
        return next(each for each in self.drafts if each.content_type == content_type)

    def rewritten(self, draft: SaveDraft, *issues: QcIssue) -> SaveDraft:
        """The draft as it's written anew after a verdict with these issues."""
        tactic = next(each for each in self.tactics if each.title == draft.title)
        verdict: QcResult = build.result(issues=issues)
        subject = replace(
            self.subject(tactic), previous=new_draft(draft, "draft-1", START), verdict=verdict
        )
        command = draft_of(subject)
        require_valid(command)
        return command

    def checked(self, draft: SaveDraft, others: Sequence[SaveDraft] = ()) -> QcEvaluation:
        """The built-in evaluation, as the server has it made."""
        return evaluated(
            QcSubject(
                content_type=draft.content_type,
                title=draft.title,
                body=draft.body,
                metadata=draft.metadata or {},
                guidelines=self.brief.brand_guidelines.to_python(),
                brief="\n".join(self.known),
                others=tuple(
                    OtherDraft(str(place), other.title, other.body, same_campaign=True)
                    for place, other in enumerate(others)
                ),
                today=TODAY,
            ),
            list(BY_ID),
            PASS_SCORE,
        )

    @property
    def known(self) -> Iterator[str]:
        """All words of the brief and of its plan."""
        yield from texts_of(self.answers)
        yield from texts_of(list(self.brief.objectives))
        yield self.plan.executive_summary
        for recommendation in self.plan.recommendations or ():
            yield from recommendation.tactics


def example(name: str) -> Pipeline:
    return Pipeline(responses(name))
