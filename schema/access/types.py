"""Access as clients see it."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry import Parent

from domain import access
from domain.access import in_order
from domain.callers import Caller
from schema.access.enums import TokenKind
from schema.callers import CallerKind
from schema.scalars import ScopeName


def _id(parent: Parent[Caller]) -> strawberry.ID:
    return strawberry.ID(parent.id)


def _scopes(parent: Parent[Caller]) -> list[ScopeName]:
    return [ScopeName(scope) for scope in in_order(parent.scopes)]


def _is_bound(parent: Parent[Caller]) -> bool:
    return parent.clients is not None


def _clients(parent: Parent[Caller]) -> list[strawberry.ID]:
    return list(map(strawberry.ID, sorted(parent.clients or ())))


def _token_clients(parent: Parent[access.AccessToken]) -> list[strawberry.ID]:
    return list(map(strawberry.ID, parent.client_ids or ()))


@strawberry.type(description="The caller of this request.")
class Viewer:
    kind: CallerKind = strawberry.field(description="What kind of caller it is.")
    caller_id: strawberry.ID = strawberry.field(
        resolver=_id,
        description="Names the caller among those of its kind: changes are recorded under it.",
    )
    on_behalf_of: str | None = strawberry.field(
        description="The person for whom the caller acts; null: it acts for itself."
    )
    scopes: list[ScopeName] = strawberry.field(
        resolver=_scopes, description="What the caller may do: all that its scopes grant."
    )
    is_bound: bool = strawberry.field(
        resolver=_is_bound, description="Whether it sees the data of `clientIds` alone."
    )
    client_ids: list[strawberry.ID] = strawberry.field(
        resolver=_clients, description="The clients that it's bound to; none where it isn't bound."
    )
    expires_at: datetime | None = strawberry.field(
        description="When its credentials end; null: they don't end by themselves."
    )


@strawberry.type(
    description="Credentials of a caller, which this server issued. Nobody can read the secret."
)
class AccessToken:
    token_id: strawberry.ID = strawberry.field(description="The business key of the token.")
    kind: TokenKind = strawberry.field(description="What kind of caller it's for.")
    name: str = strawberry.field(
        description="The id of the caller, under which changes are recorded."
    )
    on_behalf_of: str | None = strawberry.field(
        description="The person whom an agent acts for; null for others."
    )
    scopes: list[ScopeName] = strawberry.field(description="What it grants.")
    client_ids: list[strawberry.ID] = strawberry.field(
        resolver=_token_clients,
        description="The clients that it's bound to; none: it isn't bound.",
    )
    expires_at: datetime | None = strawberry.field(
        description="From then on it's refused; null: it doesn't end by itself."
    )
    revoked_at: datetime | None = strawberry.field(
        description="When it was revoked; null: it wasn't."
    )
    last_used_at: datetime | None = strawberry.field(
        description="The minute in which it was last used; null: it never was."
    )
    revision: int = strawberry.field(
        description="1 when issued, one more with every change. For `expectedRevision`."
    )
    created_at: datetime = strawberry.field(description="When it was issued.")
    updated_at: datetime = strawberry.field(description="When it was last rotated or revoked.")

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, access.AccessToken)
