"""Reading campaigns and drafts."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.entities import CAMPAIGNS, DRAFTS
from schema.pagination import After, Before, Connection, First, Last, connect
from schema.production.inputs import CampaignFilter, CampaignOrder, DraftFilter, DraftOrder
from schema.production.types import Campaign, Draft


async def _campaign(
    info: Info,
    campaign_id: Annotated[strawberry.ID, strawberry.argument(description="The campaign's key.")],
) -> Any:
    return await info.context.loaders.campaigns.by_key.load(campaign_id)


async def _campaigns(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        CampaignFilter | None, strawberry.argument(description="Only campaigns that match.")
    ] = UNSET,
    order_by: Annotated[
        CampaignOrder | None,
        strawberry.argument(description="The order; newest first by default."),
    ] = UNSET,
) -> Any:
    campaigns = info.context.loaders.campaigns
    return await connect(
        CAMPAIGNS,
        load_page=campaigns.page.load,
        load_count=lambda wanted: campaigns.count.load((wanted,)),
        first=first,
        after=after,
        last=last,
        before=before,
        filter=filter,
        order_by=order_by,
    )


async def _draft(
    info: Info,
    draft_id: Annotated[strawberry.ID, strawberry.argument(description="The draft's key.")],
) -> Any:
    return await info.context.loaders.drafts.by_key.load(draft_id)


async def _drafts(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        DraftFilter | None, strawberry.argument(description="Only drafts that match.")
    ] = UNSET,
    order_by: Annotated[
        DraftOrder | None, strawberry.argument(description="The order; newest first by default.")
    ] = UNSET,
) -> Any:
    drafts = info.context.loaders.drafts
    return await connect(
        DRAFTS,
        load_page=drafts.page.load,
        load_count=lambda wanted: drafts.count.load((wanted,)),
        first=first,
        after=after,
        last=last,
        before=before,
        filter=filter,
        order_by=order_by,
    )


@strawberry.type
class ProductionQuery:
    campaign: Campaign | None = strawberry.field(
        resolver=_campaign, description="The campaign with this key; null when there is none."
    )
    campaigns: Connection[Campaign] = strawberry.field(
        resolver=_campaigns, description="All campaigns, page by page."
    )
    draft: Draft | None = strawberry.field(
        resolver=_draft, description="The draft with this key; null when there is none."
    )
    drafts: Connection[Draft] = strawberry.field(
        resolver=_drafts, description="All drafts, page by page."
    )
