"""Changing campaigns and drafts."""

from __future__ import annotations

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.production import commands
from schema.bulk import BulkPayload, bulk_mutation, results
from schema.mutations import DeletePayload, Payload, deletion, entity, mutation
from schema.production.inputs import (
    DeleteCampaignInput,
    DeleteDraftInput,
    SaveCampaignInput,
    SaveDraftInput,
    SaveDraftsInput,
)
from schema.production.types import Campaign, Draft


@strawberry.type(description="The outcome of `saveCampaign`.")
class SaveCampaignPayload(Payload):
    campaign: Campaign | None = entity()


@strawberry.type(description="The outcome of `saveDraft`.")
class SaveDraftPayload(Payload):
    draft: Draft | None = entity()


@strawberry.type(description="The outcome of `deleteCampaign`.")
class DeleteCampaignPayload(DeletePayload):
    pass


@strawberry.type(description="The outcome of `deleteDraft`.")
class DeleteDraftPayload(DeletePayload):
    pass


@strawberry.type(description="The outcome of `saveDrafts`.")
class SaveDraftsPayload(BulkPayload):
    results: list[SaveDraftPayload] = results()


@strawberry.type
class ProductionMutation:
    save_campaign: SaveCampaignPayload | None = mutation(
        "Save a campaign, new or in place of the stored one.",
        SaveCampaignPayload,
        SaveCampaignInput,
        commands.save_campaign,
        scope=Scope.PRODUCTION_WRITE,
        outcome="campaign",
        single_statement=True,
    )
    save_draft: SaveDraftPayload | None = mutation(
        "Save a draft, new or in place of the stored one.",
        SaveDraftPayload,
        SaveDraftInput,
        commands.save_draft,
        scope=Scope.PRODUCTION_WRITE,
        outcome="draft",
        single_statement=True,
    )
    save_drafts: SaveDraftsPayload | None = bulk_mutation(
        "Save many drafts in one step, each as `saveDraft` does.",
        SaveDraftsPayload,
        SaveDraftPayload,
        SaveDraftsInput,
        commands.save_drafts,
        scope=Scope.PRODUCTION_WRITE,
        outcome="draft",
        single_statement=True,
    )
    delete_campaign: DeleteCampaignPayload | None = deletion(
        "Delete a campaign. Its drafts stay where they are.",
        DeleteCampaignPayload,
        DeleteCampaignInput,
        commands.delete_campaign,
        scope=Scope.PRODUCTION_WRITE,
        entity_type=Entities.campaigns,
    )
    delete_draft: DeleteDraftPayload | None = deletion(
        "Delete a draft. Its QC result and packages stay.",
        DeleteDraftPayload,
        DeleteDraftInput,
        commands.delete_draft,
        scope=Scope.PRODUCTION_WRITE,
        entity_type=Entities.drafts,
    )
