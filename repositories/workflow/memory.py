"""Runs in memory."""

from collections.abc import Mapping, Sequence

from domain.workflow import Run, RunStep
from repositories.memory.jobs import MemoryJobQueue
from repositories.memory.repository import MemoryRepository
from repositories.projections import JsonProjection


class MemoryRunRepository(MemoryRepository[Run]):
    record_type = Run
    table_name = "workflow_runs"
    children_table = "workflow_steps"
    children_attribute = "steps"

    async def steps_by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[RunStep, ...]]:
        return await self._children(run_ids)

    async def steps_json_by_run_id(
        self, run_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(run_ids, projections)


class MemoryRunJobs(MemoryJobQueue):
    table_name = "workflow_jobs"
