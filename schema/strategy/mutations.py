"""Changing strategy plans."""

from __future__ import annotations

import strawberry

from domain.scopes import Scope
from orchestration import decisions
from repositories.registry import Entities
from resolvers.strategy import commands
from schema.mutations import DeletePayload, Payload, deletion, entity, mutation
from schema.strategy.inputs import (
    ApproveStrategyPlanInput,
    DeleteStrategyPlanInput,
    RejectStrategyPlanInput,
    SaveStrategyPlanInput,
)
from schema.strategy.types import StrategyPlan


@strawberry.type(description="The outcome of `saveStrategyPlan`.")
class SaveStrategyPlanPayload(Payload):
    strategy_plan: StrategyPlan | None = entity()


@strawberry.type(description="The outcome of `approveStrategyPlan`.")
class ApproveStrategyPlanPayload(Payload):
    strategy_plan: StrategyPlan | None = entity()


@strawberry.type(description="The outcome of `rejectStrategyPlan`.")
class RejectStrategyPlanPayload(Payload):
    strategy_plan: StrategyPlan | None = entity()


@strawberry.type(description="The outcome of `deleteStrategyPlan`.")
class DeleteStrategyPlanPayload(DeletePayload):
    pass


@strawberry.type
class StrategyMutation:
    save_strategy_plan: SaveStrategyPlanPayload | None = mutation(
        "Save a strategy plan, new or in place of the stored one, as PENDING.",
        SaveStrategyPlanPayload,
        SaveStrategyPlanInput,
        commands.save_strategy_plan,
        scope=Scope.STRATEGY_WRITE,
        outcome="strategy_plan",
    )
    approve_strategy_plan: ApproveStrategyPlanPayload | None = mutation(
        "Approve a PENDING strategy plan, which is final.",
        ApproveStrategyPlanPayload,
        ApproveStrategyPlanInput,
        decisions.approve_plan,
        scope=Scope.STRATEGY_APPROVE,
        outcome="strategy_plan",
    )
    reject_strategy_plan: RejectStrategyPlanPayload | None = mutation(
        "Reject a PENDING strategy plan; it may be saved again.",
        RejectStrategyPlanPayload,
        RejectStrategyPlanInput,
        decisions.reject_plan,
        scope=Scope.STRATEGY_APPROVE,
        outcome="strategy_plan",
    )
    delete_strategy_plan: DeleteStrategyPlanPayload | None = deletion(
        "Delete a strategy plan. Its campaigns and drafts stay where they are.",
        DeleteStrategyPlanPayload,
        DeleteStrategyPlanInput,
        commands.delete_strategy_plan,
        scope=Scope.STRATEGY_WRITE,
        entity_type=Entities.strategy_plans,
    )
