"""The dataloaders of all modules, over one snapshot."""

from repositories.lazy import lazy
from repositories.unit_of_work import Snapshot
from resolvers.delivery.loaders import PackageLoaders
from resolvers.onboarding.loaders import BriefLoaders
from resolvers.production.loaders import CampaignLoaders, DraftLoaders
from resolvers.qc.loaders import QcResultLoaders
from resolvers.strategy.loaders import PlanLoaders


class Loaders:
    """Made anew for each snapshot, so that nothing outlives what it was read from.

    Those of a module are made when they are first asked for: most operations need a few.
    """

    def __init__(self, snapshot: Snapshot, *, single_statement: bool = False) -> None:
        """`single_statement`: only one thing is read, so there is nothing to gather."""
        self._snapshot = snapshot
        self._is_alone = single_statement

    @lazy
    def briefs(self) -> BriefLoaders:
        return BriefLoaders(self._snapshot.briefs, single_statement=self._is_alone)

    @lazy
    def strategy_plans(self) -> PlanLoaders:
        return PlanLoaders(self._snapshot.strategy_plans, single_statement=self._is_alone)

    @lazy
    def campaigns(self) -> CampaignLoaders:
        return CampaignLoaders(self._snapshot.campaigns, single_statement=self._is_alone)

    @lazy
    def drafts(self) -> DraftLoaders:
        return DraftLoaders(self._snapshot.drafts, single_statement=self._is_alone)

    @lazy
    def qc_results(self) -> QcResultLoaders:
        return QcResultLoaders(self._snapshot.qc_results, single_statement=self._is_alone)

    @lazy
    def delivery_packages(self) -> PackageLoaders:
        return PackageLoaders(self._snapshot.delivery_packages, single_statement=self._is_alone)
