"""Who asks, and reading access tokens."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from domain import access
from domain.scopes import Scope
from resolvers.loaders import Loaders
from schema.access.types import AccessToken, Viewer
from schema.connection_types import Connection
from schema.connections import record_connection
from schema.context import Info
from schema.cursors import ListedRecords
from schema.lookups import FoundRecord, record_lookup
from schema.scopes import field_of, for_everybody


async def _viewer(info: Info) -> Any:
    return info.context.caller


def _token(
    loaders: Loaders,
    token_id: Annotated[strawberry.ID, strawberry.argument(description="The token's key.")],
) -> FoundRecord:
    return loaders.access.token_by_id, token_id


@strawberry.type
class AccessQuery:
    viewer: Viewer = field_of(
        for_everybody("Who asks: the caller of this request, and what it may do."),
        resolver=_viewer,
        graphql_type=Viewer,
    )
    access_token: AccessToken | None = record_lookup(
        _token, "The access token with this key; null when there is none.", Scope.ADMIN
    )
    access_tokens: Connection[AccessToken] = record_connection(
        ListedRecords(access.AccessToken, "token_id"),
        lambda loaders: loaders.access.tokens,
        Scope.ADMIN,
        "All access tokens, page by page, also those that were revoked.",
    )
