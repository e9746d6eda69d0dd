"""Inputs for runs: commands, filters and orders."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from domain import workflow
from domain.workflow import DEFAULT_REDRAFTS, MAX_REDRAFTS
from repositories.criteria import Direction
from schema.commands import command_input, expected_revision, optional, required
from schema.descriptions import KEY, NAMES, OWN_KEY, describe_enum
from schema.filtering import (
    ALL_HOLD,
    BooleanFilter,
    DateTimeFilter,
    EnumFilter,
    FloatFilter,
    IDFilter,
    IntFilter,
    NullableDateTimeFilter,
    NullableIDFilter,
    NullableStringFilter,
    StringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.workflow.enums import RunStatus


@command_input(workflow.StartRun, "Which brief is taken to packages, and how.")
class StartRunInput:
    run_id: strawberry.ID | None = optional(
        "The run's key.",
        OWN_KEY,
        "With other options it's refused, and so it is where somebody else has started the run.",
        KEY,
    )
    brief_id: strawberry.ID = required("The brief.", KEY)
    channels: list[str] | None = optional(
        "The channels that the plan is to be of. Left out, those that fit.", NAMES
    )
    max_redrafts: int | None = optional(
        "How often a draft is written anew that doesn't pass QC, from 0 to "
        f"{MAX_REDRAFTS}; {DEFAULT_REDRAFTS} by default. After that the run fails."
    )
    require_approval: bool | None = optional(
        "Whether the run waits until somebody has approved its plan; false by default."
    )


@command_input(workflow.CancelRun, "Which run to cancel.")
class CancelRunInput:
    run_id: strawberry.ID = required("The run that is cancelled.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(workflow.RetryRun, "Which run goes on.")
class RetryRunInput:
    run_id: strawberry.ID = required("The run that has failed.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on the status of a run; {ALL_HOLD}")
class RunStatusFilter(EnumFilter[RunStatus]):
    pass


@strawberry.input(description=f"Conditions on runs; {ALL_HOLD}")
class RunFilter:
    run_id: IDFilter | None = on("runId")
    brief_id: IDFilter | None = on("briefId")
    workflow: StringFilter | None = on("workflow")
    workflow_version: IntFilter | None = on("workflowVersion")
    status: RunStatusFilter | None = on("status")
    max_redrafts: IntFilter | None = on("maxRedrafts")
    require_approval: BooleanFilter | None = on("requireApproval")
    progress: FloatFilter | None = on("progress")
    error: NullableStringFilter | None = on("error")
    started_by: StringFilter | None = on("startedBy")
    strategy_id: NullableIDFilter | None = on("strategyId")
    campaign_id: NullableIDFilter | None = on("campaignId")
    cancelled_at: NullableDateTimeFilter | None = on("cancelledAt")
    finished_at: NullableDateTimeFilter | None = on("finishedAt")
    client_id: NullableIDFilter | None = on("clientId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[RunFilter] | None = all_of()
    or_: list[RunFilter] | None = any_of()
    not_: RunFilter | None = none_of()


class RunOrderField(StrEnum):
    RUN_ID = "run_id"
    BRIEF_ID = "brief_id"
    WORKFLOW = "workflow"
    WORKFLOW_VERSION = "workflow_version"
    STATUS = "status"
    MAX_REDRAFTS = "max_redrafts"
    REQUIRE_APPROVAL = "require_approval"
    PROGRESS = "progress"
    STARTED_BY = "started_by"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    RunOrderField,
    "What runs can be ordered by.",
    RUN_ID="By `runId`.",
    BRIEF_ID="By `briefId`.",
    WORKFLOW="By `workflow`.",
    WORKFLOW_VERSION="By `workflowVersion`.",
    STATUS="By the name of the `status`.",
    MAX_REDRAFTS="By `maxRedrafts`.",
    REQUIRE_APPROVAL="By `requireApproval`: those without before those with it when ascending.",
    PROGRESS="By `progress`.",
    STARTED_BY="By `startedBy`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of runs.")
class RunOrder:
    field: RunOrderField = order_field()
    direction: Direction = order_direction()
