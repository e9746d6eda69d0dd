"""Managing access."""

from __future__ import annotations

from typing import Any

import strawberry

from domain.access import TokenShown
from domain.scopes import Scope
from resolvers.access import commands
from schema.access.inputs import (
    CreateAccessTokenInput,
    RevokeAccessTokenInput,
    RotateAccessTokenInput,
)
from schema.access.types import AccessToken
from schema.errors import MutationError
from schema.mutations import Payload, mutation

_SHOWN_ONCE = (
    "The secret, to be sent as `Authorization: Bearer …`. It is shown this once, and nobody can "
    "read it later; null when `errors` says why not."
)


def _token() -> Any:
    return strawberry.field(
        description="The token as it is stored now; null when `errors` says why not."
    )


@strawberry.type(description="The outcome of `createAccessToken`.")
class CreateAccessTokenPayload(Payload):
    access_token: AccessToken | None = _token()
    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.type(description="The outcome of `rotateAccessToken`.")
class RotateAccessTokenPayload(Payload):
    access_token: AccessToken | None = _token()
    secret: str | None = strawberry.field(description=_SHOWN_ONCE)


@strawberry.type(description="The outcome of `revokeAccessToken`.")
class RevokeAccessTokenPayload(Payload):
    access_token: AccessToken | None = _token()


def _with_secret(type_: Any) -> Any:
    def payload(access_token: TokenShown | None, errors: list[MutationError]) -> Payload:
        shown = access_token
        made: Payload = type_(
            access_token=shown and shown.token, secret=shown and shown.secret, errors=errors
        )
        return made

    return payload


def _revoked(access_token: Any, errors: list[MutationError]) -> Payload:
    return RevokeAccessTokenPayload(access_token=access_token, errors=errors)


@strawberry.type
class AccessMutation:
    create_access_token: CreateAccessTokenPayload | None = mutation(
        "Issue an access token.",
        _with_secret(CreateAccessTokenPayload),
        CreateAccessTokenInput,
        commands.create_access_token,
        scope=Scope.ADMIN,
        outcome="access_token",
    )
    rotate_access_token: RotateAccessTokenPayload | None = mutation(
        "Give an access token another secret. The one before it is refused at once.",
        _with_secret(RotateAccessTokenPayload),
        RotateAccessTokenInput,
        commands.rotate_access_token,
        scope=Scope.ADMIN,
        outcome="access_token",
    )
    revoke_access_token: RevokeAccessTokenPayload | None = mutation(
        "Revoke an access token: it is refused at once, for good, and subscriptions that were "
        "opened with it end.",
        _revoked,
        RevokeAccessTokenInput,
        commands.revoke_access_token,
        scope=Scope.ADMIN,
        outcome="access_token",
    )
