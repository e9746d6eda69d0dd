"""The kinds of entities: their records, their keys, and where they are loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.delivery import DeliveryPackage
from domain.entity import Entity
from domain.onboarding import Brief
from domain.production import Campaign, Draft
from domain.qc import QcResult
from domain.strategy import StrategyPlan
from resolvers.dataloaders import EntityLoaders
from resolvers.loaders import Loaders


@dataclass(frozen=True, slots=True)
class EntityType:
    """Records of one type, told apart by their key. The type's name is the GraphQL type's."""

    module: str
    record: type[Entity]
    key_name: str
    loaders: Callable[[Loaders], EntityLoaders[Any]]

    @property
    def name(self) -> str:
        return self.record.__name__


BRIEFS = EntityType("onboarding", Brief, "brief_id", lambda loaders: loaders.briefs)
STRATEGY_PLANS = EntityType(
    "strategy", StrategyPlan, "strategy_id", lambda loaders: loaders.strategy_plans
)
CAMPAIGNS = EntityType("production", Campaign, "campaign_id", lambda loaders: loaders.campaigns)
DRAFTS = EntityType("production", Draft, "draft_id", lambda loaders: loaders.drafts)
QC_RESULTS = EntityType("qc", QcResult, "result_id", lambda loaders: loaders.qc_results)
DELIVERY_PACKAGES = EntityType(
    "delivery", DeliveryPackage, "package_id", lambda loaders: loaders.delivery_packages
)

ENTITY_KINDS = (BRIEFS, STRATEGY_PLANS, CAMPAIGNS, DRAFTS, QC_RESULTS, DELIVERY_PACKAGES)
