"""Reading briefs."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from schema.context import Info
from schema.entities import BRIEFS
from schema.onboarding.types import Brief
from schema.pagination import Connection, connection
from schema.reads import BY_KEY


async def _brief(
    info: Info,
    brief_id: Annotated[strawberry.ID, strawberry.argument(description="The brief's key.")],
) -> Any:
    return await info.context.loaders.briefs.by_key.load(brief_id)


@strawberry.type
class OnboardingQuery:
    brief: Brief | None = strawberry.field(
        resolver=_brief,
        metadata=BY_KEY,
        description="The brief with this key; null when there is none.",
    )
    briefs: Connection[Brief] = connection(BRIEFS, "All briefs, page by page.")
