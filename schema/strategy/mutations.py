"""Changing strategy plans."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.deletion import Delete
from domain.strategy import DecideStrategyPlan, SaveStrategyPlan
from resolvers.strategy import commands
from schema.commands import sent_as
from schema.context import Info
from schema.entities import STRATEGY_PLANS
from schema.mutations import DeletePayload, Payload, entity, run, run_delete
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
    @strawberry.mutation(
        description="Save a strategy plan, new or in place of the stored one, as PENDING."
    )
    async def save_strategy_plan(
        self, info: Info, input: Annotated[SaveStrategyPlan, sent_as(SaveStrategyPlanInput)]
    ) -> SaveStrategyPlanPayload | None:
        return await run(
            info, SaveStrategyPlanPayload, "strategy_plan", commands.save_strategy_plan, input
        )

    @strawberry.mutation(description="Approve a PENDING strategy plan, which is final.")
    async def approve_strategy_plan(
        self, info: Info, input: Annotated[DecideStrategyPlan, sent_as(ApproveStrategyPlanInput)]
    ) -> ApproveStrategyPlanPayload | None:
        return await run(
            info,
            ApproveStrategyPlanPayload,
            "strategy_plan",
            commands.approve_strategy_plan,
            input,
        )

    @strawberry.mutation(description="Reject a PENDING strategy plan; it may be saved again.")
    async def reject_strategy_plan(
        self, info: Info, input: Annotated[DecideStrategyPlan, sent_as(RejectStrategyPlanInput)]
    ) -> RejectStrategyPlanPayload | None:
        return await run(
            info, RejectStrategyPlanPayload, "strategy_plan", commands.reject_strategy_plan, input
        )

    @strawberry.mutation(
        description="Delete a strategy plan. Its campaigns and drafts stay where they are."
    )
    async def delete_strategy_plan(
        self, info: Info, input: Annotated[Delete, sent_as(DeleteStrategyPlanInput)]
    ) -> DeleteStrategyPlanPayload | None:
        return await run_delete(
            info, DeleteStrategyPlanPayload, STRATEGY_PLANS, commands.delete_strategy_plan, input
        )
