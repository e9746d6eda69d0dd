"""The producers of plans and drafts that ask a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from domain.onboarding import Brief, NormalizeBrief
from domain.production import Campaign, SaveCampaign, SaveDraft, Tactic
from domain.qc import QcResult
from domain.strategy import SaveStrategyPlan, StrategyPlan
from orchestration.producers.models.answers import Answer
from orchestration.producers.models.asking import Model
from orchestration.producers.ports import DraftSubject

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ModelStrategyGenerator:
    """A StrategyGenerator."""

    model: Model

    async def normalize(self, brief: Brief) -> NormalizeBrief:
        facts = {"responses": brief.responses.to_python()}
        answer = await self.model.ask(Answer.NORMALIZED_BRIEF, facts, {"brief_id": brief.brief_id})
        return cast("NormalizeBrief", answer)

    async def plan(self, brief: Brief, channels: Sequence[str]) -> SaveStrategyPlan:
        facts = {"brief": _of_brief(brief), "channels": list(channels)}
        answer = await self.model.ask(Answer.STRATEGY_PLAN, facts, {"brief_id": brief.brief_id})
        return cast("SaveStrategyPlan", answer)

    async def campaign(self, brief: Brief, plan: StrategyPlan) -> SaveCampaign:
        facts = {"brief": _of_brief(brief), "plan": _of_plan(plan)}
        answer = await self.model.ask(Answer.CAMPAIGN, facts, {"strategy_id": plan.strategy_id})
        return cast("SaveCampaign", answer)


@dataclass(frozen=True, slots=True)
class ModelDraftGenerator:
    """A DraftGenerator."""

    model: Model

    async def write(self, subject: DraftSubject) -> SaveDraft:
        facts: dict[str, object] = {
            "brief": _of_brief(subject.brief),
            "plan": _of_plan(subject.plan),
            "campaign": _of_campaign(subject.campaign),
            "tactic": _of_tactic(subject.tactic),
        }
        if subject.previous is not None:
            facts["previousDraft"] = {
                "title": subject.previous.title,
                "body": subject.previous.body,
            }
        if subject.verdict is not None:
            facts["issues"] = _of_verdict(subject.verdict)
        keys = {
            "strategy_id": subject.plan.strategy_id,
            "campaign_id": subject.campaign.campaign_id,
        }
        return cast("SaveDraft", await self.model.ask(Answer.DRAFT, facts, keys))


def _of_brief(brief: Brief) -> Facts:
    scope = brief.scope
    return {
        "responses": brief.responses.to_python(),
        "objectives": brief.objectives,
        "targetAudience": brief.target_audience,
        "deliverables": () if scope is None else scope.deliverables,
        "exclusions": () if scope is None else scope.exclusions,
        "timelineWeeks": None if scope is None else scope.timeline_weeks,
        "brandGuidelines": brief.brand_guidelines.to_python(),
    }


def _of_plan(plan: StrategyPlan) -> Facts:
    return {
        "executiveSummary": plan.executive_summary,
        "kpis": [
            {
                "name": kpi.name,
                "targetValue": kpi.target_value,
                "unit": kpi.unit,
                "timeframeDays": kpi.timeframe_days,
            }
            for kpi in plan.kpis
        ],
        "durationWeeks": plan.timeline.duration_weeks,
        "milestones": [{"name": it.name, "week": it.week} for it in plan.timeline.milestones],
        "recommendations": [
            {
                "channel": it.channel,
                "budgetPercent": it.budget_percent,
                "rationale": it.rationale,
                "tactics": it.tactics,
            }
            for it in plan.recommendations or ()
        ],
    }


def _of_campaign(campaign: Campaign) -> Facts:
    return {
        "name": campaign.name,
        "tactics": [_of_tactic(tactic) for tactic in campaign.tactics or ()],
    }


def _of_tactic(tactic: Tactic) -> Facts:
    return {
        "channel": tactic.channel,
        "contentType": tactic.content_type,
        "title": tactic.title,
    }


def _of_verdict(verdict: QcResult) -> Sequence[Facts]:
    return [
        {"severity": it.severity.value, "section": it.section, "reason": it.reason}
        for it in verdict.issues or ()
    ]
