"""The protocols of the repositories of strategy."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.strategy import Recommendation, StrategyPlan
from repositories.contract import EntityReads, EntityRepository
from repositories.criteria import Filter, Page, PageRequest
from repositories.projections import JsonProjection

BriefVersion = tuple[str, int]
"""The second key of a plan: its `brief_id` and its `version`."""


class PlanReads(EntityReads[StrategyPlan], Protocol):
    """Reads plans, by `strategy_id`."""

    async def get_many_by_version(
        self, versions: Sequence[BriefVersion]
    ) -> Mapping[BriefVersion, StrategyPlan]:
        """Plans by the second key; those that aren't stored are left out."""
        ...

    async def json_by_version(
        self, versions: Sequence[BriefVersion], projections: Sequence[JsonProjection]
    ) -> Mapping[BriefVersion, tuple[str, ...]]:
        """The same plans as `get_many_by_version`, as JSON objects, one for each projection."""
        ...

    async def recommendations_by_strategy_id(
        self, strategy_ids: Sequence[str]
    ) -> Mapping[str, tuple[Recommendation, ...]]:
        """The recommendations in position order; plans without any are left out."""
        ...

    async def recommendations_json_by_strategy_id(
        self, strategy_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The recommendations of each stored plan as JSON lists: one for each projection."""
        ...

    async def pages_by_brief_id(
        self, brief_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[StrategyPlan]]:
        """The requested page of each brief's plans; every brief has one."""
        ...

    async def counts_by_brief_id(
        self, brief_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        """How many plans of each brief match; every brief has a count."""
        ...


class PlanRepository(PlanReads, EntityRepository[StrategyPlan], Protocol):
    """Reads, saves and deletes plans. Writers call `lock_brief` first."""

    async def lock_brief(self, brief_id: str) -> None:
        """Wait until no other unit of work writes plans of this brief, and keep others out."""
        ...

    async def last_version(self, brief_id: str) -> int:
        """The highest version stored for the brief; 0 when there is none."""
        ...
