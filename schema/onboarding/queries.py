"""Reading briefs."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from schema.context import Info
from schema.entities import BRIEFS
from schema.onboarding.inputs import BriefFilter, BriefOrder
from schema.onboarding.types import Brief
from schema.pagination import After, Before, Connection, First, Last, connect


async def _brief(
    info: Info,
    brief_id: Annotated[strawberry.ID, strawberry.argument(description="The brief's key.")],
) -> Any:
    return await info.context.loaders.briefs.by_key.load(brief_id)


async def _briefs(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        BriefFilter | None, strawberry.argument(description="Only briefs that match.")
    ] = UNSET,
    order_by: Annotated[
        BriefOrder | None, strawberry.argument(description="The order; newest first by default.")
    ] = UNSET,
) -> Any:
    briefs = info.context.loaders.briefs
    return await connect(
        BRIEFS,
        load_page=briefs.page.load,
        load_count=lambda wanted: briefs.count.load((wanted,)),
        first=first,
        after=after,
        last=last,
        before=before,
        filter=filter,
        order_by=order_by,
    )


@strawberry.type
class OnboardingQuery:
    brief: Brief | None = strawberry.field(
        resolver=_brief, description="The brief with this key; null when there is none."
    )
    briefs: Connection[Brief] = strawberry.field(
        resolver=_briefs, description="All briefs, page by page."
    )
