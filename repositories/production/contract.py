"""The protocols of the repositories of production."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.production import Campaign, Draft, Tactic
from repositories.contract import EntityReads, EntityRepository
from repositories.criteria import Filter, Page, PageRequest
from repositories.projections import JsonProjection


class CampaignReads(EntityReads[Campaign], Protocol):
    """Reads campaigns, by `campaign_id`."""

    async def tactics_by_campaign_id(
        self, campaign_ids: Sequence[str]
    ) -> Mapping[str, tuple[Tactic, ...]]:
        """The tactics in position order; campaigns without any are left out."""
        ...

    async def tactics_json_by_campaign_id(
        self, campaign_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The tactics of each stored campaign as JSON lists: one for each of the projections."""
        ...

    async def pages_by_strategy_id(
        self, strategy_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Campaign]]:
        """The requested page of each plan's campaigns; every plan has one."""
        ...

    async def counts_by_strategy_id(
        self, strategy_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        """How many campaigns of each plan match; every plan has a count."""
        ...


class CampaignRepository(CampaignReads, EntityRepository[Campaign], Protocol):
    """Reads, saves and deletes campaigns."""


class DraftReads(EntityReads[Draft], Protocol):
    """Reads drafts, by `draft_id`."""

    async def pages_by_strategy_id(
        self, strategy_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Draft]]:
        """The requested page of each plan's drafts; every plan has one."""
        ...

    async def counts_by_strategy_id(
        self, strategy_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        """How many drafts of each plan match; every plan has a count."""
        ...

    async def pages_by_campaign_id(
        self, campaign_ids: Sequence[str], request: PageRequest
    ) -> Mapping[str, Page[Draft]]:
        """The requested page of each campaign's drafts; every campaign has one."""
        ...

    async def counts_by_campaign_id(
        self, campaign_ids: Sequence[str], filter: Filter | None
    ) -> Mapping[str, int]:
        """How many drafts of each campaign match; every campaign has a count."""
        ...


class DraftRepository(DraftReads, EntityRepository[Draft], Protocol):
    """Reads, saves and deletes drafts."""
