"""Changing briefs."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.deletion import Delete
from domain.onboarding import NormalizeBrief, SubmitIntake
from resolvers.onboarding import commands
from schema.commands import sent_as
from schema.context import Info
from schema.entities import BRIEFS
from schema.mutations import DeletePayload, Payload, entity, run, run_delete
from schema.onboarding.inputs import DeleteBriefInput, NormalizeBriefInput, SubmitIntakeInput
from schema.onboarding.types import Brief


@strawberry.type(description="The outcome of `submitIntake`.")
class SubmitIntakePayload(Payload):
    brief: Brief | None = entity()


@strawberry.type(description="The outcome of `normalizeBrief`.")
class NormalizeBriefPayload(Payload):
    brief: Brief | None = entity()


@strawberry.type(description="The outcome of `deleteBrief`.")
class DeleteBriefPayload(DeletePayload):
    pass


@strawberry.type
class OnboardingMutation:
    @strawberry.mutation(
        description="Take in a client's brief. The same key again replaces the brief."
    )
    async def submit_intake(
        self, info: Info, input: Annotated[SubmitIntake, sent_as(SubmitIntakeInput)]
    ) -> SubmitIntakePayload | None:
        return await run(
            info, SubmitIntakePayload, "brief", commands.submit_intake, input, in_one_call=True
        )

    @strawberry.mutation(
        description="Set what the agency made of a brief: scope, objectives, audience, guidelines."
    )
    async def normalize_brief(
        self, info: Info, input: Annotated[NormalizeBrief, sent_as(NormalizeBriefInput)]
    ) -> NormalizeBriefPayload | None:
        return await run(info, NormalizeBriefPayload, "brief", commands.normalize_brief, input)

    @strawberry.mutation(
        description="Delete a brief. What refers to it, such as its strategy plans, stays."
    )
    async def delete_brief(
        self, info: Info, input: Annotated[Delete, sent_as(DeleteBriefInput)]
    ) -> DeleteBriefPayload | None:
        return await run_delete(info, DeleteBriefPayload, BRIEFS, commands.delete_brief, input)
