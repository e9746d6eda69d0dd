"""Onboarding: client briefs, as they come in and as the agency understands them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from domain import validation as check
from domain.actions import Action
from domain.entity import Entity
from domain.json_object import EMPTY_OBJECT, JsonObject


class BriefStage(StrEnum):
    INTAKE = "INTAKE"
    NORMALIZED = "NORMALIZED"


@dataclass(frozen=True, slots=True)
class BriefScope:
    """The scope of a brief: deliverables, exclusions, and the number of weeks."""

    deliverables: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    timeline_weeks: int | None = None

    def violations(self) -> check.Violations:
        yield from check.texts("deliverables", self.deliverables)
        yield from check.texts("exclusions", self.exclusions)
        yield from check.positive("timeline_weeks", self.timeline_weeks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief(Entity):
    """A client's brief; everything after `submitted_at` is set by normalising it."""

    entity_type: ClassVar[str] = "brief"
    client_name: ClassVar[str | None] = "client_id"
    outcomes: ClassVar[tuple[str, ...]] = ("submitted", "normalized")
    key_name: ClassVar[str] = "brief_id"

    brief_id: str
    client_id: str
    stage: BriefStage
    responses: JsonObject
    submitted_at: datetime
    scope: BriefScope | None = None
    objectives: tuple[str, ...] = ()
    target_audience: str | None = None
    brand_guidelines: JsonObject = EMPTY_OBJECT
    normalized_at: datetime | None = None

    @property
    def outcome(self) -> str:
        return "submitted" if self.stage is BriefStage.INTAKE else "normalized"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitIntake:
    brief_id: str | None = None
    client_id: str
    responses: Mapping[str, Any]
    submitted_at: datetime | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("brief_id", self.brief_id)
        yield from check.key("client_id", self.client_id)
        yield from check.json_object("responses", self.responses)
        yield from check.moment("submitted_at", self.submitted_at)
        yield from check.expected_revision(self.expected_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeBrief:
    brief_id: str
    scope: BriefScope
    objectives: tuple[str, ...]
    target_audience: str
    brand_guidelines: Mapping[str, Any] | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("brief_id", self.brief_id)
        yield from check.nested("scope", self.scope)
        yield from check.texts("objectives", self.objectives)
        yield from check.text(
            "target_audience", self.target_audience, check.PROSE_LENGTH, blank=True
        )
        yield from check.json_object("brand_guidelines", self.brand_guidelines)
        yield from check.expected_revision(self.expected_revision)


def submitted(command: SubmitIntake, brief_id: str, now: datetime) -> Brief:
    """The brief at INTAKE, without anything that an earlier normalising had set."""
    return Brief(
        brief_id=brief_id,
        client_id=command.client_id,
        stage=BriefStage.INTAKE,
        responses=JsonObject.of(command.responses),
        submitted_at=(command.submitted_at or now).astimezone(UTC),
        created_at=now,
        updated_at=now,
    )


def normalized(brief: Brief, command: NormalizeBrief, now: datetime) -> Brief:
    """The brief as the agency understands it; may be repeated."""
    return replace(
        brief,
        stage=BriefStage.NORMALIZED,
        scope=command.scope,
        objectives=command.objectives,
        target_audience=command.target_audience,
        brand_guidelines=JsonObject.of(command.brand_guidelines or {}),
        normalized_at=now,
        updated_at=now,
    )


ACTIONS: Final = (
    Action("submitIntake"),
    Action("normalizeBrief"),
    Action("startRun"),
    Action("deleteBrief"),
)
