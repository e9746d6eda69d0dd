"""Reading campaigns and drafts."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from schema.context import Info
from schema.entities import CAMPAIGNS, DRAFTS
from schema.pagination import Connection, connection
from schema.production.types import Campaign, Draft
from schema.reads import BY_KEY


async def _campaign(
    info: Info,
    campaign_id: Annotated[strawberry.ID, strawberry.argument(description="The campaign's key.")],
) -> Any:
    return await info.context.loaders.campaigns.by_key.load(campaign_id)


async def _draft(
    info: Info,
    draft_id: Annotated[strawberry.ID, strawberry.argument(description="The draft's key.")],
) -> Any:
    return await info.context.loaders.drafts.by_key.load(draft_id)


@strawberry.type
class ProductionQuery:
    campaign: Campaign | None = strawberry.field(
        resolver=_campaign,
        metadata=BY_KEY,
        description="The campaign with this key; null when there is none.",
    )
    campaigns: Connection[Campaign] = connection(CAMPAIGNS, "All campaigns, page by page.")
    draft: Draft | None = strawberry.field(
        resolver=_draft,
        metadata=BY_KEY,
        description="The draft with this key; null when there is none.",
    )
    drafts: Connection[Draft] = connection(DRAFTS, "All drafts, page by page.")
