"""Runs as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import workflow
from domain.workflow import ACTIONS
from repositories.registry import Entities
from schema.actions import AvailableAction, available_actions
from schema.fields import children, reference
from schema.history.fields import as_of, history
from schema.node import Node, StoredEntity, client_id, created_at, revision, updated_at
from schema.workflow.enums import RunStatus, RunStepStatus
from schema.workflow.exchanges import ModelExchange, model_exchanges
from schema.workflow.products import made, produced

if TYPE_CHECKING:
    from schema.delivery.types import DeliveryPackage
    from schema.history.types import EventConnection
    from schema.onboarding.types import Brief
    from schema.production.types import Campaign, Draft
    from schema.strategy.types import StrategyPlan


@strawberry.type(description="A step of a run.")
class RunStep:
    position: int = strawberry.field(description="Its place among the run's: 0, 1, 2 …")
    name: str = strawberry.field(
        description="What it does: `normalize`, `plan`, `approval`, `campaign`, `draft`, `check`, "
        "`redraft` or `package`; other versions of workflows may have others."
    )
    tactic: int | None = strawberry.field(
        description="The position of the campaign's tactic that it's for; null: it's for all."
    )
    status: RunStepStatus = strawberry.field(description="What has become of it.")
    attempts: int = strawberry.field(
        description="How often it was begun; in a cancelled run, how often it was to be undone."
    )
    started_at: datetime | None = strawberry.field(description="When it first began.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null before.")
    error: str | None = strawberry.field(
        description="Why it failed, is tried again, or left what it had made; null otherwise."
    )
    produced_type: str | None = strawberry.field(
        description="The name of the type of what it has made or changed; null: nothing yet."
    )
    produced_key: str | None = strawberry.field(
        description="The business key of what it has made or changed; it may be gone."
    )
    produced_revision: int | None = strawberry.field(
        description="The revision at which it has left that."
    )
    produced: Node | None = produced(Node | None)


@strawberry.type(
    description=(
        "A run takes a brief to packages, step by step, in the name of the caller who started it. "
        "It outlives the servers that carry it out."
    )
)
class Run(StoredEntity):
    record_type = workflow.Run

    run_id: strawberry.ID = strawberry.field(description="The business key of the run.")
    brief_id: strawberry.ID = strawberry.field(description="The brief that it began with.")
    workflow: str = strawberry.field(description="The name of its workflow: `campaign`.")
    workflow_version: int = strawberry.field(
        description="The version of the workflow, whose steps it goes on with to its end."
    )
    status: RunStatus = strawberry.field(description="What has become of it.")
    channels: list[str] = strawberry.field(
        description="The channels that its plan is to be of; empty: of those that fit."
    )
    max_redrafts: int = strawberry.field(
        description="How often a draft is written anew that doesn't pass QC."
    )
    require_approval: bool = strawberry.field(
        description="Whether it waits until its plan is approved."
    )
    progress: float = strawberry.field(
        description="How much of it is done, from 0 to 1. It never goes back."
    )
    error: str | None = strawberry.field(description="Why it failed; null where it didn't.")
    started_by: str = strawberry.field(description="The id of the caller who started it.")
    strategy_id: strawberry.ID | None = strawberry.field(
        description="The key of the plan that it has made; null before."
    )
    campaign_id: strawberry.ID | None = strawberry.field(
        description="The key of the campaign that it has made; null before."
    )
    cancelled_at: datetime | None = strawberry.field(
        description="When it was cancelled; null where it wasn't."
    )
    finished_at: datetime | None = strawberry.field(description="When it ended; null before.")
    steps: list[RunStep] = children(
        "Its steps in order. More come when the campaign is there, and when a draft doesn't pass.",
        attribute="steps",
        key="run_id",
        loader=lambda loaders: loaders.runs.steps_by_run_id,
    )
    model_exchanges: list[ModelExchange] = model_exchanges()
    client_id: strawberry.ID | None = client_id()
    revision: int = revision()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    history: Annotated[EventConnection, strawberry.lazy("schema.history.types")] = history()
    as_of: Run | None = as_of()
    available_actions: list[AvailableAction] = available_actions(ACTIONS)
    brief: Annotated[Brief, strawberry.lazy("schema.onboarding.types")] | None = reference(
        "The brief that it began with; null when it isn't stored.",
        key="brief_id",
        entity_type=Entities.briefs,
    )
    strategy_plan: Annotated[StrategyPlan, strawberry.lazy("schema.strategy.types")] | None = (
        reference(
            "The plan that it has made; null before, and when it isn't stored.",
            key="strategy_id",
            entity_type=Entities.strategy_plans,
        )
    )
    campaign: Annotated[Campaign, strawberry.lazy("schema.production.types")] | None = reference(
        "The campaign that it has made; null before, and when it isn't stored.",
        key="campaign_id",
        entity_type=Entities.campaigns,
    )
    drafts: list[Annotated[Draft, strawberry.lazy("schema.production.types")]] = made(
        Entities.drafts,
        "The drafts that it has made and that are stored, in the order of its steps.",
        list[Annotated["Draft", strawberry.lazy("schema.production.types")]],
    )
    delivery_packages: list[
        Annotated[DeliveryPackage, strawberry.lazy("schema.delivery.types")]
    ] = made(
        Entities.delivery_packages,
        "The packages that it has made and that are stored, one of each draft, in the order of "
        "its steps.",
        list[Annotated["DeliveryPackage", strawberry.lazy("schema.delivery.types")]],
    )
