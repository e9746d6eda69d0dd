"""Following campaigns and drafts."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.production.types import Campaign, Draft


@strawberry.type(description="A campaign was saved or deleted.")
class CampaignChange(EntityChange):
    campaign_id: strawberry.ID = changed_key("The business key of the campaign.")
    campaign: Campaign | None = changed_entity(Entities.campaigns, Campaign, "campaign")


@strawberry.type(description="A draft was saved or deleted.")
class DraftChange(EntityChange):
    draft_id: strawberry.ID = changed_key("The business key of the draft.")
    draft: Draft | None = changed_entity(Entities.drafts, Draft, "draft")


@strawberry.type
class ProductionSubscription:
    campaign_changed: CampaignChange = changes(
        Entities.campaigns, CampaignChange, "a campaign", "campaign"
    )
    draft_changed: DraftChange = changes(Entities.drafts, DraftChange, "a draft", "draft")
