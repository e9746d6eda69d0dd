"""Following briefs."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.onboarding.types import Brief


@strawberry.type(description="A brief was saved or deleted.")
class BriefChange(EntityChange):
    brief_id: strawberry.ID = changed_key("The business key of the brief.")
    brief: Brief | None = changed_entity(Entities.briefs, Brief, "brief")


@strawberry.type
class OnboardingSubscription:
    brief_changed: BriefChange = changes(Entities.briefs, BriefChange, "a brief", "brief")
