"""Campaigns and drafts as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from domain import production
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.connection_types import Connection
from schema.connections import connection
from schema.descriptions import BODY
from schema.fields import children, reference
from schema.history.fields import as_of, history
from schema.node import StoredEntity, client_id, created_at, revision, updated_at

if TYPE_CHECKING:
    from schema.delivery.types import DeliveryPackage
    from schema.history.types import EventConnection
    from schema.qc.types import QcResult
    from schema.strategy.types import StrategyPlan


@strawberry.type(description="A piece of content that a campaign needs.")
class Tactic:
    position: int = strawberry.field(description="Its place among the campaign's: 0, 1, 2 …")
    channel: str = strawberry.field(description="Where it runs, such as `Newsletter`.")
    content_type: str = strawberry.field(description="What it is, such as `blog_post`.")
    title: str = strawberry.field(description="Its working title.")


@strawberry.type(description="A campaign that carries out a strategy plan.")
class Campaign(StoredEntity):
    record_type = production.Campaign

    campaign_id: strawberry.ID = strawberry.field(description="The business key of the campaign.")
    strategy_id: strawberry.ID = strawberry.field(description="The plan that it carries out.")
    name: str = strawberry.field(description="What the agency calls it.")
    tactics: list[Tactic] = children(
        "The pieces of content that it needs, in position order.",
        attribute="tactics",
        key="campaign_id",
        loader=lambda loaders: loaders.campaigns.tactics_by_campaign_id,
    )
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions(production.CAMPAIGN_ACTIONS)
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Campaign | None = as_of()
    strategy_plan: Annotated[StrategyPlan, strawberry.lazy("schema.strategy.types")] | None = (
        reference(
            "The plan that it carries out; null when that isn't stored.",
            key="strategy_id",
            entity_type=Entities.strategy_plans,
        )
    )
    drafts: Connection[Annotated[Draft, strawberry.lazy("schema.production.types")]] = connection(
        Entities.drafts,
        "The drafts written for it.",
        by="campaign_id",
        related=lambda loaders: loaders.drafts.drafts_by_campaign_id,
    )


@strawberry.type(
    description=(
        "A piece of content, as it's written. A QC result says what QC thinks of it; packages "
        "deliver it."
    )
)
class Draft(StoredEntity):
    record_type = production.Draft

    draft_id: strawberry.ID = strawberry.field(description="The business key of the draft.")
    strategy_id: strawberry.ID = strawberry.field(description="The plan that it's written for.")
    campaign_id: strawberry.ID | None = strawberry.field(
        description="The campaign that it belongs to, if any."
    )
    content_type: str = strawberry.field(description="What it is, such as `blog_post`.")
    title: str = strawberry.field(description="Its title.")
    body: str = strawberry.field(description=f"The content itself. {BODY}")
    metadata: JSON = strawberry.field(
        description="Whatever its author notes about it; `{}` when nothing is."
    )
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions(production.DRAFT_ACTIONS)
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Draft | None = as_of()
    strategy_plan: Annotated[StrategyPlan, strawberry.lazy("schema.strategy.types")] | None = (
        reference(
            "The plan that it's written for; null when that isn't stored.",
            key="strategy_id",
            entity_type=Entities.strategy_plans,
        )
    )
    campaign: Campaign | None = reference(
        "The campaign that it belongs to; null when there is none.",
        key="campaign_id",
        entity_type=Entities.campaigns,
    )
    qc_result: Annotated[QcResult, strawberry.lazy("schema.qc.types")] | None = reference(
        "What QC says of it; null before QC saw it.",
        key="draft_id",
        entity_type=Entities.qc_results,
        by="draft_id",
        loader=lambda loaders: loaders.qc_results.by_draft_id,
    )
    delivery_packages: Connection[
        Annotated[DeliveryPackage, strawberry.lazy("schema.delivery.types")]
    ] = connection(
        Entities.delivery_packages,
        "The packages that it's delivered in.",
        by="draft_id",
        related=lambda loaders: loaders.delivery_packages.packages_by_draft_id,
    )
