"""Changing strategy plans."""

from collections.abc import Sequence

from domain import strategy
from domain.actions import Action, Situation
from domain.bulk import Bulk
from domain.deciding import decider
from domain.deletion import Delete
from domain.entity import require_revision
from domain.errors import DomainError, NotFound, ValidationFailed
from domain.strategy import ApprovalState, DecideStrategyPlan, SaveStrategyPlan, StrategyPlan
from domain.validation import INT_MAX, require_valid
from repositories.strategy.contract import PlanRepository
from repositories.unit_of_work import UnitOfWork
from resolvers.bulk import Rows
from resolvers.deletion import delete_stored
from resolvers.makers import makers_of


async def save_strategy_plan(unit: UnitOfWork, command: SaveStrategyPlan) -> StrategyPlan:
    """Raises ValidationFailed, RevisionConflict, InvalidTransition."""
    require_valid(command)
    await unit.strategy_plans.lock_brief(command.brief_id)
    return await unit.strategy_plans.save(await _planned(unit, command))


async def save_strategy_plans(
    unit: UnitOfWork, bulk: Bulk[SaveStrategyPlan]
) -> Sequence[StrategyPlan | DomainError]:
    """What became of each row. Plans of one brief get their versions in the order of the rows.

    Raises ValidationFailed, BulkRejected.
    """
    rows = Rows[SaveStrategyPlan, StrategyPlan](bulk)
    plans = unit.strategy_plans

    async def save(command: SaveStrategyPlan) -> StrategyPlan:
        # Unlike `save`, it repeats the unit of work where a plan can't stay that was saved.
        [outcome] = await plans.save_many([await _planned(unit, command)], [None])
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    for brief_id in sorted({row.brief_id for row in rows.left}):
        await plans.lock_brief(brief_id)
    await rows.save_each(save)
    return rows.outcomes


async def _planned(unit: UnitOfWork, command: SaveStrategyPlan) -> StrategyPlan:
    """The plan that the command makes of what is stored, under the lock on its brief."""
    plans = unit.strategy_plans
    current = await _addressed(plans, command)
    version = await _version(plans, command, current)
    require_revision(current, command.expected_revision)
    if current is not None:
        strategy.SAVE.require(current, Situation(unit.caller))
        strategy_id = current.strategy_id
    else:
        strategy_id = command.strategy_id or unit.new_key("plan")
    return strategy.new_plan(command, strategy_id, version, unit.now)


async def approve_strategy_plan(unit: UnitOfWork, command: DecideStrategyPlan) -> StrategyPlan:
    """Raises ValidationFailed, NotFound, RevisionConflict, InvalidTransition, NotAllowed."""
    return await _decide(unit, command, strategy.APPROVE, ApprovalState.APPROVED)


async def reject_strategy_plan(unit: UnitOfWork, command: DecideStrategyPlan) -> StrategyPlan:
    """Raises ValidationFailed, NotFound, RevisionConflict, InvalidTransition, NotAllowed."""
    return await _decide(unit, command, strategy.REJECT, ApprovalState.REJECTED)


async def delete_strategy_plan(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    await _lock(unit.strategy_plans, command.key)
    return await delete_stored(unit.strategy_plans, command, "strategy plan")


async def _addressed(plans: PlanRepository, command: SaveStrategyPlan) -> StrategyPlan | None:
    """The stored plan that the command replaces, under its lock."""
    strategy_id = command.strategy_id
    if strategy_id is None and command.version is not None:
        holder = await _holder(plans, command.brief_id, command.version)
        strategy_id = holder.strategy_id if holder else None
    if strategy_id is None:
        return None
    current = await plans.get_for_update(strategy_id)
    if current is not None and current.brief_id != command.brief_id:
        raise ValidationFailed.at("brief_id", "a plan can't move to another brief")
    return current


async def _version(
    plans: PlanRepository, command: SaveStrategyPlan, current: StrategyPlan | None
) -> int:
    if command.version is None:
        if current is not None:
            return current.version
        last = await plans.last_version(command.brief_id)
        # A plan that the caller doesn't see is of a brief that isn't for it: saving refuses that.
        if last == INT_MAX and await _holder(plans, command.brief_id, last) is not None:
            raise ValidationFailed.at("version", "this brief has no higher one left")
        return min(last + 1, INT_MAX)
    is_taken_over = current is None or current.version != command.version
    if is_taken_over and await _holder(plans, command.brief_id, command.version) is not None:
        raise ValidationFailed.at("version", "another plan of this brief has it")
    return command.version


async def _holder(plans: PlanRepository, brief_id: str, version: int) -> StrategyPlan | None:
    return (await plans.get_many_by_version([(brief_id, version)])).get((brief_id, version))


async def _lock(plans: PlanRepository, strategy_id: str) -> None:
    stored = await plans.get(strategy_id)
    if stored is not None:
        await plans.lock_brief(stored.brief_id)


async def _decide(
    unit: UnitOfWork, command: DecideStrategyPlan, action: Action, target: ApprovalState
) -> StrategyPlan:
    require_valid(command)
    decided_by = decider(unit.caller, command.decided_by)
    plans = unit.strategy_plans
    await _lock(plans, command.strategy_id)
    plan = await plans.get_for_update(command.strategy_id)
    if plan is None:
        raise NotFound("strategy plan", "strategy_id", command.strategy_id)
    require_revision(plan, command.expected_revision)
    [maker] = await makers_of(unit.events, unit.caller, [plan]) if action.asks_for_maker else [None]
    action.require(plan, Situation(unit.caller, maker))
    return await plans.save(strategy.decided(plan, target, decided_by, unit.now))
