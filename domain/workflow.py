"""Workflow: runs take a brief to delivered packages, step by step."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple

from domain import validation as check
from domain.actions import Action, Check
from domain.entity import Owned, Reference, in_places
from domain.errors import InvalidTransition, ValidationFailed, Violation

MAX_REDRAFTS: Final = 5
"""How often a draft may be written anew at most."""
DEFAULT_REDRAFTS: Final = 1
MAX_TACTICS: Final = 100
"""How many tactics the campaign of a run may have."""
MAX_ATTEMPTS: Final = 10
"""How often a step is tried until the run fails."""
MAX_TOKENS: Final = 2**31 - 1
"""How many tokens an exchange with a language model may count for."""


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
UNDONE: Final = frozenset({RunStepStatus.COMPENSATED, RunStepStatus.KEPT})

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
STEPS_OF_A_TACTIC: Final = (DRAFT, CHECK, PACKAGE)
_OPTIONS: Final = ("brief_id", "channels", "max_redrafts", "require_approval")
"""What tells one start of a run from another under the same key."""
_ANOTHER: Final = "the run with this `runId` has another one"

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
    """A step of a run. Its position among the run's steps names it."""

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
    """The plan that it has made. Nobody else names it, and it may be gone."""
    campaign_id: str | None
    """The campaign that it has made; the same is true of it."""
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
        made = (it for it in reversed(self.journal) if it.produced and it.status not in UNDONE)
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
    run_id: str | None = None
    brief_id: str
    channels: tuple[str, ...] = ()
    max_redrafts: int = DEFAULT_REDRAFTS
    require_approval: bool = False

    def violations(self) -> check.Violations:
        yield from check.optional_key("run_id", self.run_id)
        yield from check.key("brief_id", self.brief_id)
        yield from check.texts("channels", self.channels, check.NAME_LENGTH, blank=False)
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


def require_cancellable(run: Run) -> None:
    """Raise InvalidTransition where a run has succeeded; one that is cancelled stays so."""
    is_cancelled = run.cancelled_at is not None and run.status is not RunStatus.FAILED
    if run.status not in CANCELLABLE and not is_cancelled:
        raise InvalidTransition("run", run.status, RunStatus.COMPENSATING)


def require_failed(run: Run) -> None:
    """Raise InvalidTransition unless a run has failed: nothing else is retried."""
    if run.status is not RunStatus.FAILED:
        target = RunStatus.RUNNING if run.cancelled_at is None else RunStatus.COMPENSATING
        raise InvalidTransition("run", run.status, target)


ACTIONS: Final = (
    Action("cancelRun", (Check("status", lambda run, _: require_cancellable(run)),)),
    Action("retryRun", (Check("status", lambda run, _: require_failed(run)),)),
)


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


def require_same(run: Run, command: StartRun, started_by: str) -> None:
    """Raise ValidationFailed unless the run is what the command started, given by this caller."""
    if run.started_by != started_by:
        raise ValidationFailed.at("run_id", "somebody else has started the run that has it")
    others = [name for name in _OPTIONS if getattr(run, name) != getattr(command, name)]
    if others:
        raise ValidationFailed(Violation((name,), _ANOTHER) for name in others)


def steps_for_tactics(count: int) -> tuple[RunStep, ...]:
    """What follows a campaign with so many tactics: all drafts, then all checks, then packages."""
    return tuple(
        RunStep(name=name, tactic=tactic) for name in STEPS_OF_A_TACTIC for tactic in range(count)
    )


def steps_for_redraft(tactic: int | None) -> tuple[RunStep, ...]:
    """What follows a check that a draft didn't pass."""
    return RunStep(name=REDRAFT, tactic=tactic), RunStep(name=CHECK, tactic=tactic)
