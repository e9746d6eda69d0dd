"""The protocols of the repositories of workflow."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.workflow import Run, RunStep
from repositories.contract import EntityReads, EntityRepository
from repositories.projections import JsonProjection


class RunReads(EntityReads[Run], Protocol):
    """Reads runs, by `run_id`."""

    async def steps_by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[RunStep, ...]]:
        """The steps in position order; runs without any are left out."""
        ...

    async def steps_json_by_run_id(
        self, run_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The steps of each stored run as JSON lists: one for each of the projections."""
        ...


class RunRepository(RunReads, EntityRepository[Run], Protocol):
    """Reads, saves and deletes runs."""
