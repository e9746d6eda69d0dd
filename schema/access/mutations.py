"""Managing access."""

from __future__ import annotations

from functools import partial

import strawberry

from domain.scopes import Scope
from resolvers.access import commands
from schema.access.inputs import (
    CreateAccessTokenInput,
    RevokeAccessTokenInput,
    RotateAccessTokenInput,
)
from schema.access.types import AccessToken
from schema.mutations import NULL, Payload, mutation, secret, stored, unrendered

_secret = partial(secret, "The secret, to be sent as `Authorization: Bearer …`.", NULL)
_with_secret = partial(unrendered, parts={"access_token": "token", "secret": "secret"})


@strawberry.type(description="The outcome of `createAccessToken`.")
class CreateAccessTokenPayload(Payload):
    access_token: AccessToken | None = stored("token")
    secret: str | None = _secret()


@strawberry.type(description="The outcome of `rotateAccessToken`.")
class RotateAccessTokenPayload(Payload):
    access_token: AccessToken | None = stored("token")
    secret: str | None = _secret()


@strawberry.type(description="The outcome of `revokeAccessToken`.")
class RevokeAccessTokenPayload(Payload):
    access_token: AccessToken | None = stored("token")


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
        unrendered(RevokeAccessTokenPayload),
        RevokeAccessTokenInput,
        commands.revoke_access_token,
        scope=Scope.ADMIN,
        outcome="access_token",
    )
