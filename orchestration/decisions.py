"""Decisions about plans: they are stored together with what they set going."""

from domain.strategy import DecideStrategyPlan, StrategyPlan
from repositories.unit_of_work import UnitOfWork
from resolvers.strategy.commands import approve_strategy_plan, reject_strategy_plan
from resolvers.workflow.commands import wake_runs_of


async def approve_plan(unit: UnitOfWork, command: DecideStrategyPlan) -> StrategyPlan:
    """Raises as `approve_strategy_plan` does."""
    decided = await approve_strategy_plan(unit, command)
    await wake_runs_of(unit, decided.strategy_id)
    return decided


async def reject_plan(unit: UnitOfWork, command: DecideStrategyPlan) -> StrategyPlan:
    """Raises as `reject_strategy_plan` does."""
    decided = await reject_strategy_plan(unit, command)
    await wake_runs_of(unit, decided.strategy_id)
    return decided
