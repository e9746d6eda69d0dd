"""Issuing, rotating and revoking access tokens."""

from domain.access import (
    RANDOM_BYTES,
    AccessToken,
    ChangeAccessToken,
    CreateAccessToken,
    Pepper,
    TokenShown,
    changed,
    new_secret,
    new_token,
    require_token_revision,
    revoked,
)
from domain.errors import NotFound, ValidationFailed
from domain.sources import random_bytes
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork


async def create_access_token(unit: UnitOfWork, command: CreateAccessToken) -> TokenShown:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    pepper = _pepper(unit, "kind")
    if command.expires_at is not None and command.expires_at <= unit.now:
        raise ValidationFailed.at("expires_at", "must be in the future")
    token_id = command.token_id or unit.new_key("token")
    stored = await unit.access.get_for_update(token_id)
    require_token_revision(stored, command.expected_revision)
    if stored is not None:
        raise ValidationFailed.at("token_id", "is that of another token")
    token = new_token(command, token_id, unit.now)
    secret = new_secret(token.kind, random_bytes(RANDOM_BYTES))
    await unit.access.insert(token, pepper.hash(secret), pepper.id)
    return TokenShown(token=token, secret=secret)


async def rotate_access_token(unit: UnitOfWork, command: ChangeAccessToken) -> TokenShown:
    """Its secret of before is refused from now on.

    Raises ValidationFailed, NotFound, RevisionConflict.
    """
    token = await _token_of(unit, command)
    if not token.is_valid(unit.now):
        raise ValidationFailed.at("token_id", "is of a token that was revoked, or has expired")
    pepper = _pepper(unit, "token_id")
    secret = new_secret(token.kind, random_bytes(RANDOM_BYTES))
    token = changed(token, unit.now)
    await unit.access.update(token)
    await unit.access.replace_hash(token.token_id, pepper.hash(secret), pepper.id)
    return TokenShown(token=token, secret=secret)


async def revoke_access_token(unit: UnitOfWork, command: ChangeAccessToken) -> AccessToken:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    stored = await _token_of(unit, command)
    token = revoked(stored, unit.now)
    if token is not stored:
        await unit.access.update(token)
    return token


async def _token_of(unit: UnitOfWork, command: ChangeAccessToken) -> AccessToken:
    require_valid(command)
    token = await unit.access.get_for_update(command.token_id)
    if token is None:
        raise NotFound("access token", "token_id", command.token_id)
    require_token_revision(token, command.expected_revision)
    return token


def _pepper(unit: UnitOfWork, field: str) -> Pepper:
    if unit.pepper is None:
        raise ValidationFailed.at(
            field, "this server issues no tokens: its settings name no AICMO_TOKEN_PEPPERS"
        )
    return unit.pepper
