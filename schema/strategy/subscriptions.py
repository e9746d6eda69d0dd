"""Following strategy plans."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.strategy.types import StrategyPlan


@strawberry.type(description="A strategy plan was saved or deleted.")
class StrategyPlanChange(EntityChange):
    strategy_id: strawberry.ID = changed_key("The business key of the plan.")
    strategy_plan: StrategyPlan | None = changed_entity(
        Entities.strategy_plans, StrategyPlan, "plan"
    )


@strawberry.type
class StrategySubscription:
    strategy_plan_changed: StrategyPlanChange = changes(
        Entities.strategy_plans, StrategyPlanChange, "a strategy plan", "plan"
    )
