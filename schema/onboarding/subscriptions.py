"""Following briefs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain import onboarding
from domain.scopes import Scope
from repositories.registry import Entities
from schema.changes import (
    FOLLOWED_KEY,
    IN_ORDER,
    AfterEvent,
    EntityChange,
    changed_entity,
    changed_key,
    changes_of,
)
from schema.context import Info
from schema.onboarding.types import Brief
from schema.scopes import for_scope


@strawberry.type(description="A brief was saved or deleted.")
class BriefChange(EntityChange):
    brief_id: strawberry.ID = changed_key("The business key of the brief.")
    brief: Brief | None = changed_entity(Entities.briefs, Brief, "brief")


@strawberry.type
class OnboardingSubscription:
    @strawberry.subscription(
        graphql_type=BriefChange,
        **for_scope(Scope.ONBOARDING_READ, f"The changes of a brief. {IN_ORDER}"),
    )
    async def brief_changed(
        self,
        info: Info,
        brief_id: Annotated[
            strawberry.ID,
            strawberry.argument(description=f"The key of the brief. {FOLLOWED_KEY}"),
        ],
        after: AfterEvent = UNSET,
    ) -> AsyncIterator[Any]:
        return await changes_of(info, onboarding.Brief, brief_id, after)
