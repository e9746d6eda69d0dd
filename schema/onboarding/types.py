"""Briefs as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from domain import onboarding
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.connection_types import Connection
from schema.connections import connection
from schema.history.fields import as_of, history
from schema.node import StoredEntity, created_at, revision, updated_at
from schema.onboarding.enums import BriefStage

if TYPE_CHECKING:
    from schema.history.types import EventConnection
    from schema.strategy.types import StrategyPlan


@strawberry.type(description="What is to be delivered, what isn't, and in what time.")
class BriefScope:
    deliverables: list[str] = strawberry.field(description="What the client gets.")
    exclusions: list[str] = strawberry.field(description="What is expressly left out.")
    timeline_weeks: int | None = strawberry.field(
        description="How many weeks the work may take; null when that is open."
    )


@strawberry.type(
    description=(
        "A client's brief, the start of the pipeline: first the answers as they came in, then "
        "what the agency made of them by `normalizeBrief`."
    )
)
class Brief(StoredEntity):
    record_type = onboarding.Brief

    brief_id: strawberry.ID = strawberry.field(description="The business key of the brief.")
    client_id: strawberry.ID = strawberry.field(description="The client that it comes from.")
    stage: BriefStage = strawberry.field(description="How far the agency has come with it.")
    responses: JSON = strawberry.field(
        description="The client's answers to the intake form, as they were sent."
    )
    submitted_at: datetime = strawberry.field(description="When the client sent it.")
    scope: BriefScope | None = strawberry.field(
        description="What is to be delivered; null before it's normalized."
    )
    objectives: list[str] = strawberry.field(
        description="What the client wants to reach; empty before it's normalized."
    )
    target_audience: str | None = strawberry.field(
        description="Whom the campaign is for; null before it's normalized."
    )
    brand_guidelines: JSON = strawberry.field(
        description="Rules of the client's brand, such as tone and colours; `{}` when none are set."
    )
    normalized_at: datetime | None = strawberry.field(
        description="When it was last normalized; null before."
    )
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    available_actions: list[AvailableAction] = available_actions(onboarding.ACTIONS)
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Brief | None = as_of()
    strategy_plans: Connection[
        Annotated[StrategyPlan, strawberry.lazy("schema.strategy.types")]
    ] = connection(
        Entities.strategy_plans,
        "The versions of the strategy for this brief.",
        by="brief_id",
        related=lambda loaders: loaders.strategy_plans.plans_by_brief_id,
    )
