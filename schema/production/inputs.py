"""Inputs for campaigns and drafts: commands, filters and orders."""

from __future__ import annotations

from enum import StrEnum

import strawberry
from strawberry.scalars import JSON

from domain import production
from domain.bulk import ErrorPolicy
from repositories.criteria import Direction
from repositories.registry import Entities
from schema.bulk import error_policy, rows
from schema.commands import command_input, deletion_of, expected_revision, optional, required
from schema.descriptions import (
    BODY,
    ITEMS,
    JSON_OBJECT,
    KEY,
    NAME,
    OWN_KEY,
    UNCHECKED,
    describe_enum,
)
from schema.filtering import (
    ALL_HOLD,
    DateTimeFilter,
    IDFilter,
    IntFilter,
    NullableIDFilter,
    StringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)


@command_input(production.Tactic, "A piece of content that a campaign needs.")
class TacticInput:
    channel: str = required("Where it runs, such as `Newsletter`.", NAME)
    content_type: str = required("What it is, such as `blog_post`.", NAME)
    title: str = required("Its working title.", NAME)


@command_input(
    production.SaveCampaign, "A campaign, whole. A stored one with this key is replaced."
)
class SaveCampaignInput:
    campaign_id: strawberry.ID | None = optional("The campaign's key.", OWN_KEY, KEY)
    strategy_id: strawberry.ID = required("The plan that it carries out.", UNCHECKED, KEY)
    name: str = required("What the agency calls it.", NAME)
    tactics: list[TacticInput] | None = optional(
        "The pieces of content that it needs, in order; none by default.", ITEMS
    )
    expected_revision: int | None = expected_revision()


@command_input(production.SaveDraft, "A draft, whole. A stored one with this key is replaced.")
class SaveDraftInput:
    draft_id: strawberry.ID | None = optional("The draft's key.", OWN_KEY, KEY)
    strategy_id: strawberry.ID = required("The plan that it's written for.", UNCHECKED, KEY)
    campaign_id: strawberry.ID | None = optional(
        "The campaign that it belongs to, if any.", UNCHECKED, KEY
    )
    content_type: str = required("What it is, such as `blog_post`.", NAME)
    title: str = required("Its title.", NAME)
    body: str = required("The content itself.", BODY)
    metadata: JSON | None = optional(
        "Whatever its author notes about it; `{}` by default.", JSON_OBJECT
    )
    expected_revision: int | None = expected_revision()


@command_input(production.SaveDrafts, "Drafts, each of them whole.")
class SaveDraftsInput:
    rows: list[SaveDraftInput] = rows()
    error_policy: ErrorPolicy | None = error_policy()


@command_input(deletion_of(Entities.campaigns), "Which campaign to delete.")
class DeleteCampaignInput:
    campaign_id: strawberry.ID = required("The campaign that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(deletion_of(Entities.drafts), "Which draft to delete.")
class DeleteDraftInput:
    draft_id: strawberry.ID = required("The draft that is deleted.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(description=f"Conditions on campaigns; {ALL_HOLD}")
class CampaignFilter:
    campaign_id: IDFilter | None = on("campaignId")
    strategy_id: IDFilter | None = on("strategyId")
    name: StringFilter | None = on("name")
    client_id: NullableIDFilter | None = on("clientId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[CampaignFilter] | None = all_of()
    or_: list[CampaignFilter] | None = any_of()
    not_: CampaignFilter | None = none_of()


class CampaignOrderField(StrEnum):
    CAMPAIGN_ID = "campaign_id"
    STRATEGY_ID = "strategy_id"
    NAME = "name"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    CampaignOrderField,
    "What campaigns can be ordered by.",
    CAMPAIGN_ID="By `campaignId`.",
    STRATEGY_ID="By `strategyId`.",
    NAME="By `name`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of campaigns.")
class CampaignOrder:
    field: CampaignOrderField = order_field()
    direction: Direction = order_direction()


@strawberry.input(description=f"Conditions on drafts; {ALL_HOLD}")
class DraftFilter:
    draft_id: IDFilter | None = on("draftId")
    strategy_id: IDFilter | None = on("strategyId")
    campaign_id: NullableIDFilter | None = on("campaignId")
    content_type: StringFilter | None = on("contentType")
    title: StringFilter | None = on("title")
    client_id: NullableIDFilter | None = on("clientId")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[DraftFilter] | None = all_of()
    or_: list[DraftFilter] | None = any_of()
    not_: DraftFilter | None = none_of()


class DraftOrderField(StrEnum):
    DRAFT_ID = "draft_id"
    STRATEGY_ID = "strategy_id"
    CONTENT_TYPE = "content_type"
    TITLE = "title"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    DraftOrderField,
    "What drafts can be ordered by.",
    DRAFT_ID="By `draftId`.",
    STRATEGY_ID="By `strategyId`.",
    CONTENT_TYPE="By `contentType`.",
    TITLE="By `title`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of drafts.")
class DraftOrder:
    field: DraftOrderField = order_field()
    direction: Direction = order_direction()
