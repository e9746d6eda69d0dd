"""Reading strategy plans."""

from functools import cached_property

from domain.strategy import Recommendation, StrategyPlan
from repositories.strategy.contract import BriefVersion, PlanReads
from resolvers.dataloaders import (
    DataLoader,
    EntityLoaders,
    JsonLoader,
    Related,
    children_by_key,
    one_by_key,
)


class PlanLoaders(EntityLoaders[StrategyPlan]):
    """Plans by `strategy_id`."""

    def __init__(self, reads: PlanReads, *, with_children: bool = False) -> None:
        super().__init__(reads, with_children=with_children)
        self._plans = reads

    @cached_property
    def by_version(self) -> DataLoader[BriefVersion, StrategyPlan | None]:
        return one_by_key(self._plans.get_many_by_version)

    @cached_property
    def recommendations_by_strategy_id(self) -> DataLoader[str, tuple[Recommendation, ...]]:
        return children_by_key(self._plans.recommendations_by_strategy_id)

    @cached_property
    def recommendations_json_by_strategy_id(self) -> JsonLoader:
        return JsonLoader(self._plans.recommendations_json_by_strategy_id)

    @cached_property
    def plans_by_brief_id(self) -> Related[StrategyPlan]:
        return Related(self._plans.pages_by_brief_id, self._plans.counts_by_brief_id)
