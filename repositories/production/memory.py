"""Campaigns and drafts in memory."""

from collections.abc import Mapping, Sequence

from domain.production import Campaign, Draft, Tactic
from repositories.criteria import Filter, Page, PageRequest
from repositories.memory.repository import MemoryRepository
from repositories.projections import JsonProjection


class MemoryCampaignRepository(MemoryRepository[Campaign]):
    record_type = Campaign
    table_name = "production_campaigns"
    children_table = "production_tactics"
    children_attribute = "tactics"

    async def tactics_by_campaign_id(
        self, campaign_ids: Sequence[str]
    ) -> Mapping[str, tuple[Tactic, ...]]:
        return await self._children(campaign_ids)

    async def tactics_json_by_campaign_id(
        self, campaign_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        return await self._children_json(campaign_ids, projections)

    async def pages_by_strategy_id(
        self, strategy_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Campaign]]:
        return await self._pages_by("strategy_id", strategy_ids, request)

    async def counts_by_strategy_id(
        self, strategy_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("strategy_id", strategy_ids, filter)


class MemoryDraftRepository(MemoryRepository[Draft]):
    record_type = Draft
    table_name = "production_drafts"

    async def pages_by_strategy_id(
        self, strategy_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Draft]]:
        return await self._pages_by("strategy_id", strategy_ids, request)

    async def counts_by_strategy_id(
        self, strategy_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("strategy_id", strategy_ids, filter)

    async def pages_by_campaign_id(
        self, campaign_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Draft]]:
        return await self._pages_by("campaign_id", campaign_ids, request)

    async def counts_by_campaign_id(
        self, campaign_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("campaign_id", campaign_ids, filter)
