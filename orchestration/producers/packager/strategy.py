"""The strategy plan as a PDF: what is in it, in words that a client reads."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from domain.onboarding import Brief
from domain.production import Campaign
from domain.strategy import ApprovalState, Kpi, StrategyPlan
from orchestration.producers.briefs.material import material_of
from orchestration.producers.packager.texts import language_of, shortened

_BEFORE: Final = frozenset("$€£¥")
"""Units that stand before their number."""
_HEADER_LENGTH: Final = 70
_LARGEST: Final = 1_000_000_000_000_000

Content = Mapping[str, object]


def strategy_content(brief: Brief, plan: StrategyPlan, campaign: Campaign) -> Content:
    """What the template shows: a JSON object of texts and numbers."""
    scope = brief.scope
    at = plan.decided_at if plan.approval is ApprovalState.APPROVED else None
    at = at or plan.updated_at
    recommendations = plan.recommendations or ()
    language, _, region = language_of(brief.brand_guidelines).partition("-")
    return {
        "kind": "Strategy plan",
        "title": campaign.name,
        "shortTitle": shortened(campaign.name, _HEADER_LENGTH),
        "titleSize": _title_size(campaign.name),
        "client": material_of(brief).company or None,
        "edition": _edition(plan),
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "language": language.lower(),
        "region": region.upper() or None,
        "summary": _paragraphs(plan.executive_summary),
        "objectives": _lines(brief.objectives),
        "audience": _paragraphs(brief.target_audience or ""),
        "deliverables": _lines(scope.deliverables if scope else ()),
        "exclusions": _lines(scope.exclusions if scope else ()),
        "kpis": [
            {"name": kpi.name, "target": _target(kpi), "within": _days(kpi.timeframe_days)}
            for kpi in plan.kpis
        ],
        "recommendations": [
            {
                "channel": it.channel,
                "percent": it.budget_percent,
                "share": f"{it.budget_percent:.6g}%",
                "rationale": _paragraphs(it.rationale),
                "tactics": _lines(it.tactics),
            }
            for it in recommendations
        ],
        "unassigned": _unassigned([it.budget_percent for it in recommendations]),
        "duration": _counted(plan.timeline.duration_weeks, "week"),
        "milestones": [
            {"name": it.name, "week": _week(it.week)} for it in plan.timeline.milestones
        ],
        "campaign": campaign.name,
        "tactics": [
            {"channel": it.channel, "content": _in_words(it.content_type), "title": it.title}
            for it in campaign.tactics or ()
        ],
    }


def _edition(plan: StrategyPlan) -> str:
    state = "approved" if plan.approval is ApprovalState.APPROVED else "of"
    return f"Version {plan.version}, {state}"


def _title_size(title: str) -> int:
    """In points, so that the longest title has room on its page."""
    return 34 if len(title) <= 60 else 24 if len(title) <= 160 else 17


def _target(kpi: Kpi) -> str:
    value, unit = kpi.target_value, kpi.unit.strip()
    is_whole = value.is_integer() and abs(value) < _LARGEST
    number = f"{value:,.0f}" if is_whole else f"{value:,.10g}"
    if unit in _BEFORE:
        return f"{unit}{number}"
    return f"{number}{unit}" if not unit or unit.startswith("%") else f"{number} {unit}"


def _days(days: int) -> str:
    return _counted(days // 7, "week") if days % 7 == 0 else _counted(days, "day")


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _unassigned(percents: Iterable[float]) -> str | None:
    # As decimals, as the rule of the plan adds them up.
    left = 100 - sum((Decimal(repr(percent)) for percent in percents), Decimal(0))
    return f"{float(left):.6g}%" if left > 0 else None


def _week(week: str) -> str:
    return f"Week {week.strip()}" if week.strip().isdecimal() else week


def _in_words(name: str) -> str:
    """`blog_post` as a client reads it: `Blog post`."""
    words = re.sub(r"[\s_-]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def _paragraphs(text: str) -> Sequence[str]:
    return _lines(re.split(r"\n\s*\n", text.replace("\r\n", "\n")))


def _lines(texts: Iterable[str]) -> Sequence[str]:
    return [text.strip() for text in texts if text.strip()]
