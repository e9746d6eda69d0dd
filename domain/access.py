"""Access tokens: credentials of people, programs and agents, which this server issues."""

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import validation as check
from domain.callers import Caller, CallerKind
from domain.errors import RevisionConflict, Violation
from domain.scopes import Scope, scopes_granted


class TokenKind(StrEnum):
    """The kinds of callers that tokens are issued to."""

    USER = CallerKind.USER.value
    SERVICE = CallerKind.SERVICE.value
    AGENT = CallerKind.AGENT.value


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token. Its secret is never read with it: storage has only a hash."""

    token_id: str
    kind: TokenKind
    name: str
    """The id of the caller; several tokens may name the same one."""
    on_behalf_of: str | None
    """The person whom an agent acts for; None: it's no agent's."""
    scopes: tuple[Scope, ...]
    """What was granted, in the order of the vocabulary."""
    client_ids: tuple[str, ...] | None
    """The clients that it's bound to; None: it isn't."""
    expires_at: datetime | None
    """From then on it's refused; None: it doesn't end by itself."""
    revoked_at: datetime | None
    last_used_at: datetime | None
    """The minute in which it was last used; None: it never was."""
    revision: int
    created_at: datetime
    updated_at: datetime

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def caller(self, request_id: str) -> Caller:
        """The caller that the token authenticates."""
        return Caller(
            kind=CallerKind(self.kind.value),
            id=self.name,
            on_behalf_of=self.on_behalf_of,
            request_id=request_id,
            clients=None if self.client_ids is None else frozenset(self.client_ids),
            scopes=scopes_granted(self.scopes),
            expires_at=self.expires_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShown:
    """A token with its new secret: the only time that this is shown."""

    token: AccessToken
    secret: str = field(repr=False)


# Secrets

SECRET_PREFIX: Final = "aicmo"  # noqa: S105 - what all secrets begin with
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 30
RANDOM_BYTES: Final = 32
"""Of so many random bytes a secret is made: more than its 178 bits, so that all are as likely."""
_CHECKSUM_LENGTH: Final = 6
_SECRET: Final = re.compile(
    rf"{SECRET_PREFIX}_({'|'.join(TokenKind)})_([0-9A-Za-z]{{{_RANDOM_LENGTH}}})"
    rf"([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)


def new_secret(kind: TokenKind, random: bytes) -> str:
    """The secret of a new token, made of RANDOM_BYTES: `aicmo_<kind>_<random><checksum>`.

    Random part and checksum are in base 62. The checksum is the CRC-32 of the random part, as in
    GitHub's and npm's tokens: scanners recognise a secret by it, without asking the server.
    """
    part = _base62(int.from_bytes(random) % 62**_RANDOM_LENGTH, _RANDOM_LENGTH)
    return f"{SECRET_PREFIX}_{kind}_{part}{_checksum(part)}"


def is_secret(value: str) -> bool:
    """Whether it has the form of a secret, with the right checksum."""
    found = _SECRET.fullmatch(value)
    return found is not None and found[3] == _checksum(found[2])


def _checksum(part: str) -> str:
    return _base62(zlib.crc32(part.encode("ascii")), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits


@dataclass(frozen=True, slots=True)
class Pepper:
    """A key of the server's operator, without which the stored hashes of secrets say nothing."""

    id: str
    key: str = field(repr=False)

    def hash(self, secret: str) -> str:
        """The HMAC-SHA256 of the secret, in hexadecimal digits.

        A secret has more random bits than anybody can try, so a slow hash would protect nothing.
        """
        return hmac.digest(self.key.encode(), secret.encode(), hashlib.sha256).hex()


PEPPER_BYTES: Final = 32
"""How long the key of a pepper has to be, at least."""


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccessToken:
    token_id: str | None = None
    kind: TokenKind
    name: str
    on_behalf_of: str | None = None
    scopes: tuple[str, ...]
    client_ids: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.optional_key("token_id", self.token_id)
        yield from check.key("name", self.name)
        yield from self._of_agents()
        yield from _scopes("scopes", self.scopes)
        if self.client_ids is not None:
            yield from _clients("client_ids", self.client_ids)
            if Scope.ADMIN in self.scopes:
                # It would let the token issue others that aren't bound.
                index = self.scopes.index(Scope.ADMIN)
                yield Violation(("scopes", index), "is not for tokens that are bound to clients")
        yield from check.moment("expires_at", self.expires_at)
        yield from check.expected_revision(self.expected_revision)

    def _of_agents(self) -> check.Violations:
        if self.kind is not TokenKind.AGENT:
            if self.on_behalf_of is not None:
                yield Violation(("on_behalf_of",), "is for agents only")
        elif self.on_behalf_of is None:
            yield Violation(("on_behalf_of",), "must name the person whom the agent acts for")
        else:
            yield from check.key("on_behalf_of", self.on_behalf_of)


def _scopes(field: str, values: Sequence[str]) -> check.Violations:
    if not values:
        yield Violation((field,), "must not be empty")
    if found := tuple(check.texts(field, values, check.KEY_LENGTH)):
        yield from found
        return
    for index, value in enumerate(values):
        if value not in frozenset(Scope):
            yield Violation((field, index), "is not a scope")


def _clients(field: str, values: Sequence[str]) -> check.Violations:
    if not values:
        yield Violation((field,), "must not be empty: left out, it's all clients")
    if found := tuple(check.texts(field, values, check.KEY_LENGTH)):
        yield from found
        return
    for index, value in enumerate(values):
        for violation in check.key(field, value):
            yield replace(violation, path=(field, index))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccessToken:
    """To rotate its secret, or to revoke it."""

    token_id: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key("token_id", self.token_id)
        yield from check.expected_revision(self.expected_revision)


def new_token(command: CreateAccessToken, token_id: str, now: datetime) -> AccessToken:
    """The token as the command describes it."""
    return AccessToken(
        token_id=token_id,
        kind=command.kind,
        name=command.name,
        on_behalf_of=command.on_behalf_of,
        scopes=in_order(map(Scope, command.scopes)),
        client_ids=None if command.client_ids is None else tuple(dict.fromkeys(command.client_ids)),
        expires_at=command.expires_at,
        revoked_at=None,
        last_used_at=None,
        revision=1,
        created_at=now,
        updated_at=now,
    )


def in_order(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The scopes in the order of the vocabulary, each once."""
    found = frozenset(scopes)
    return tuple(scope for scope in Scope if scope in found)


def changed(token: AccessToken, now: datetime) -> AccessToken:
    """The token with its next revision."""
    return replace(token, revision=token.revision + 1, updated_at=max(now, token.updated_at))


def revoked(token: AccessToken, now: datetime) -> AccessToken:
    """The token, which is refused from now on; one that was revoked before stays as it is."""
    return token if token.revoked_at is not None else replace(changed(token, now), revoked_at=now)


def require_token_revision(stored: AccessToken | None, expected: int | None) -> None:
    """Raise RevisionConflict unless `expected` is None or the stored revision (None: 0)."""
    actual = 0 if stored is None else stored.revision
    if expected is not None and expected != actual:
        raise RevisionConflict(expected, actual)
