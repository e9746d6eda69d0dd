"""Starting, cancelling and retrying runs."""

from __future__ import annotations

from typing import Final

import strawberry

from domain.scopes import Scope
from resolvers.workflow import commands
from schema.mutations import Payload, entity, mutation
from schema.workflow.inputs import CancelRunInput, RetryRunInput, StartRunInput
from schema.workflow.types import Run

_OF_ITS_STEPS: Final = (
    Scope.ONBOARDING_READ,
    Scope.ONBOARDING_WRITE,
    Scope.STRATEGY_READ,
    Scope.STRATEGY_WRITE,
    Scope.PRODUCTION_READ,
    Scope.PRODUCTION_WRITE,
    Scope.QC_READ,
    Scope.QC_WRITE,
    Scope.FILES_WRITE,
    Scope.DELIVERY_WRITE,
)
"""What a run does is done in the name of who starts it."""


@strawberry.type(description="The outcome of `startRun`.")
class StartRunPayload(Payload):
    run: Run | None = entity()


@strawberry.type(description="The outcome of `cancelRun`.")
class CancelRunPayload(Payload):
    run: Run | None = entity()


@strawberry.type(description="The outcome of `retryRun`.")
class RetryRunPayload(Payload):
    run: Run | None = entity()


@strawberry.type
class WorkflowMutation:
    start_run: StartRunPayload | None = mutation(
        "Take a brief to packages: normalise it, plan, wait for the approval, and for each tactic "
        "of the campaign write a draft, check it and package it. Servers do so step by step, in "
        "your name and with what you may do now; `runChanged` follows it. Repeated "
        "with the same `runId` it gives the run that is there; without one it starts another run.",
        StartRunPayload,
        StartRunInput,
        commands.start_run,
        scope=Scope.WORKFLOW_WRITE,
        further=_OF_ITS_STEPS,
        outcome="run",
    )
    cancel_run: CancelRunPayload | None = mutation(
        "Cancel a run that hasn't succeeded. What it has made is removed in reverse order, but for "
        "what others have changed since, which the steps name. It may be repeated.",
        CancelRunPayload,
        CancelRunInput,
        commands.cancel_run,
        scope=Scope.WORKFLOW_WRITE,
        outcome="run",
    )
    retry_run: RetryRunPayload | None = mutation(
        "Let a run go on that has failed: with the step that failed, or with removing what it has "
        "made where it was cancelled.",
        RetryRunPayload,
        RetryRunInput,
        commands.retry_run,
        scope=Scope.WORKFLOW_WRITE,
        outcome="run",
    )
