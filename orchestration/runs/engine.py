"""The engine of runs: what was started is carried out by whichever process claims it.

A step does its work outside of transactions. What came of it is stored in one transaction with the
step's place in the run, under the lease: so a process that is killed loses nothing and repeats
nothing that is stored. A run that waits for a person keeps no task: it's a row that is woken.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from domain import run_transitions, workflow
from domain.callers import Caller, system
from domain.errors import (
    DomainError,
    NotAllowed,
    NotFound,
    RevisionConflict,
    TimedOut,
    Unavailable,
    ValidationFailed,
    Violation,
)
from domain.sources import Clock
from domain.workflow import ENDED, MAX_ATTEMPTS, Run, RunStatus, RunStep
from files.store import FileStoreError
from orchestration.leases import Lease, LeaseLost
from orchestration.runs import campaign
from orchestration.runs.steps import At, Effect, Producers, Step
from orchestration.runs.undoing import remove
from orchestration.workers import GIVEN_UP, MAX_FAILURES, PAUSE, STORAGE_SECONDS, Pace, Worker
from repositories.api_names import api_name
from repositories.deadlines import set_deadline
from repositories.jobs import Job, Queue
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.workflow.commands import run_for_update

WORKFLOWS: Final[Mapping[tuple[str, int], Mapping[str, Step]]] = MappingProxyType(
    {(workflow.WORKFLOW, 1): campaign.STEPS}
)
"""The steps by the names and versions of workflows, and by their own names."""

_LOOK_AGAIN: Final = 600.0
"""After so many seconds a run looks by itself whether it was decided what it waits for."""
_UNKNOWN_PAUSE: Final = 30.0
"""For so many seconds a run is left to other servers that has a step which this one doesn't do."""
_UNKNOWN: Final = "It waits for a server that does this step."
_OUT_OF_SIGHT: Final = (
    "Who started the run may not see it any more: the brief is another client's, or gone."
)
_STEP_SECONDS: Final = 600.0
"""How long the work of a step may take."""
_MAX_DOUBLINGS: Final = 6
"""How often the pause between attempts is doubled."""
_GOES_ON: Final = frozenset({RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING_APPROVAL})
_LATER: Final = (Unavailable, TimedOut, RevisionConflict, FileStoreError)
"""After these a step is tried again."""


class _OutOfSight(Exception):
    """The caller of a run may not see it any more, or it's gone."""


class Runs(Worker):
    """Carries out runs. Any number of processes may do so on the same storage."""

    def __init__(
        self,
        storage: Storage,
        producers: Producers,
        pace: Pace | None = None,
        *,
        workflows: Mapping[tuple[str, int], Mapping[str, Step]] = WORKFLOWS,
        clock: Clock | None = None,
    ) -> None:
        """`clock` takes the place of the database's."""
        super().__init__(storage, _RunWork(storage, producers, workflows), pace, clock=clock)


class _RunWork:
    queue = Queue.RUNS
    name = "run"

    def __init__(
        self,
        storage: Storage,
        producers: Producers,
        workflows: Mapping[tuple[str, int], Mapping[str, Step]],
    ) -> None:
        self._storage = storage
        self._producers = producers
        self._workflows = workflows

    async def carry_out(self, lease: Lease) -> None:
        try:
            await self._go_on(lease)
        except _OutOfSight:
            set_deadline(STORAGE_SECONDS)
            repositories = self._storage.as_(system(self.queue, self.queue))
            await repositories.write(partial(_fail_out_of_sight, lease.job))

    async def _go_on(self, lease: Lease) -> None:
        run = await lease.write(partial(self._taken_up, lease), is_progress=False)
        while run is not None:
            if run.status is RunStatus.COMPENSATING:
                run = await self._undo(lease, run)
            else:
                run = await self._advance(lease, run)

    async def _taken_up(self, lease: Lease, unit: UnitOfWork) -> Run | None:
        """The run that goes on; None: it doesn't, and the job is released or has ended."""
        found = await _locked(unit, lease)
        if _is_given_up(lease, found):
            return await self._store(lease, unit, found, _failed(found, GIVEN_UP, unit))
        if found.status in _GOES_ON and self._step_of(lease, found) is None:
            return await self._leave_to_others(lease, unit, found)
        return await self._store(
            lease, unit, found, run_transitions.taken_up(found, unit.now), True
        )

    async def _store(
        self, lease: Lease, unit: UnitOfWork, old: Run, new: Run, looks: bool = False
    ) -> Run | None:
        """Save the run, if it's another one; None: it doesn't go on, and its job is released.

        It `looks` once more whether what it waits for was decided.
        """
        saved = new if new is old else await unit.runs.save(new)
        if saved.status in ENDED:
            await lease.end(unit)
        elif saved.status is RunStatus.FAILED:
            await lease.release_in(unit, None, 0)
        elif saved.status is RunStatus.WAITING_APPROVAL and not looks:
            await lease.release_in(unit, _LOOK_AGAIN, 0)
        else:
            return saved
        return None

    # Steps

    async def _advance(self, lease: Lease, run: Run) -> Run | None:
        """Do the run's step; the run after it."""
        step = run.current
        assert step is not None
        definition = self._step_of(lease, run)
        if definition is None:
            return await lease.write(partial(self._leave, lease), is_progress=False)
        lease.require_time()
        try:
            _require_scopes(lease.job.caller, definition)
            effect = await self._work(
                definition,
                At(lease=lease, run=run, step=step, producers=self._producers.of_run(lease)),
            )
            checkpoint = partial(self._checkpoint, lease, step, effect)
            return await lease.write(checkpoint, is_dear=True)
        except _LATER as error:
            return await self._later(lease, run.status, step.attempts, error)
        except DomainError as error:
            return await self._fail(lease, run.status, error)

    async def _work(self, definition: Step, at: At) -> Effect:
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                return await definition.work(at)
        except TimeoutError:
            raise TimedOut("The step took too long.") from None

    async def _checkpoint(
        self, lease: Lease, step: RunStep, effect: Effect, unit: UnitOfWork
    ) -> Run | None:
        """Store what the step has made, with the run after it."""
        found = await _locked(unit, lease)
        current = found.current
        is_there = current is not None and current.position == step.position
        if found.status not in _GOES_ON or not is_there:  # it was cancelled meanwhile
            return await self._store(lease, unit, found, found)
        return await self._store(lease, unit, found, await effect(unit, found))

    async def _leave(self, lease: Lease, unit: UnitOfWork) -> Run | None:
        found = await _locked(unit, lease)
        if found.status not in _GOES_ON:  # it was cancelled meanwhile
            return await self._store(lease, unit, found, found)
        return await self._leave_to_others(lease, unit, found)

    async def _leave_to_others(self, lease: Lease, unit: UnitOfWork, found: Run) -> Run | None:
        """Put the run off: this server doesn't do its step."""
        step = found.current
        if step is not None and step.error != _UNKNOWN:
            await unit.runs.save(run_transitions.put_off(found, _UNKNOWN, unit.now))
        await lease.release_in(unit, _UNKNOWN_PAUSE)
        return None

    def _step_of(self, lease: Lease, run: Run) -> Step | None:
        """The run's step, if this server does it."""
        steps = self._workflows.get((run.workflow, run.workflow_version))
        found = None if steps is None or run.current is None else steps.get(run.current.name)
        return found if found is not None and found.can_do(self._producers.of_run(lease)) else None

    # Failures

    async def _later(
        self, lease: Lease, status: RunStatus, attempts: int, error: Exception
    ) -> Run | None:
        """Try again after a pause, unless it was tried often enough."""
        if attempts >= MAX_ATTEMPTS:
            return await self._fail(lease, status, error)
        pause = PAUSE * 2 ** min(max(attempts - 1, 0), _MAX_DOUBLINGS)

        async def put_off(unit: UnitOfWork, found: Run) -> None:
            await unit.runs.save(run_transitions.put_off(found, _told(error), unit.now))
            await lease.release_in(unit, pause)

        return await self._unless_changed(lease, status, put_off)

    async def _fail(self, lease: Lease, status: RunStatus, error: Exception) -> Run | None:
        async def fail(unit: UnitOfWork, found: Run) -> None:
            await self._store(lease, unit, found, _failed(found, _told(error), unit))

        return await self._unless_changed(lease, status, fail)

    async def _unless_changed(
        self, lease: Lease, status: RunStatus, change: Callable[[UnitOfWork, Run], Awaitable[None]]
    ) -> Run | None:
        """Change the run, and leave it; the run itself, where somebody has cancelled it since it
        had this status."""

        async def work(unit: UnitOfWork) -> Run | None:
            found = await _locked(unit, lease)
            if found.status is not status:
                return await self._store(lease, unit, found, found)
            await change(unit, found)
            return None

        return await lease.write(work, is_progress=False)

    # Compensation

    async def _undo(self, lease: Lease, run: Run) -> Run | None:
        """Remove what the run's last step has made; the run after it."""
        step = run.to_undo
        attempts = 0 if step is None else step.attempts + 1
        try:
            return await lease.write(partial(self._undone, lease))
        except _LATER as error:
            return await self._later(lease, run.status, attempts, error)
        except DomainError as error:
            return await self._fail(lease, run.status, error)

    async def _undone(self, lease: Lease, unit: UnitOfWork) -> Run | None:
        found = await _locked(unit, lease)
        step = found.to_undo
        if found.status is not RunStatus.COMPENSATING or step is None or step.produced is None:
            return await self._store(lease, unit, found, found)
        why_kept = await remove(unit, step.produced)
        return await self._store(
            lease, unit, found, run_transitions.undone(found, why_kept, unit.now)
        )


async def _locked(unit: UnitOfWork, lease: Lease) -> Run:
    """The lease's run, which nobody else changes. Raises _OutOfSight."""
    found = await run_for_update(unit, lease.job.key)
    if found is None:
        raise _OutOfSight
    return found


async def _fail_out_of_sight(job: Job, unit: UnitOfWork) -> None:
    """End the job, and let its run fail: nothing more can be done in the name of its caller.

    Who retries or cancels the run goes on with it in their own name. Raises LeaseLost.
    """
    if not await unit.queue(Queue.RUNS).remove(job):
        raise LeaseLost
    found = await run_for_update(unit, job.key)
    if found is not None and found.status not in (*ENDED, RunStatus.FAILED):
        await unit.runs.save(_failed(found, _OUT_OF_SIGHT, unit))


def _is_given_up(lease: Lease, run: Run) -> bool:
    """Whether bugs, or processes that were killed at it, have ended the run's step too often."""
    if run.status in (*ENDED, RunStatus.FAILED):
        return False
    step = run.current if run.status in _GOES_ON else None
    return lease.failures >= MAX_FAILURES or (step is not None and step.attempts >= MAX_ATTEMPTS)


def _failed(run: Run, error: str, unit: UnitOfWork) -> Run:
    if run.status is RunStatus.COMPENSATING:
        return run_transitions.compensation_failed(run, error, unit.now)
    return run_transitions.failed(run, error, unit.now)


def _told(error: Exception) -> str:
    """The error in whole sentences, for who reads the run and knows nothing of the step's input."""
    match error:
        case ValidationFailed():
            return " ".join(map(_sentence, error.violations))
        case NotFound():
            return f"There is no {error.entity} {error.key}."
        case NotAllowed():
            return f"{error.reason[:1].upper()}{error.reason[1:]}."
    return str(error)


def _sentence(violation: Violation) -> str:
    path = ".".join(str(it) if isinstance(it, int) else api_name(it) for it in violation.path)
    return f"{path}: {violation.message}."


def _require_scopes(caller: Caller, step: Step) -> None:
    """Raises NotAllowed where the caller of the run may not do what the step does."""
    if missing := sorted(step.scopes - caller.scopes):
        raise NotAllowed("run_id", f"requires the scope `{missing[0]}`")
