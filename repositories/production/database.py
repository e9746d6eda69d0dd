"""Campaigns and drafts in the database."""

from collections.abc import Mapping, Sequence

from domain.json_object import JsonObject
from domain.production import Campaign, Draft, Tactic
from repositories.criteria import Filter, Page, PageRequest
from repositories.drivers.compiled import Row
from repositories.production.tables import (
    production_campaigns,
    production_drafts,
    production_tactics,
)
from repositories.projections import JsonProjection
from repositories.records import constructor
from repositories.sql.mapping import ChildMapping, EntityMapping, Values
from repositories.sql.repository import DatabaseRepository

_new_tactic = constructor(Tactic)
_new_campaign = constructor(Campaign)
_new_draft = constructor(Draft)


def _tactic(row: Row) -> Tactic:
    return _new_tactic(position=row[0], channel=row[1], content_type=row[2], title=row[3])


def _tactic_values(tactic: Tactic) -> Values:
    return {
        "channel": tactic.channel,
        "content_type": tactic.content_type,
        "title": tactic.title,
    }


class DatabaseCampaignRepository(DatabaseRepository[Campaign]):
    mapping = EntityMapping(
        Campaign,
        production_campaigns,
        children=ChildMapping(
            production_tactics,
            "tactics",
            ("position", "channel", "content_type", "title"),
            _tactic,
            _tactic_values,
        ),
        references=("strategy_id",),
    )

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

    def _from_row(self, row: Row) -> Campaign:
        campaign_id, strategy_id, name, client_id, created_at, updated_at, revision = row
        return _new_campaign(
            campaign_id=campaign_id,
            strategy_id=strategy_id,
            name=name,
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
        )

    def _to_values(self, record: Campaign) -> Values:
        return {
            "campaign_id": record.campaign_id,
            "strategy_id": record.strategy_id,
            "name": record.name,
        }


class DatabaseDraftRepository(DatabaseRepository[Draft]):
    mapping = EntityMapping(
        Draft,
        production_drafts,
        references=("strategy_id", "campaign_id"),
    )

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

    def _from_row(self, row: Row) -> Draft:
        (
            draft_id,
            strategy_id,
            campaign_id,
            content_type,
            title,
            body,
            metadata,
            client_id,
            created_at,
            updated_at,
            revision,
        ) = row
        return _new_draft(
            draft_id=draft_id,
            strategy_id=strategy_id,
            campaign_id=campaign_id,
            content_type=content_type,
            title=title,
            body=body,
            metadata=metadata and JsonObject(metadata),
            client_id=client_id,
            revision=revision,
            created_at=created_at,
            updated_at=updated_at,
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
