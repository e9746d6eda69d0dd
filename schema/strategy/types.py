"""Strategy plans as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import strategy
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.connection_types import Connection
from schema.connections import connection
from schema.fields import children, reference
from schema.history.fields import as_of, history
from schema.node import StoredEntity, client_id, created_at, revision, updated_at
from schema.strategy.enums import ApprovalState

if TYPE_CHECKING:
    from schema.history.types import EventConnection
    from schema.onboarding.types import Brief
    from schema.production.types import Campaign, Draft


@strawberry.type(description="A number that tells whether the strategy works.")
class Kpi:
    name: str = strawberry.field(description="What is measured, such as `Click-through rate`.")
    target_value: float = strawberry.field(description="The number to reach, in `unit`.")
    unit: str = strawberry.field(description="The unit of `targetValue`, such as `%` or `EUR`.")
    timeframe_days: int = strawberry.field(description="In how many days it's to be reached.")


@strawberry.type(description="Something to be reached on the way.")
class Milestone:
    name: str = strawberry.field(description="What is reached.")
    week: str = strawberry.field(description="When, in the agency's words, such as `Week 3`.")


@strawberry.type(description="How long the strategy runs.")
class StrategyTimeline:
    duration_weeks: int = strawberry.field(description="The whole length in weeks.")
    milestones: list[Milestone] = strawberry.field(description="In the order they were given.")


@strawberry.type(description="A channel to spend on, and why.")
class Recommendation:
    position: int = strawberry.field(description="Its place among the plan's: 0, 1, 2 …")
    channel: str = strawberry.field(description="Where, such as `Paid search`.")
    budget_percent: float = strawberry.field(
        description="Its share of the budget in percent; a plan's add up to at most 100."
    )
    rationale: str = strawberry.field(description="Why this channel.")
    tactics: list[str] = strawberry.field(description="What to do there.")


@strawberry.type(
    description=(
        "A version of the strategy for a brief: what to reach, in what time and on which "
        "channels. It's decided by `approveStrategyPlan` or `rejectStrategyPlan`."
    )
)
class StrategyPlan(StoredEntity):
    record_type = strategy.StrategyPlan

    strategy_id: strawberry.ID = strawberry.field(description="The business key of the plan.")
    brief_id: strawberry.ID = strawberry.field(description="The brief that it answers.")
    version: int = strawberry.field(description="Its number among the brief's plans, from 1.")
    executive_summary: str = strawberry.field(description="The strategy in short.")
    kpis: list[Kpi] = strawberry.field(description="What success is measured by, in order.")
    timeline: StrategyTimeline = strawberry.field(description="How long it runs.")
    approval: ApprovalState = strawberry.field(
        description=(
            "What was decided on it. Campaigns and drafts are saved for a plan in any state."
        )
    )
    decided_by: str | None = strawberry.field(
        description="Who approved or rejected it; null while PENDING."
    )
    decided_at: datetime | None = strawberry.field(
        description="When it was approved or rejected; null while PENDING."
    )
    recommendations: list[Recommendation] = children(
        "The channels to spend on, in position order.",
        attribute="recommendations",
        key="strategy_id",
        loader=lambda loaders: loaders.strategy_plans.recommendations_by_strategy_id,
    )
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions(strategy.ACTIONS)
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: StrategyPlan | None = as_of()
    brief: Annotated[Brief, strawberry.lazy("schema.onboarding.types")] | None = reference(
        "The brief that it answers; null when that isn't stored.",
        key="brief_id",
        entity_type=Entities.briefs,
    )
    campaigns: Connection[Annotated[Campaign, strawberry.lazy("schema.production.types")]] = (
        connection(
            Entities.campaigns,
            "The campaigns that carry it out.",
            by="strategy_id",
            related=lambda loaders: loaders.campaigns.campaigns_by_strategy_id,
        )
    )
    drafts: Connection[Annotated[Draft, strawberry.lazy("schema.production.types")]] = connection(
        Entities.drafts,
        "The drafts written for it.",
        by="strategy_id",
        related=lambda loaders: loaders.drafts.drafts_by_strategy_id,
    )
