"""Reading strategy plans."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.errors import BadUserInput
from schema.lookups import Found, lookup
from schema.strategy.types import StrategyPlan


def _strategy_plan(
    loaders: Loaders,
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
) -> Found:
    plans = loaders.strategy_plans
    match tuple(None if value is UNSET else value for value in (strategy_id, brief_id, version)):
        case (str() as key, None, None):
            return plans.by_key, key
        case (None, str() as brief, int() as number):
            return plans.by_version, (brief, number)
        case _:
            raise BadUserInput(
                "strategyPlan: give either strategyId, or briefId together with version."
            )


@strawberry.type
class StrategyQuery:
    strategy_plan: StrategyPlan | None = lookup(
        _strategy_plan,
        "A strategy plan, by either `strategyId`, or `briefId` with `version`; null when there is "
        "none.",
        Scope.STRATEGY_READ,
    )
    strategy_plans: Connection[StrategyPlan] = connection(
        Entities.strategy_plans, "All strategy plans, page by page."
    )
