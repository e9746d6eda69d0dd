"""Inputs for briefs: commands, filters and orders."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import strawberry
from strawberry.scalars import JSON

from domain import onboarding
from repositories.criteria import Direction
from repositories.registry import Entities
from schema.commands import command_input, deletion_of, expected_revision, optional, required
from schema.descriptions import JSON_OBJECT, KEY, OWN_KEY, PROSE, TEXTS, describe_enum
from schema.filtering import (
    ALL_HOLD,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    NullableDateTimeFilter,
    NullableStringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.onboarding.enums import BriefStage


@command_input(onboarding.BriefScope, "What is to be delivered, what isn't, and in what time.")
class BriefScopeInput:
    deliverables: list[str] | None = optional("What the client gets; none by default.", TEXTS)
    exclusions: list[str] | None = optional(
        "What is expressly left out; nothing by default.", TEXTS
    )
    timeline_weeks: int | None = optional("How many weeks the work may take: 1 or more.")


@command_input(
    onboarding.SubmitIntake,
    "A brief as the client sent it. A stored brief with this key is replaced: it returns to "
    "INTAKE, and what normalizing had set is cleared.",
)
class SubmitIntakeInput:
    brief_id: strawberry.ID | None = optional("The brief's key.", OWN_KEY, KEY)
    client_id: strawberry.ID = required(
        "The client that it comes from. Clients aren't stored here, so it isn't checked.", KEY
    )
    responses: JSON = required(
        "The client's answers to the intake form: any JSON object.", JSON_OBJECT
    )
    submitted_at: datetime | None = optional("When the client sent it; now by default.")
    expected_revision: int | None = expected_revision()


@command_input(
    onboarding.NormalizeBrief, "What the agency made of a brief. May be repeated; the latest wins."
)
class NormalizeBriefInput:
    brief_id: strawberry.ID = required("The brief that is normalized.", KEY)
    scope: BriefScopeInput = required("What is to be delivered.")
    objectives: list[str] = required("What the client wants to reach.", TEXTS)
    target_audience: str = required("Whom the campaign is for.", PROSE)
    brand_guidelines: JSON | None = optional(
        "Rules of the client's brand; `{}` by default.", JSON_OBJECT
    )
    expected_revision: int | None = expected_revision()


@command_input(deletion_of(Entities.briefs), "Which brief to delete.")
class DeleteBriefInput:
    brief_id: strawberry.ID = required("The brief that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on a stage; {ALL_HOLD}")
class BriefStageFilter(EnumFilter[BriefStage]):
    pass


@strawberry.input(description=f"Conditions on briefs; {ALL_HOLD}")
class BriefFilter:
    brief_id: IDFilter | None = on("briefId")
    client_id: IDFilter | None = on("clientId")
    stage: BriefStageFilter | None = on("stage")
    submitted_at: DateTimeFilter | None = on("submittedAt")
    target_audience: NullableStringFilter | None = on("targetAudience")
    normalized_at: NullableDateTimeFilter | None = on("normalizedAt")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[BriefFilter] | None = all_of()
    or_: list[BriefFilter] | None = any_of()
    not_: BriefFilter | None = none_of()


class BriefOrderField(StrEnum):
    BRIEF_ID = "brief_id"
    CLIENT_ID = "client_id"
    STAGE = "stage"
    SUBMITTED_AT = "submitted_at"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    BriefOrderField,
    "What briefs can be ordered by.",
    BRIEF_ID="By `briefId`.",
    CLIENT_ID="By `clientId`.",
    STAGE="By the name of the `stage`.",
    SUBMITTED_AT="By `submittedAt`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of briefs.")
class BriefOrder:
    field: BriefOrderField = order_field()
    direction: Direction = order_direction()
