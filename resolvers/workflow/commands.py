"""Starting, cancelling and retrying runs; servers carry them out."""

from dataclasses import replace
from typing import Final

from domain import run_transitions, workflow
from domain.entity import require_revision
from domain.errors import NotFound
from domain.validation import require_valid
from domain.workflow import (
    ENDED,
    CancelRun,
    RetryRun,
    Run,
    RunStatus,
    StartRun,
    require_cancellable,
)
from repositories.criteria import NEWEST_FIRST, AllOf, Comparison, Operator, PageRequest
from repositories.jobs import Queue
from repositories.unit_of_work import UnitOfWork

_RUNS_AT_ONCE: Final = 100


async def start_run(unit: UnitOfWork, command: StartRun) -> Run:
    """It may be repeated with a key of the caller's own: the run that has it is returned then.

    Raises ValidationFailed, NotFound.
    """
    require_valid(command)
    if command.run_id is not None:
        await unit.runs.lock_key(command.run_id)
        stored = await run_for_update(unit, command.run_id)
        if stored is not None:
            workflow.require_same(stored, command, unit.caller.id)
            return stored
    if await unit.briefs.get(command.brief_id) is None:
        raise NotFound("brief", "brief_id", command.brief_id)
    run_id = command.run_id or unit.new_key("run")
    new = workflow.new_run(command, run_id, unit.caller.id, unit.now)
    started = await unit.runs.save(new)
    jobs = unit.queue(Queue.RUNS)
    await jobs.add(started.run_id, unit.caller, await jobs.time(unit.now))
    return started


async def cancel_run(unit: UnitOfWork, command: CancelRun) -> Run:
    """It may be repeated.

    Raises ValidationFailed, NotFound, RevisionConflict, InvalidTransition.
    """
    require_valid(command)
    stored = await _woken(unit, command.run_id, command.expected_revision)
    require_cancellable(stored)
    if stored.cancelled_at is not None and stored.status is not RunStatus.FAILED:
        return stored
    return await unit.runs.save(run_transitions.cancelled(stored, unit.now))


async def retry_run(unit: UnitOfWork, command: RetryRun) -> Run:
    """Raises ValidationFailed, NotFound, RevisionConflict, InvalidTransition."""
    require_valid(command)
    stored = await _woken(unit, command.run_id, command.expected_revision)
    return await unit.runs.save(run_transitions.retried(stored, unit.now))


async def wake_runs_of(unit: UnitOfWork, strategy_id: str) -> None:
    """Let the runs go on that wait for the decision about a plan.

    It's part of the unit of work that decides: a run that looks at the plan later sees the
    decision, and one that has looked before it is due again.
    """
    is_of_plan = Comparison("strategy_id", Operator.EQ, strategy_id)
    is_waiting = Comparison(
        "status", Operator.IN, (RunStatus.RUNNING.value, RunStatus.WAITING_APPROVAL.value)
    )
    request = PageRequest(_RUNS_AT_ONCE, NEWEST_FIRST, AllOf((is_of_plan, is_waiting)))
    page = await unit.runs.page(request)
    if page.items:
        jobs = unit.queue(Queue.RUNS)
        await jobs.wake([run.run_id for run in page.items], await jobs.time(unit.now))


async def _woken(unit: UnitOfWork, run_id: str, expected_revision: int | None) -> Run:
    """The run with its steps, which nobody else changes; a server is going to look at it.

    Its job is locked first, as by who carries it out: so neither waits for the other's lock.
    """
    jobs = unit.queue(Queue.RUNS)
    now = await jobs.time(unit.now)
    is_there = await jobs.wake([run_id], now)
    stored = await run_for_update(unit, run_id)
    if stored is None:
        raise NotFound("run", "run_id", run_id)
    require_revision(stored, expected_revision)
    if not is_there and stored.status not in ENDED:
        # Its caller saw it no more: the brief was another client's, or gone.
        await jobs.add(run_id, unit.caller, now)
    return stored


async def run_for_update(unit: UnitOfWork, run_id: str) -> Run | None:
    """The run with its steps, which nobody else changes before this unit of work ends."""
    stored = await unit.runs.get_for_update(run_id)
    if stored is None:
        return None
    steps = await unit.runs.steps_by_run_id([run_id])
    return replace(stored, steps=steps.get(run_id, ()))
