"""Workflow: runs take a brief to delivered packages, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple

from domain import validation as check
from domain.entity import Owned, Reference, in_places
from domain.errors import InvalidTransition

MAX_REDRAFTS: Final = 5
"""How often a draft may be written anew at most."""
DEFAULT_REDRAFTS: Final = 1
MAX_TACTICS: Final = 100
"""How many tactics the campaign of a run may have."""
MAX_ATTEMPTS: Final = 10
"""How often a step is tried until the run fails."""
MAX_TOKENS: Final = 2**31 - 1
"""How many tokens an exchange with a language model may count for."""
_MAX_ERROR: Final = 2_000
"""How many characters of an error are kept."""
_EXPECTED_TACTICS: Final = 3
"""So many tactics a run is taken to have, as long as its campaign isn't there."""


class RunStatus(StrEnum):
    PENDING = "PENDING"
    """It waits for a server that carries it out."""
    RUNNING = "RUNNING"
    WAITING_APPROVAL = "WAITING_APPROVAL"
    """It waits for somebody who approves or rejects its plan."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    """It goes on when it's retried, and not before."""
    COMPENSATING = "COMPENSATING"
    """It was cancelled, and removes what it has made."""
    COMPENSATED = "COMPENSATED"
    CANCELLED = "CANCELLED"
    """It was cancelled before it had made anything."""


ENDED: Final = frozenset({RunStatus.SUCCEEDED, RunStatus.COMPENSATED, RunStatus.CANCELLED})
"""Nothing leads out of these."""
CANCELLABLE: Final = frozenset(
    {RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING_APPROVAL, RunStatus.FAILED}
)


class RunStepStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    """It waits for a person."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    """There was nothing to do, or the run was cancelled before."""
    COMPENSATED = "COMPENSATED"
    """What it had made is removed."""
    KEPT = "KEPT"
    """What it had made stays, though the run was cancelled; the error says why."""


_UNFINISHED: Final = frozenset(
    {RunStepStatus.PENDING, RunStepStatus.RUNNING, RunStepStatus.WAITING, RunStepStatus.FAILED}
)
_UNDONE: Final = frozenset({RunStepStatus.COMPENSATED, RunStepStatus.KEPT})

WORKFLOW: Final = "campaign"
VERSION: Final = 1
"""New runs are of this version. Servers go on with runs of the versions that they know."""
NORMALIZE: Final = "normalize"
PLAN: Final = "plan"
APPROVAL: Final = "approval"
CAMPAIGN: Final = "campaign"
DRAFT: Final = "draft"
CHECK: Final = "check"
REDRAFT: Final = "redraft"
PACKAGE: Final = "package"
_FIRST: Final = (NORMALIZE, PLAN, APPROVAL, CAMPAIGN)
_FOR_EACH_TACTIC: Final = (DRAFT, CHECK, PACKAGE)

_OUTCOMES: Final = MappingProxyType(
    {
        RunStatus.PENDING: "started",
        RunStatus.RUNNING: "progressed",
        RunStatus.WAITING_APPROVAL: "waiting",
        RunStatus.SUCCEEDED: "succeeded",
        RunStatus.FAILED: "failed",
        RunStatus.COMPENSATING: "compensating",
        RunStatus.COMPENSATED: "compensated",
        RunStatus.CANCELLED: "cancelled",
    }
)


class Produced(NamedTuple):
    """An entity that a step has made or changed, as it was then."""

    type_name: str
    """The name of its record."""
    key: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """A step of a run. The run's position among the steps names it within the run."""

    name: str
    tactic: int | None = None
    """The position of the tactic that it's for; None: it's for the whole campaign."""
    status: RunStepStatus = RunStepStatus.PENDING
    attempts: int = 0
    """How often it was begun; since a cancellation, how often it was tried to undo it."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    """Why it failed, has to be tried again, or stays."""
    produced_type: str | None = None
    produced_key: str | None = None
    produced_revision: int | None = None
    position: int = 0

    def at(self, position: int) -> "RunStep":
        return replace(self, position=position)

    @property
    def is_finished(self) -> bool:
        return self.status not in _UNFINISHED

    @property
    def produced(self) -> Produced | None:
        """What it has made, as it was then; it may be gone."""
        if self.produced_type is None or self.produced_key is None:
            return None
        return Produced(self.produced_type, self.produced_key, self.produced_revision or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Owned):
    """A run of a workflow for a brief.

    It has `steps` in position order, or None where it was read without them.
    """

    entity_type: ClassVar[str] = "run"
    outcomes: ClassVar[tuple[str, ...]] = tuple(_OUTCOMES.values())
    key_name: ClassVar[str] = "run_id"
    owner: ClassVar[Reference] = Reference("brief_id", "Brief")
    other_references: ClassVar[tuple[Reference, ...]] = (
        Reference("strategy_id", "StrategyPlan"),
        Reference("campaign_id", "Campaign"),
    )

    run_id: str
    brief_id: str
    workflow: str
    workflow_version: int
    status: RunStatus
    channels: tuple[str, ...]
    """The plan is to be of these; none: of those that fit."""
    max_redrafts: int
    require_approval: bool
    progress: float
    """From 0 to 1; it never goes back."""
    error: str | None
    """Why it failed; None: it didn't."""
    started_by: str
    """The id of the caller in whose name it's carried out."""
    strategy_id: str | None
    campaign_id: str | None
    cancelled_at: datetime | None
    finished_at: datetime | None
    steps: tuple[RunStep, ...] | None = None

    @property
    def outcome(self) -> str:
        return _OUTCOMES[self.status]

    @property
    def journal(self) -> tuple[RunStep, ...]:
        """The steps of a run that was read with them."""
        assert self.steps is not None
        return self.steps

    @property
    def current(self) -> RunStep | None:
        """The first step that isn't finished; None: all are."""
        return next((step for step in self.journal if not step.is_finished), None)

    @property
    def to_undo(self) -> RunStep | None:
        """The last step whose product is neither removed nor kept; None: there is none."""
        made = (it for it in reversed(self.journal) if it.produced and it.status not in _UNDONE)
        return next(made, None)

    def last_of(self, *names: str, tactic: int | None = None) -> RunStep | None:
        """The last step with one of these names that has made something for the tactic."""
        found = (
            it
            for it in reversed(self.journal)
            if it.name in names and it.tactic == tactic and it.produced
        )
        return next(found, None)

    def redrafts_of(self, tactic: int | None) -> int:
        """How often the draft of the tactic was written anew, or is going to be."""
        return sum(it.name == REDRAFT and it.tactic == tactic for it in self.journal)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelExchange:
    """A request that a run sent to a language model and what came of it, word by word, without
    credentials."""

    prompt: str
    """The name of the prompt: `strategy_plan`."""
    model: str
    request: str
    """The body that was sent: JSON."""
    response: str
    """The body that came, as far as it was read; empty where none did."""
    status: int | None
    """The HTTP status; None: there was no response."""
    error: str | None
    """Why it's no use; None: it is."""
    tokens: int
    """What it counts for in the run's bound: the tokens that the endpoint tells, or else a bound
    on them."""
    began_at: datetime
    duration_ms: int
    position: int = 0
    """Its place among the run's; storage decides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    brief_id: str
    channels: tuple[str, ...] = ()
    max_redrafts: int = DEFAULT_REDRAFTS
    require_approval: bool = True

    def violations(self) -> check.Violations:
        yield from check.key("brief_id", self.brief_id)
        yield from check.texts("channels", self.channels, check.NAME_LENGTH)
        yield from check.between("max_redrafts", self.max_redrafts, 0, MAX_REDRAFTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRun:
    run_id: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("run_id", self.run_id)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRun:
    run_id: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("run_id", self.run_id)
        yield from check.expected_revision(self.expected_revision)


def new_run(command: StartRun, run_id: str, started_by: str, now: datetime) -> Run:
    """The run that the command starts."""
    return Run(
        run_id=run_id,
        brief_id=command.brief_id,
        workflow=WORKFLOW,
        workflow_version=VERSION,
        status=RunStatus.PENDING,
        channels=command.channels,
        max_redrafts=command.max_redrafts,
        require_approval=command.require_approval,
        progress=0.0,
        error=None,
        started_by=started_by,
        strategy_id=None,
        campaign_id=None,
        cancelled_at=None,
        finished_at=None,
        steps=in_places([RunStep(name=name) for name in _FIRST]),
        created_at=now,
        updated_at=now,
    )


def steps_for_tactics(count: int) -> tuple[RunStep, ...]:
    """What follows a campaign with so many tactics: all drafts, then all checks, then packages."""
    return tuple(
        RunStep(name=name, tactic=tactic) for name in _FOR_EACH_TACTIC for tactic in range(count)
    )


def steps_for_redraft(tactic: int | None) -> tuple[RunStep, ...]:
    """What follows a check that a draft didn't pass."""
    return RunStep(name=REDRAFT, tactic=tactic), RunStep(name=CHECK, tactic=tactic)


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
    steps = tuple(map(_left, run.journal))
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
    is_cancelled = run.cancelled_at is not None
    target = RunStatus.COMPENSATING if is_cancelled else RunStatus.RUNNING
    if run.status is not RunStatus.FAILED:
        raise InvalidTransition("run", run.status, target)
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


def _left(step: RunStep) -> RunStep:
    """The step of a run that is cancelled: what hasn't begun doesn't, and what has made something
    is to be undone."""
    if step.produced is not None:
        return step if step.status in _UNDONE else replace(step, attempts=0)
    if step.is_finished or step.status is RunStepStatus.FAILED:
        return step
    return replace(step, status=RunStepStatus.SKIPPED)


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
        total += _EXPECTED_TACTICS * len(_FOR_EACH_TACTIC)
    return sum(step.is_finished for step in steps) / total


def _with_step(run: Run, step: RunStep, now: datetime) -> Run:
    before, after = run.journal[: step.position], run.journal[step.position + 1 :]
    return replace(run, steps=(*before, step, *after), updated_at=now)


def _cut(error: str) -> str:
    """The text as it can be stored, and no longer than it may be."""
    found = error.encode(errors="replace").decode().replace("\x00", "\ufffd")
    return found if len(found) <= _MAX_ERROR else f"{found[: _MAX_ERROR - 1]}…"
