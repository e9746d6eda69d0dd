"""Changing briefs."""

from __future__ import annotations

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.onboarding import commands
from schema.mutations import DeletePayload, Payload, deletion, entity, mutation
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
    submit_intake: SubmitIntakePayload | None = mutation(
        "Take in a client's brief. The same key again replaces the brief.",
        SubmitIntakePayload,
        SubmitIntakeInput,
        commands.submit_intake,
        scope=Scope.ONBOARDING_WRITE,
        outcome="brief",
        single_statement=True,
    )
    normalize_brief: NormalizeBriefPayload | None = mutation(
        "Set what the agency made of a brief: scope, objectives, audience, guidelines.",
        NormalizeBriefPayload,
        NormalizeBriefInput,
        commands.normalize_brief,
        scope=Scope.ONBOARDING_WRITE,
        outcome="brief",
    )
    delete_brief: DeleteBriefPayload | None = deletion(
        "Delete a brief. What refers to it, such as its strategy plans, stays.",
        DeleteBriefPayload,
        DeleteBriefInput,
        commands.delete_brief,
        scope=Scope.ONBOARDING_WRITE,
        entity_type=Entities.briefs,
    )
