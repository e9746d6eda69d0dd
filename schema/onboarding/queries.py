"""Reading briefs."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.scopes import Scope
from repositories.registry import Entities
from resolvers.loaders import Loaders
from schema.connection_types import Connection
from schema.connections import connection
from schema.lookups import Found, lookup
from schema.onboarding.types import Brief


def _brief(
    loaders: Loaders,
    brief_id: Annotated[strawberry.ID, strawberry.argument(description="The brief's key.")],
) -> Found:
    return loaders.briefs.by_key, brief_id


@strawberry.type
class OnboardingQuery:
    brief: Brief | None = lookup(
        _brief, "The brief with this key; null when there is none.", Scope.ONBOARDING_READ
    )
    briefs: Connection[Brief] = connection(Entities.briefs, "All briefs, page by page.")
