"""Strategy: versioned plans for a brief, which are approved or rejected."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import ClassVar, Final

from domain import validation as check
from domain.actions import Action, Check, Situation
from domain.deciding import require_other_maker
from domain.entity import Owned, Reference
from domain.errors import InvalidTransition, Violation


class ApprovalState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


_TRANSITIONS = {
    ApprovalState.PENDING: frozenset(ApprovalState),
    ApprovalState.REJECTED: frozenset({ApprovalState.PENDING}),
    ApprovalState.APPROVED: frozenset[ApprovalState](),
}


@dataclass(frozen=True, slots=True)
class Kpi:
    name: str
    target_value: float
    unit: str
    timeframe_days: int

    def violations(self) -> check.Violations:
        yield from check.text("name", self.name, check.NAME_LENGTH)
        yield from check.finite("target_value", self.target_value)
        yield from check.text("unit", self.unit, check.NAME_LENGTH, blank=True)
        yield from check.positive("timeframe_days", self.timeframe_days)


@dataclass(frozen=True, slots=True)
class Milestone(check.RuledPart):
    rules = (
        check.TextRule("name", check.NAME_LENGTH),
        check.TextRule("week", check.NAME_LENGTH, blank=True),
    )

    name: str
    week: str


@dataclass(frozen=True, slots=True)
class StrategyTimeline:
    duration_weeks: int
    milestones: tuple[Milestone, ...] = ()

    def violations(self) -> check.Violations:
        yield from check.positive("duration_weeks", self.duration_weeks)
        yield from check.items("milestones", self.milestones)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A channel to spend on. `budget_percent` is a share of the plan's budget, 0 to 100."""

    channel: str
    budget_percent: float
    rationale: str
    tactics: tuple[str, ...] = ()
    position: int = 0

    def at(self, position: int) -> "Recommendation":
        budget = self.budget_percent + 0.0
        return Recommendation(self.channel, budget, self.rationale, self.tactics, position)

    def violations(self) -> check.Violations:
        yield from check.text("channel", self.channel, check.NAME_LENGTH)
        yield from check.between("budget_percent", self.budget_percent, 0, 100)
        yield from check.text("rationale", self.rationale, check.PROSE_LENGTH, blank=True)
        yield from check.texts("tactics", self.tactics)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlan(Owned):
    """A version of the strategy for a brief.

    It has `recommendations` in position order, or None where it was read without them.
    """

    entity_type: ClassVar[str] = "strategy_plan"
    outcomes: ClassVar[tuple[str, ...]] = ("saved", "approved", "rejected")
    key_name: ClassVar[str] = "strategy_id"
    owner: ClassVar[Reference] = Reference("brief_id", "Brief")

    strategy_id: str
    brief_id: str
    version: int
    executive_summary: str
    kpis: tuple[Kpi, ...]
    timeline: StrategyTimeline
    approval: ApprovalState = ApprovalState.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    recommendations: tuple[Recommendation, ...] | None = None

    @property
    def outcome(self) -> str:
        return "saved" if self.approval is ApprovalState.PENDING else self.approval.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveStrategyPlan:
    strategy_id: str | None = None
    brief_id: str
    version: int | None = None
    executive_summary: str
    kpis: tuple[Kpi, ...] = ()
    timeline: StrategyTimeline
    recommendations: tuple[Recommendation, ...] = ()
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("strategy_id", self.strategy_id)
        yield from check.key("brief_id", self.brief_id)
        yield from check.positive("version", self.version)
        yield from check.text(
            "executive_summary", self.executive_summary, check.PROSE_LENGTH, blank=True
        )
        yield from check.items("kpis", self.kpis)
        yield from check.nested("timeline", self.timeline)
        yield from check.items("recommendations", self.recommendations)
        yield from self._budget_violations()
        yield from check.expected_revision(self.expected_revision)

    def _budget_violations(self) -> check.Violations:
        # Summed as decimals: ten times 0.1 is 1, as the person who typed it means it.
        total = sum(
            (
                Decimal(repr(item.budget_percent))
                for item in self.recommendations
                if isfinite(item.budget_percent)
            ),
            Decimal(0),
        )
        if total > 100:
            yield Violation(
                ("recommendations",), f"budgets must add up to at most 100 percent, not {total}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideStrategyPlan:
    """Approve or reject a plan."""

    strategy_id: str
    decided_by: str | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("strategy_id", self.strategy_id)
        if self.decided_by is not None:
            yield from check.text("decided_by", self.decided_by, check.NAME_LENGTH)
        yield from check.expected_revision(self.expected_revision)


def require_transition(source: ApprovalState, target: ApprovalState) -> None:
    """Raise InvalidTransition unless a plan may go from `source` to `target`.

    APPROVED is final; only PENDING can be decided; saving makes a plan PENDING again.
    """
    if target not in _TRANSITIONS[source]:
        raise InvalidTransition("strategy plan", source, target)


def new_plan(
    command: SaveStrategyPlan, strategy_id: str, version: int, now: datetime
) -> StrategyPlan:
    """The plan as the command describes it, PENDING and without a decision."""
    return StrategyPlan(
        strategy_id=strategy_id,
        brief_id=command.brief_id,
        version=version,
        executive_summary=command.executive_summary,
        kpis=command.kpis,
        timeline=command.timeline,
        recommendations=tuple(
            item.at(position) for position, item in enumerate(command.recommendations)
        ),
        created_at=now,
        updated_at=now,
    )


def decided(
    plan: StrategyPlan, target: ApprovalState, decided_by: str, now: datetime
) -> StrategyPlan:
    """The plan with the decision; raises InvalidTransition where it can't be decided (again)."""
    require_transition(plan.approval, target)
    return replace(plan, approval=target, decided_by=decided_by, decided_at=now, updated_at=now)


def _may_become(target: ApprovalState) -> Check:
    def require(plan: StrategyPlan, _: Situation) -> None:
        require_transition(plan.approval, target)

    return Check("approval", require)


def _require_other_maker(_: StrategyPlan, situation: Situation) -> None:
    require_other_maker(situation.caller, situation.maker, "strategy_id")


SAVE: Final = Action("saveStrategyPlan", (_may_become(ApprovalState.PENDING),))
APPROVE: Final = Action(
    "approveStrategyPlan",
    (_may_become(ApprovalState.APPROVED), Check("strategy_id", _require_other_maker)),
    asks_for_maker=True,
)
REJECT: Final = Action("rejectStrategyPlan", (_may_become(ApprovalState.REJECTED),))
ACTIONS: Final = (SAVE, APPROVE, REJECT, Action("deleteStrategyPlan"))
