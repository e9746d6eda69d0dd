"""The dataloaders of all modules, over one snapshot."""

from repositories.unit_of_work import Snapshot
from resolvers.delivery.loaders import PackageLoaders
from resolvers.onboarding.loaders import BriefLoaders
from resolvers.production.loaders import CampaignLoaders, DraftLoaders
from resolvers.qc.loaders import QcResultLoaders
from resolvers.strategy.loaders import PlanLoaders


class Loaders:
    """Made anew for each snapshot, so that nothing outlives what it was read from."""

    def __init__(self, snapshot: Snapshot, *, with_children: bool = False) -> None:
        """`with_children`: what is read by its key has its children with it."""
        whole = {"with_children": with_children}
        self.briefs = BriefLoaders(snapshot.briefs, **whole)
        self.strategy_plans = PlanLoaders(snapshot.strategy_plans, **whole)
        self.campaigns = CampaignLoaders(snapshot.campaigns, **whole)
        self.drafts = DraftLoaders(snapshot.drafts, **whole)
        self.qc_results = QcResultLoaders(snapshot.qc_results, **whole)
        self.delivery_packages = PackageLoaders(snapshot.delivery_packages, **whole)
