"""Reading strategy plans."""

from domain.strategy import Recommendation, StrategyPlan
from repositories.lazy import lazy
from repositories.strategy.contract import BriefVersion, PlanReads
from resolvers.dataloaders import EntityLoaders, Loader, Related


class PlanLoaders(EntityLoaders[StrategyPlan]):
    """Plans by `strategy_id`."""

    def __init__(self, reads: PlanReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._plans = reads

    @lazy
    def by_version(self) -> Loader[BriefVersion, StrategyPlan | None]:
        return self._entities(self._plans.get_many_by_version, self._plans.json_by_version)

    @lazy
    def recommendations_by_strategy_id(self) -> Loader[str, tuple[Recommendation, ...]]:
        return self._children(
            self._plans.recommendations_by_strategy_id,
            self._plans.recommendations_json_by_strategy_id,
        )

    @lazy
    def plans_by_brief_id(self) -> Related[StrategyPlan]:
        reads = self._plans
        return Related(reads.pages_by_brief_id, reads.counts_by_brief_id, reads.json_pages)
