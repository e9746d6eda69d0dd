"""Following strategy plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain import strategy
from domain.scopes import Scope
from repositories.registry import Entities
from schema.changes import (
    FOLLOWED_KEY,
    IN_ORDER,
    AfterEvent,
    EntityChange,
    changed_entity,
    changed_key,
    changes_of,
)
from schema.context import Info
from schema.scopes import for_scope
from schema.strategy.types import StrategyPlan


@strawberry.type(description="A strategy plan was saved or deleted.")
class StrategyPlanChange(EntityChange):
    strategy_id: strawberry.ID = changed_key("The business key of the plan.")
    strategy_plan: StrategyPlan | None = changed_entity(
        Entities.strategy_plans, StrategyPlan, "plan"
    )


@strawberry.type
class StrategySubscription:
    @strawberry.subscription(
        graphql_type=StrategyPlanChange,
        **for_scope(Scope.STRATEGY_READ, f"The changes of a strategy plan. {IN_ORDER}"),
    )
    async def strategy_plan_changed(
        self,
        info: Info,
        strategy_id: Annotated[
            strawberry.ID,
            strawberry.argument(description=f"The key of the plan. {FOLLOWED_KEY}"),
        ],
        after: AfterEvent = UNSET,
    ) -> AsyncIterator[Any]:
        return await changes_of(info, strategy.StrategyPlan, strategy_id, after)
