"""The built-in generator of strategies."""

import asyncio
from collections.abc import Sequence

from domain.onboarding import Brief, NormalizeBrief
from domain.production import SaveCampaign
from domain.strategy import SaveStrategyPlan, StrategyPlan
from orchestration.producers.strategy.normalizing import normalized_of
from orchestration.producers.strategy.planning import campaign_of, plan_of


class BuiltInStrategyGenerator:
    """A `StrategyGenerator` of rules and tables: the same brief always gets the same plan.

    It works in a thread, since large briefs take some milliseconds.
    """

    async def normalize(self, brief: Brief) -> NormalizeBrief:
        return await asyncio.to_thread(normalized_of, brief)

    async def plan(self, brief: Brief, channels: Sequence[str]) -> SaveStrategyPlan:
        return await asyncio.to_thread(plan_of, brief, tuple(channels))

    async def campaign(self, brief: Brief, plan: StrategyPlan) -> SaveCampaign:
        return await asyncio.to_thread(campaign_of, brief, plan)
