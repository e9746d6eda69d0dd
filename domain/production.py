"""Production: campaigns with their tactics, and the drafts written for a strategy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from domain import validation as check
from domain.actions import Action
from domain.bulk import Bulk
from domain.entity import Owned, Reference, in_places
from domain.json_object import JsonObject


@dataclass(frozen=True, slots=True)
class Tactic(check.RuledPart):
    rules = (
        check.TextRule("channel", check.NAME_LENGTH),
        check.TextRule("content_type", check.NAME_LENGTH),
        check.TextRule("title", check.NAME_LENGTH),
    )

    channel: str
    content_type: str
    title: str
    position: int = 0

    def at(self, position: int) -> "Tactic":
        return Tactic(self.channel, self.content_type, self.title, position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Owned):
    """A campaign. It has `tactics` in position order, or None where it was read without them."""

    entity_type: ClassVar[str] = "campaign"
    key_name: ClassVar[str] = "campaign_id"
    owner: ClassVar[Reference] = Reference("strategy_id", "StrategyPlan")

    campaign_id: str
    strategy_id: str
    name: str
    tactics: tuple[Tactic, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Owned):
    """A piece of content, written for a strategy plan and perhaps for one of its campaigns."""

    entity_type: ClassVar[str] = "draft"
    key_name: ClassVar[str] = "draft_id"
    owner: ClassVar[Reference] = Reference("strategy_id", "StrategyPlan")
    other_references: ClassVar[tuple[Reference, ...]] = (Reference("campaign_id", "Campaign"),)

    draft_id: str
    strategy_id: str
    campaign_id: str | None = None
    content_type: str
    title: str
    body: str
    metadata: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCampaign:
    campaign_id: str | None = None
    strategy_id: str
    name: str
    tactics: tuple[Tactic, ...] = ()
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("campaign_id", self.campaign_id)
        yield from check.key("strategy_id", self.strategy_id)
        yield from check.text("name", self.name, check.NAME_LENGTH)
        yield from check.items("tactics", self.tactics)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft:
    draft_id: str | None = None
    strategy_id: str
    campaign_id: str | None = None
    content_type: str
    title: str
    body: str
    metadata: Mapping[str, Any] | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("draft_id", self.draft_id)
        yield from check.key("strategy_id", self.strategy_id)
        yield from check.optional_key("campaign_id", self.campaign_id)
        yield from check.text("content_type", self.content_type, check.NAME_LENGTH)
        yield from check.text("title", self.title, check.NAME_LENGTH)
        yield from check.text("body", self.body, check.BODY_LENGTH)
        yield from check.json_object("metadata", self.metadata)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDrafts(Bulk[SaveDraft]):
    unique: ClassVar[tuple[str, ...]] = ("draft_id",)

    rows: tuple[SaveDraft, ...]


def new_campaign(command: SaveCampaign, campaign_id: str, now: datetime) -> Campaign:
    """The campaign as the command describes it."""
    return Campaign(
        campaign_id=campaign_id,
        strategy_id=command.strategy_id,
        name=command.name,
        tactics=in_places(command.tactics),
        created_at=now,
        updated_at=now,
    )


def new_draft(command: SaveDraft, draft_id: str, now: datetime) -> Draft:
    """The draft as the command describes it."""
    return Draft(
        draft_id=draft_id,
        strategy_id=command.strategy_id,
        campaign_id=command.campaign_id,
        content_type=command.content_type,
        title=command.title,
        body=command.body,
        metadata=JsonObject.of(command.metadata or {}),
        created_at=now,
        updated_at=now,
    )


CAMPAIGN_ACTIONS: Final = (Action("saveCampaign"), Action("deleteCampaign"))
DRAFT_ACTIONS: Final = (
    Action("saveDraft"),
    Action("evaluateDraft"),
    Action("recordQcResult"),
    Action("deleteDraft"),
)
"""Whether agents may record that their own drafts passed depends on the verdict."""
