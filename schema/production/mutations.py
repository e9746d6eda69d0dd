"""Changing campaigns and drafts."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.deletion import Delete
from domain.production import SaveCampaign, SaveDraft
from resolvers.production import commands
from schema.commands import sent_as
from schema.context import Info
from schema.entities import CAMPAIGNS, DRAFTS
from schema.mutations import DeletePayload, Payload, entity, run, run_delete
from schema.production.inputs import (
    DeleteCampaignInput,
    DeleteDraftInput,
    SaveCampaignInput,
    SaveDraftInput,
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


@strawberry.type
class ProductionMutation:
    @strawberry.mutation(description="Save a campaign, new or in place of the stored one.")
    async def save_campaign(
        self, info: Info, input: Annotated[SaveCampaign, sent_as(SaveCampaignInput)]
    ) -> SaveCampaignPayload | None:
        return await run(
            info, SaveCampaignPayload, "campaign", commands.save_campaign, input, in_one_call=True
        )

    @strawberry.mutation(description="Save a draft, new or in place of the stored one.")
    async def save_draft(
        self, info: Info, input: Annotated[SaveDraft, sent_as(SaveDraftInput)]
    ) -> SaveDraftPayload | None:
        return await run(
            info, SaveDraftPayload, "draft", commands.save_draft, input, in_one_call=True
        )

    @strawberry.mutation(description="Delete a campaign. Its drafts stay where they are.")
    async def delete_campaign(
        self, info: Info, input: Annotated[Delete, sent_as(DeleteCampaignInput)]
    ) -> DeleteCampaignPayload | None:
        return await run_delete(
            info, DeleteCampaignPayload, CAMPAIGNS, commands.delete_campaign, input
        )

    @strawberry.mutation(description="Delete a draft. Its QC result and packages stay.")
    async def delete_draft(
        self, info: Info, input: Annotated[Delete, sent_as(DeleteDraftInput)]
    ) -> DeleteDraftPayload | None:
        return await run_delete(info, DeleteDraftPayload, DRAFTS, commands.delete_draft, input)
