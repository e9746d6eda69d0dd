"""Inputs for strategy plans: commands, filters and orders."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from domain import strategy
from repositories.criteria import Direction
from repositories.registry import Entities
from schema.commands import command_input, deletion_of, expected_revision, optional, required
from schema.descriptions import (
    DECIDER,
    ITEMS,
    KEY,
    LABEL,
    NAME,
    OWN_KEY,
    PROSE,
    TEXTS,
    UNCHECKED,
    describe_enum,
)
from schema.filtering import (
    ALL_HOLD,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    NullableDateTimeFilter,
    NullableIDFilter,
    NullableStringFilter,
    StringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.strategy.enums import ApprovalState


@command_input(strategy.Kpi, "A number that tells whether the strategy works.")
class KpiInput:
    name: str = required("What is measured.", NAME)
    target_value: float = required("The number to reach, in `unit`.")
    unit: str = required("The unit of `targetValue`, such as `%` or `EUR`.", LABEL)
    timeframe_days: int = required("In how many days it's to be reached: 1 or more.")


@command_input(strategy.Milestone, "Something to be reached on the way.")
class MilestoneInput:
    name: str = required("What is reached.", NAME)
    week: str = required("When, in the agency's words, such as `Week 3`.", LABEL)


@command_input(strategy.StrategyTimeline, "How long the strategy runs.")
class StrategyTimelineInput:
    duration_weeks: int = required("The whole length in weeks: 1 or more.")
    milestones: list[MilestoneInput] | None = optional("In order; none by default.", ITEMS)


@command_input(strategy.Recommendation, "A channel to spend on, and why.")
class RecommendationInput:
    channel: str = required("Where, such as `Paid search`.", NAME)
    budget_percent: float = required(
        "Its share of the budget in percent, from 0 to 100; a plan's add up to at most 100, "
        "summed as decimals."
    )
    rationale: str = required("Why this channel.", PROSE)
    tactics: list[str] | None = optional("What to do there; nothing by default.", TEXTS)


@command_input(
    strategy.SaveStrategyPlan,
    "A strategy plan, whole. A stored plan is replaced and becomes PENDING; an APPROVED one "
    "is refused.",
)
class SaveStrategyPlanInput:
    strategy_id: strawberry.ID | None = optional(
        "The plan's key. Left out, the plan with this `version` of the brief is meant, if there is "
        "one.",
        OWN_KEY,
        KEY,
    )
    brief_id: strawberry.ID = required(
        "The brief that it answers; a plan never moves to another.", UNCHECKED, KEY
    )
    version: int | None = optional(
        "Its number among the brief's plans, 1 or more. Left out, a stored plan keeps its own and "
        "a new one gets the next."
    )
    executive_summary: str = required("The strategy in short.", PROSE)
    kpis: list[KpiInput] | None = optional(
        "What success is measured by; nothing by default.", ITEMS
    )
    timeline: StrategyTimelineInput = required("How long it runs.")
    recommendations: list[RecommendationInput] | None = optional(
        "The channels to spend on, in order; none by default. Their budgets add up to at most 100 "
        "percent.",
        ITEMS,
    )
    expected_revision: int | None = expected_revision()


@command_input(strategy.DecideStrategyPlan, "Which plan to approve. Only PENDING plans can be.")
class ApproveStrategyPlanInput:
    strategy_id: strawberry.ID = required("The plan that is approved.", KEY)
    decided_by: str | None = optional("Who approves it.", DECIDER, NAME)
    expected_revision: int | None = expected_revision()


@command_input(strategy.DecideStrategyPlan, "Which plan to reject. Only PENDING plans can be.")
class RejectStrategyPlanInput:
    strategy_id: strawberry.ID = required("The plan that is rejected.", KEY)
    decided_by: str | None = optional("Who rejects it.", DECIDER, NAME)
    expected_revision: int | None = expected_revision()


@command_input(deletion_of(Entities.strategy_plans), "Which plan to delete.")
class DeleteStrategyPlanInput:
    strategy_id: strawberry.ID = required("The plan that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on an approval; {ALL_HOLD}")
class ApprovalStateFilter(EnumFilter[ApprovalState]):
    pass


@strawberry.input(description=f"Conditions on strategy plans; {ALL_HOLD}")
class StrategyPlanFilter:
    strategy_id: IDFilter | None = on("strategyId")
    brief_id: IDFilter | None = on("briefId")
    version: IntFilter | None = on("version")
    executive_summary: StringFilter | None = on("executiveSummary")
    approval: ApprovalStateFilter | None = on("approval")
    decided_by: NullableStringFilter | None = on("decidedBy")
    decided_at: NullableDateTimeFilter | None = on("decidedAt")
    client_id: NullableIDFilter | None = on("clientId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[StrategyPlanFilter] | None = all_of()
    or_: list[StrategyPlanFilter] | None = any_of()
    not_: StrategyPlanFilter | None = none_of()


class StrategyPlanOrderField(StrEnum):
    STRATEGY_ID = "strategy_id"
    BRIEF_ID = "brief_id"
    VERSION = "version"
    APPROVAL = "approval"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    StrategyPlanOrderField,
    "What strategy plans can be ordered by.",
    STRATEGY_ID="By `strategyId`.",
    BRIEF_ID="By `briefId`.",
    VERSION="By `version`.",
    APPROVAL="By the name of the `approval`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of strategy plans.")
class StrategyPlanOrder:
    field: StrategyPlanOrderField = order_field()
    direction: Direction = order_direction()
