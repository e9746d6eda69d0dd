"""What clients send about access."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import strawberry

from domain import access
from repositories.criteria import Direction
from schema.access.enums import TokenKind
from schema.commands import command_input, expected_revision, optional, required
from schema.descriptions import KEY, KEYS, describe_enum
from schema.filtering import (
    ALL_HOLD,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    NullableDateTimeFilter,
    NullableStringFilter,
    StringFilter,
    all_of,
    any_of,
    none_of,
    on,
    order_direction,
    order_field,
)
from schema.scalars import ScopeName


@command_input(access.CreateAccessToken, "A new token. What it grants can't be changed later.")
class CreateAccessTokenInput:
    token_id: strawberry.ID | None = optional(
        "The token's key. Left out, the server makes one. No token takes the place of another.", KEY
    )
    kind: TokenKind = required("What kind of caller it's for.")
    name: str = required(
        "The id of the caller, under which its changes are recorded: the person's for a user, whom "
        "agents name in `onBehalfOf`. Several tokens may have the same.",
        KEY,
    )
    on_behalf_of: str | None = optional(
        "The person whom an agent acts for: required for agents, refused for others.", KEY
    )
    scopes: list[ScopeName] = required("What it grants. At least one.", KEYS)
    client_ids: list[strawberry.ID] | None = optional(
        "The clients that it's bound to, at least one; left out, it isn't bound.", KEYS
    )
    expires_at: datetime | None = optional(
        "From then on it's refused; left out, it doesn't end by itself. In the future."
    )
    expected_revision: int | None = expected_revision()


@command_input(access.ChangeAccessToken, "Which token gets another secret.")
class RotateAccessTokenInput:
    token_id: strawberry.ID = required("The token, which must be valid.", KEY)
    expected_revision: int | None = expected_revision()


@command_input(access.ChangeAccessToken, "Which token is revoked.")
class RevokeAccessTokenInput:
    token_id: strawberry.ID = required("The token.", KEY)
    expected_revision: int | None = expected_revision()


@strawberry.input(
    name="TokenKindFilter", description=f"Conditions on the kind of a token; {ALL_HOLD}"
)
class TokenKindFilter(EnumFilter[TokenKind]):
    pass


@strawberry.input(description=f"Conditions on access tokens; {ALL_HOLD}")
class AccessTokenFilter:
    token_id: IDFilter | None = on("tokenId")
    kind: TokenKindFilter | None = on("kind")
    name: StringFilter | None = on("name")
    on_behalf_of: NullableStringFilter | None = on("onBehalfOf")
    expires_at: NullableDateTimeFilter | None = on("expiresAt")
    revoked_at: NullableDateTimeFilter | None = on("revokedAt")
    last_used_at: NullableDateTimeFilter | None = on("lastUsedAt")
    revision: IntFilter | None = on("revision")
    created_at: DateTimeFilter | None = on("createdAt")
    updated_at: DateTimeFilter | None = on("updatedAt")
    and_: list[AccessTokenFilter] | None = all_of()
    or_: list[AccessTokenFilter] | None = any_of()
    not_: AccessTokenFilter | None = none_of()


class AccessTokenOrderField(StrEnum):
    TOKEN_ID = "token_id"  # noqa: S105 - no password
    NAME = "name"
    REVISION = "revision"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


describe_enum(
    AccessTokenOrderField,
    "What access tokens can be ordered by.",
    TOKEN_ID="By `tokenId`.",  # noqa: S106 - no password
    NAME="By `name`.",
    REVISION="By `revision`.",
    CREATED_AT="By `createdAt`.",
    UPDATED_AT="By `updatedAt`.",
)


@strawberry.input(description="An order of access tokens.")
class AccessTokenOrder:
    field: AccessTokenOrderField = order_field()
    direction: Direction = order_direction()
