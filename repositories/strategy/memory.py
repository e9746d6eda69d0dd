"""Strategy plans in memory."""

from collections.abc import Mapping, Sequence

from domain.strategy import Recommendation, StrategyPlan
from repositories.criteria import Filter, Page, PageRequest
from repositories.memory.repository import MemoryRepository
from repositories.projections import JsonProjection
from repositories.strategy.contract import BriefVersion


class MemoryPlanRepository(MemoryRepository[StrategyPlan]):
    record_type = StrategyPlan
    table_name = "strategy_plans"
    children_table = "strategy_recommendations"
    children_attribute = "recommendations"
    second_key = ("brief_id", "version")
    unchanging = ("brief_id",)

    async def get_many_by_version(
        self, versions: Sequence[BriefVersion]
    ) -> Mapping[BriefVersion, StrategyPlan]:
        wanted = set(versions)
        return {
            (plan.brief_id, plan.version): plan
            for plan in self._records.values()
            if (plan.brief_id, plan.version) in wanted
        }

    async def json_by_version(
        self, versions: Sequence[BriefVersion], projections: Sequence[JsonProjection]
    ) -> Mapping[BriefVersion, tuple[str, ...]]:
        return self._json(await self.get_many_by_version(versions), projections)

    async def recommendations_by_strategy_id(
        self, strategy_ids: Sequence[str]
    ) -> Mapping[str, tuple[Recommendation, ...]]:
        return await self._children(strategy_ids)

    async def recommendations_json_by_strategy_id(
        self, strategy_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(strategy_ids, projections)

    async def pages_by_brief_id(
        self, brief_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[StrategyPlan]]:
        return await self._pages_by("brief_id", brief_ids, request)

    async def counts_by_brief_id(
        self, brief_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("brief_id", brief_ids, filter)

    async def lock_brief(self, brief_id: str) -> None:
        """Does nothing: this unit of work holds the write lock."""

    async def last_version(self, brief_id: str) -> int:
        return max(
            (plan.version for plan in self._all.values() if plan.brief_id == brief_id),
            default=0,
        )
