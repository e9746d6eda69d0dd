"""The closed sets of runs, described; import them from here."""

from domain.workflow import RunStatus, RunStepStatus
from schema.descriptions import describe_enum

__all__ = ["RunStatus", "RunStepStatus"]

describe_enum(
    RunStatus,
    "What has become of a run.",
    PENDING="It waits for a server that carries it out.",
    RUNNING="It has begun.",
    WAITING_APPROVAL="It waits until its plan is approved or rejected.",
    SUCCEEDED="All of its packages are there.",
    FAILED="It goes no further; `error` says why. `retryRun` or `cancelRun` goes on.",
    COMPENSATING="It was cancelled, and removes what it has made.",
    COMPENSATED="It was cancelled, and has removed what it had made, but for what steps name.",
    CANCELLED="It was cancelled before it had made anything.",
)
describe_enum(
    RunStepStatus,
    "What has become of a step of a run.",
    PENDING="It hasn't begun, or is tried again.",
    RUNNING="It has begun.",
    WAITING="It waits for a person.",
    SUCCEEDED="It has done its work.",
    FAILED="It has failed; `error` says why.",
    SKIPPED="There was nothing to do, or the run was cancelled before.",
    COMPENSATED="What it had made was removed, since the run was cancelled.",
    KEPT="What it had made stays, though the run was cancelled; `error` says why.",
)
