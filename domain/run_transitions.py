"""How runs go on: each function gives the run after something has happened to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from domain.entity import in_places
from domain.errors import InvalidTransition
from domain.workflow import (
    CANCELLABLE,
    STEPS_OF_A_TACTIC,
    UNDONE,
    Produced,
    Run,
    RunStatus,
    RunStep,
    RunStepStatus,
    require_failed,
)

_MAX_ERROR: Final = 2_000
"""How many characters of an error are kept."""
_EXPECTED_TACTICS: Final = 3
"""So many tactics a run is taken to have, as long as its campaign isn't there."""


def taken_up(run: Run, now: datetime) -> Run:
    """The run as a server goes on with it: its step has begun, once more."""
    step = run.current
    is_waiting = run.status is RunStatus.WAITING_APPROVAL
    if step is None or is_waiting or run.status not in (RunStatus.PENDING, RunStatus.RUNNING):
        return run
    return _with_step(replace(run, status=RunStatus.RUNNING), _begun(step, now), now)


def succeeded(
    run: Run,
    produced: Produced | None,
    now: datetime,
    *,
    then: Sequence[RunStep] = (),
    strategy_id: str | None = None,
    campaign_id: str | None = None,
) -> Run:
    """The run after its step has done its work, at the next one, which has begun; or at its end.

    The steps of `then` are put behind the step. Without `produced` there was nothing to do.
    """
    step = _current(run)
    status = RunStepStatus.SUCCEEDED
    done = _with_product(replace(step, status=status, finished_at=now, error=None), produced)
    return _finished(run, done, then, now, strategy_id=strategy_id, campaign_id=campaign_id)


def skipped(run: Run, now: datetime) -> Run:
    """The run after a step that had nothing to do."""
    step = _current(run)
    started_at = step.started_at or now
    done = replace(step, status=RunStepStatus.SKIPPED, started_at=started_at, finished_at=now)
    return _finished(run, replace(done, error=None), (), now)


def waiting(run: Run, now: datetime) -> Run:
    """The run, which waits for a person. Where it does so already, it's the same."""
    step = _current(run)
    if run.status is RunStatus.WAITING_APPROVAL and step.status is RunStepStatus.WAITING:
        return run
    found = replace(step, status=RunStepStatus.WAITING, error=None)
    return _with_step(replace(run, status=RunStatus.WAITING_APPROVAL), found, now)


def put_off(run: Run, error: str, now: datetime) -> Run:
    """The run, whose step failed and is tried again, or undone again, later."""
    if run.status is RunStatus.COMPENSATING:
        step = _to_undo(run)
        return _with_step(run, replace(step, attempts=step.attempts + 1, error=_cut(error)), now)
    again = replace(_current(run), status=RunStepStatus.PENDING, error=_cut(error))
    return _with_step(run, again, now)


def failed(run: Run, error: str, now: datetime, produced: Produced | None = None) -> Run:
    """The run, which goes no further until it's retried. Its step has made `produced` all the
    same."""
    step = _current(run)
    error = _cut(error)
    ended = replace(step, status=RunStepStatus.FAILED, error=error, finished_at=now)
    found = replace(run, status=RunStatus.FAILED, error=error, finished_at=now)
    return _with_step(found, _with_product(ended, produced), now)


def cancelled(run: Run, now: datetime) -> Run:
    """The run, which removes what it has made from now on; or has ended, where that is nothing.

    Raises InvalidTransition where it has succeeded, or was cancelled.
    """
    if run.status not in CANCELLABLE:
        raise InvalidTransition("run", run.status, RunStatus.COMPENSATING)
    steps = tuple(_left(step, now) for step in run.journal)
    found = replace(
        run, steps=steps, error=None, cancelled_at=run.cancelled_at or now, updated_at=now
    )
    if found.to_undo is None:
        return replace(found, status=RunStatus.CANCELLED, finished_at=now)
    return replace(found, status=RunStatus.COMPENSATING, finished_at=None)


def retried(run: Run, now: datetime) -> Run:
    """The run, which goes on with the step that failed, or with removing what it has made.

    Raises InvalidTransition unless it has failed.
    """
    require_failed(run)
    is_cancelled = run.cancelled_at is not None
    target = RunStatus.COMPENSATING if is_cancelled else RunStatus.RUNNING
    found = replace(run, status=target, error=None, finished_at=None, updated_at=now)
    step = run.to_undo if is_cancelled else run.current
    if step is None:
        return found
    status = step.status if is_cancelled else RunStepStatus.PENDING
    finished_at = step.finished_at if is_cancelled else None
    again = replace(step, status=status, attempts=0, error=None, finished_at=finished_at)
    return _with_step(found, again, now)


def undone(run: Run, why_kept: str | None, now: datetime) -> Run:
    """The run after it has removed what its last step has made, or has left it for this reason."""
    step = _to_undo(run)
    done = replace(step, attempts=step.attempts + 1, finished_at=now, error=None)
    if why_kept is None:
        done = replace(done, status=RunStepStatus.COMPENSATED)
    else:
        done = replace(done, status=RunStepStatus.KEPT, error=_cut(why_kept))
    found = _with_step(run, done, now)
    if found.to_undo is not None:
        return found
    return replace(found, status=RunStatus.COMPENSATED, finished_at=now)


def compensation_failed(run: Run, error: str, now: datetime) -> Run:
    """The run, which removes no more until it's retried."""
    error = _cut(error)
    found = replace(run, status=RunStatus.FAILED, error=error, finished_at=now)
    return _with_step(found, replace(_to_undo(run), error=error), now)


def _current(run: Run) -> RunStep:
    step = run.current
    assert step is not None, "the run has a step to go on with"
    return step


def _to_undo(run: Run) -> RunStep:
    step = run.to_undo
    assert step is not None, "the run has a product to remove"
    return step


def _begun(step: RunStep, now: datetime) -> RunStep:
    return replace(
        step,
        status=RunStepStatus.RUNNING,
        attempts=step.attempts + 1,
        started_at=step.started_at or now,
    )


def _left(step: RunStep, now: datetime) -> RunStep:
    """The step of a run that is cancelled: what hasn't begun doesn't, and what has made something
    is to be undone."""
    if step.produced is not None:
        return step if step.status in UNDONE else replace(step, attempts=0)
    if step.is_finished or step.status is RunStepStatus.FAILED:
        return step
    return replace(step, status=RunStepStatus.SKIPPED, finished_at=now, error=None)


def _with_product(step: RunStep, produced: Produced | None) -> RunStep:
    if produced is None:
        return step
    return replace(
        step,
        produced_type=produced.type_name,
        produced_key=produced.key,
        produced_revision=produced.revision,
    )


def _finished(
    run: Run,
    done: RunStep,
    then: Sequence[RunStep],
    now: datetime,
    *,
    strategy_id: str | None = None,
    campaign_id: str | None = None,
) -> Run:
    before, after = run.journal[: done.position], run.journal[done.position + 1 :]
    steps = in_places([*before, done, *then, *after])
    found = replace(
        run,
        status=RunStatus.RUNNING,
        steps=steps,
        progress=max(run.progress, _progress(steps)),
        strategy_id=strategy_id or run.strategy_id,
        campaign_id=campaign_id or run.campaign_id,
        updated_at=now,
    )
    step = found.current
    if step is None:
        return replace(found, status=RunStatus.SUCCEEDED, progress=1.0, finished_at=now)
    return _with_step(found, _begun(step, now), now)


def _progress(steps: Sequence[RunStep]) -> float:
    total = len(steps)
    if all(step.tactic is None for step in steps):
        total += _EXPECTED_TACTICS * len(STEPS_OF_A_TACTIC)
    return sum(step.is_finished for step in steps) / total


def _with_step(run: Run, step: RunStep, now: datetime) -> Run:
    before, after = run.journal[: step.position], run.journal[step.position + 1 :]
    return replace(run, steps=(*before, step, *after), updated_at=now)


def _cut(error: str) -> str:
    """The text as it can be stored, and no longer than it may be."""
    found = error.encode(errors="replace").decode().replace("\x00", "\ufffd")
    return found if len(found) <= _MAX_ERROR else f"{found[: _MAX_ERROR - 1]}…"
