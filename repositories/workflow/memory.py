"""Runs in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.workflow import ModelExchange, Run, RunStep
from repositories.memory.jobs import MemoryJobQueue
from repositories.memory.repository import MemoryRepository
from repositories.memory.session import MemorySession
from repositories.projections import JsonProjection

_RUNS = "workflow_runs"
_EXCHANGES = "workflow_exchanges"


class MemoryRunRepository(MemoryRepository[Run]):
    record_type = Run
    table_name = _RUNS
    children_table = "workflow_steps"
    children_attribute = "steps"

    async def steps_by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[RunStep, ...]]:
        return await self._children(run_ids)

    async def steps_json_by_run_id(
        self, run_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(run_ids, projections)

    async def lock_key(self, run_id: str) -> None:
        """Does nothing: this unit of work holds the write lock."""

    async def delete(self, key: str) -> bool:
        is_deleted = await super().delete(key)
        if is_deleted:
            self._session.mutable_table(_EXCHANGES).pop(key, None)
        return is_deleted


class MemoryRunJobs(MemoryJobQueue):
    table_name = "workflow_jobs"


class MemoryExchangeRepository:
    """What was said to language models, as one session sees it."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session

    async def of_runs(self, run_ids: Sequence[str]) -> Mapping[str, tuple[ModelExchange, ...]]:
        stored = self._session.rows(Run.__name__, _RUNS, _EXCHANGES)
        return {run_id: stored[run_id] for run_id in run_ids if run_id in stored}

    async def tokens(self, run_id: str) -> int:
        found = await self.of_runs([run_id])
        return sum(it.tokens for it in found.get(run_id, ()))

    async def add(self, run_id: str, exchange: ModelExchange) -> None:
        if run_id in self._session.table(_RUNS):
            kept = self._session.mutable_table(_EXCHANGES)
            before = kept.get(run_id, ())
            kept[run_id] = (*before, replace(exchange, position=len(before)))
