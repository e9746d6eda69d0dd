"""Reading campaigns and drafts."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.lookups import Found, lookup
from schema.production.types import Campaign, Draft


def _campaign(
    loaders: Loaders,
    campaign_id: Annotated[strawberry.ID, strawberry.argument(description="The campaign's key.")],
) -> Found:
    return loaders.campaigns.by_key, campaign_id


def _draft(
    loaders: Loaders,
    draft_id: Annotated[strawberry.ID, strawberry.argument(description="The draft's key.")],
) -> Found:
    return loaders.drafts.by_key, draft_id


@strawberry.type
class ProductionQuery:
    campaign: Campaign | None = lookup(
        _campaign, "The campaign with this key; null when there is none.", Scope.PRODUCTION_READ
    )
    campaigns: Connection[Campaign] = connection(Entities.campaigns, "All campaigns, page by page.")
    draft: Draft | None = lookup(
        _draft, "The draft with this key; null when there is none.", Scope.PRODUCTION_READ
    )
    drafts: Connection[Draft] = connection(Entities.drafts, "All drafts, page by page.")
