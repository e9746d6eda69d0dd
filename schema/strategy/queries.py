"""Reading strategy plans."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.entities import STRATEGY_PLANS
from schema.errors import BadUserInput
from schema.pagination import Connection, connection
from schema.strategy.types import StrategyPlan


async def _strategy_plan(
    info: Info,
    strategy_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="The plan's key.")
    ] = UNSET,
    brief_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The plan's brief, together with `version`."),
    ] = UNSET,
    version: Annotated[
        int | None,
        strawberry.argument(description="The plan's version, together with `briefId`."),
    ] = UNSET,
) -> Any:
    plans = info.context.loaders.strategy_plans
    match tuple(None if value is UNSET else value for value in (strategy_id, brief_id, version)):
        case (str() as key, None, None):
            return await plans.by_key.load(key)
        case (None, str() as brief, int() as number):
            return await plans.by_version.load((brief, number))
        case _:
            raise BadUserInput(
                "strategyPlan: give either strategyId, or briefId together with version."
            )


@strawberry.type
class StrategyQuery:
    strategy_plan: StrategyPlan | None = strawberry.field(
        resolver=_strategy_plan,
        description=(
            "A strategy plan, by either `strategyId`, or `briefId` with `version`; null when "
            "there is none."
        ),
    )
    strategy_plans: Connection[StrategyPlan] = connection(
        STRATEGY_PLANS, "All strategy plans, page by page."
    )
