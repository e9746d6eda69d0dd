"""Campaigns and drafts in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from domain.json_object import JsonObject
from domain.production import Campaign, Draft, Tactic
from repositories.criteria import Filter, Page, PageRequest
from repositories.database_repository import Children, DatabaseRepository, Values
from repositories.production.tables import (
    production_campaigns,
    production_drafts,
    production_tactics,
)


def _tactic(row: Row[Any]) -> Tactic:
    return Tactic(
        position=row.position,
        channel=row.channel,
        content_type=row.content_type,
        title=row.title,
    )


def _tactic_values(tactic: Tactic) -> Values:
    return {
        "channel": tactic.channel,
        "content_type": tactic.content_type,
        "title": tactic.title,
    }


class DatabaseCampaignRepository(DatabaseRepository[Campaign]):
    record_type = Campaign
    table = production_campaigns
    key_name = "campaign_id"
    children = Children(production_tactics, "tactics", _tactic, _tactic_values)

    async def tactics_by_campaign_id(
        self, campaign_ids: Sequence[str]
    ) -> Mapping[str, tuple[Tactic, ...]]:
        return await self._children(campaign_ids)

    async def pages_by_strategy_id(
        self, strategy_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Campaign]]:
        return await self._pages_by("strategy_id", strategy_ids, request)

    async def counts_by_strategy_id(
        self, strategy_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        return await self._counts_by("strategy_id", strategy_ids, filter)

    def _from_row(self, row: Row[Any]) -> Campaign:
        return Campaign(
            campaign_id=row.campaign_id,
            strategy_id=row.strategy_id,
            name=row.name,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    def _to_values(self, record: Campaign) -> Values:
        return {
            "campaign_id": record.campaign_id,
            "strategy_id": record.strategy_id,
            "name": record.name,
        }


class DatabaseDraftRepository(DatabaseRepository[Draft]):
    record_type = Draft
    table = production_drafts
    key_name = "draft_id"

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

    def _from_row(self, row: Row[Any]) -> Draft:
        return Draft(
            draft_id=row.draft_id,
            strategy_id=row.strategy_id,
            campaign_id=row.campaign_id,
            content_type=row.content_type,
            title=row.title,
            body=row.body,
            metadata=JsonObject(row.metadata),
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    def _to_values(self, record: Draft) -> Values:
        return {
            "draft_id": record.draft_id,
            "strategy_id": record.strategy_id,
            "campaign_id": record.campaign_id,
            "content_type": record.content_type,
            "title": record.title,
            "body": record.body,
            "metadata": record.metadata.text,
        }
