"""Runs in the database."""

import json
from collections.abc import Mapping, Sequence

from domain.json_object import dumps
from domain.workflow import Run, RunStatus, RunStep, RunStepStatus
from repositories.drivers.compiled import Row
from repositories.projections import JsonProjection
from repositories.records import constructor
from repositories.sql.jobs import DatabaseJobQueue
from repositories.sql.mapping import ChildMapping, EntityMapping, Values
from repositories.sql.repository import DatabaseRepository
from repositories.workflow.tables import workflow_jobs, workflow_runs, workflow_steps

_new_run = constructor(Run)
_new_step = constructor(RunStep)
_STATUSES = {status.value: status for status in RunStatus}
_STEP_STATUSES = {status.value: status for status in RunStepStatus}


def _step(row: Row) -> RunStep:
    (
        position,
        name,
        tactic,
        status,
        attempts,
        started_at,
        finished_at,
        error,
        produced_type,
        produced_key,
        produced_revision,
        *_,
    ) = row
    return _new_step(
        position=position,
        name=name,
        tactic=tactic,
        status=_STEP_STATUSES[status],
        attempts=attempts,
        started_at=started_at,
        finished_at=finished_at,
        error=error,
        produced_type=produced_type,
        produced_key=produced_key,
        produced_revision=produced_revision,
    )


def _step_values(step: RunStep) -> Values:
    return {
        "name": step.name,
        "tactic": step.tactic,
        "status": step.status.value,
        "attempts": step.attempts,
        "started_at": step.started_at,
        "finished_at": step.finished_at,
        "error": step.error,
        "produced_type": step.produced_type,
        "produced_key": step.produced_key,
        "produced_revision": step.produced_revision,
    }


class DatabaseRunRepository(DatabaseRepository[Run]):
    mapping = EntityMapping(
        Run,
        workflow_runs,
        children=ChildMapping(
            workflow_steps,
            "steps",
            (
                "position",
                "name",
                "tactic",
                "status",
                "attempts",
                "started_at",
                "finished_at",
                "error",
                "produced_type",
                "produced_key",
                "produced_revision",
            ),
            _step,
            _step_values,
        ),
        references=("brief_id", "strategy_id", "campaign_id"),
    )

    async def steps_by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[RunStep, ...]]:
        return await self._children(run_ids)

    async def steps_json_by_run_id(
        self, run_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(run_ids, projections)

    def _from_row(self, row: Row) -> Run:
        (
            run_id,
            brief_id,
            workflow,
            workflow_version,
            status,
            channels,
            max_redrafts,
            require_approval,
            progress,
            error,
            started_by,
            strategy_id,
            campaign_id,
            cancelled_at,
            finished_at,
            client_id,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_run(
            run_id=run_id,
            brief_id=brief_id,
            workflow=workflow,
            workflow_version=workflow_version,
            status=status and _STATUSES[status],
            channels=channels and tuple(json.loads(channels)),
            max_redrafts=max_redrafts,
            require_approval=require_approval,
            progress=progress,
            error=error,
            started_by=started_by,
            strategy_id=strategy_id,
            campaign_id=campaign_id,
            cancelled_at=cancelled_at,
            finished_at=finished_at,
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: Run) -> Values:
        return {
            "run_id": record.run_id,
            "brief_id": record.brief_id,
            "workflow": record.workflow,
            "workflow_version": record.workflow_version,
            "status": record.status.value,
            "channels": dumps(record.channels),
            "max_redrafts": record.max_redrafts,
            "require_approval": record.require_approval,
            "progress": record.progress,
            "error": record.error,
            "started_by": record.started_by,
            "strategy_id": record.strategy_id,
            "campaign_id": record.campaign_id,
            "cancelled_at": record.cancelled_at,
            "finished_at": record.finished_at,
        }


class DatabaseRunJobs(DatabaseJobQueue):
    table = workflow_jobs
    key_name = "run_id"
