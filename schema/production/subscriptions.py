"""Following campaigns and drafts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain import production
from domain.scopes import Scope
from repositories.registry import Entities
from schema.changes import (
    FOLLOWED_KEY,
    IN_ORDER,
    AfterEvent,
    EntityChange,
    changed_entity,
    changed_key,
    changes_of,
)
from schema.context import Info
from schema.production.types import Campaign, Draft
from schema.scopes import for_scope


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
    @strawberry.subscription(
        graphql_type=CampaignChange,
        **for_scope(Scope.PRODUCTION_READ, f"The changes of a campaign. {IN_ORDER}"),
    )
    async def campaign_changed(
        self,
        info: Info,
        campaign_id: Annotated[
            strawberry.ID,
            strawberry.argument(description=f"The key of the campaign. {FOLLOWED_KEY}"),
        ],
        after: AfterEvent = UNSET,
    ) -> AsyncIterator[Any]:
        return await changes_of(info, production.Campaign, campaign_id, after)

    @strawberry.subscription(
        graphql_type=DraftChange,
        **for_scope(Scope.PRODUCTION_READ, f"The changes of a draft. {IN_ORDER}"),
    )
    async def draft_changed(
        self,
        info: Info,
        draft_id: Annotated[
            strawberry.ID,
            strawberry.argument(description=f"The key of the draft. {FOLLOWED_KEY}"),
        ],
        after: AfterEvent = UNSET,
    ) -> AsyncIterator[Any]:
        return await changes_of(info, production.Draft, draft_id, after)
