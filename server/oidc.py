"""Tokens (JWT) of an OpenID provider."""

import asyncio
import json
import logging
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from domain import validation as check
from domain.callers import Caller, CallerKind
from domain.errors import Unavailable
from domain.scopes import Scope, scopes_granted
from server.authentication import Verifier
from server.settings import Settings
from server.settings.values import OIDC_ALGORITHMS

KEYS_SECONDS: Final = 600.0
"""How long keys are used before they are fetched again."""
REFRESH_SECONDS: Final = 60.0
"""How long to wait before keys are fetched again for a key that isn't known, or after a failure."""
LEEWAY_SECONDS: Final = 0
MAX_TOKEN_CHARACTERS: Final = 16_384

FetchKeySet = Callable[[str], Awaitable[dict[str, Any]]]

log = logging.getLogger("aicmo.authentication")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Which claims of a token have what; an empty name: none has."""

    name: str = "sub"
    scopes: str = "scope"
    clients: str = ""
    kind: str = ""


class KeySet:
    """The provider's public keys: fetched when they are first needed, and then kept.

    They are fetched once for all who wait. Keys that are old still serve while the provider can't
    be reached. A key that isn't known has them fetched again, but not more often than every
    REFRESH_SECONDS: anybody can make up tokens with new key ids.
    """

    def __init__(
        self, issuer: str, fetch: FetchKeySet, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._now = now
        self._keys: Any = None
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def get(self, kid: str | None) -> Any:
        """The keys, with that of this id if the provider has it. Raises Unavailable."""
        now = self._now()
        is_old = now - self._fetched >= KEYS_SECONDS
        may_try = now - self._tried >= REFRESH_SECONDS
        if may_try and (is_old or not self._has(kid)):
            self._tried = now
            self._fetching = asyncio.create_task(self._refresh())
        if self._fetching is not None and (self._keys is None or not self._has(kid)):
            await asyncio.shield(self._fetching)
        if self._keys is None:
            raise Unavailable("The keys of the OpenID provider aren't known yet.")
        return self._keys

    def _has(self, kid: str | None) -> bool:
        return self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys))

    async def _refresh(self) -> None:
        from joserfc.jwk import KeySet as Keys  # noqa: PLC0415

        try:
            published = (await self._fetch(self._issuer))["keys"]
        except Unavailable as error:
            log.warning("keys of the OpenID provider: %s", error)
            return
        found = [*_verifying(published)]
        if not found:
            log.warning("keys of the OpenID provider: it has none that verifies tokens")
            return
        self._keys = Keys(found)
        self._fetched = self._now()


def _verifying(published: Iterable[Any]) -> Iterator[Any]:
    """The keys by which tokens can be verified.

    Others are ignored, as RFC 7517, section 5, has it: those of kinds, curves and uses that aren't
    known here yet, those to encrypt by, and those that are broken.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import JWKRegistry  # noqa: PLC0415

    for each in published:
        if isinstance(each, dict) and each.get("kty") == "oct":
            continue  # a shared key: who knows it could sign by it, and this one is published
        try:
            key = JWKRegistry.import_key(each)
            key.check_use("sig")
            key.check_key_op("verify")
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError) as error:
            log.debug("a key of the OpenID provider is ignored: %s", error)
            continue
        if key.alg is None or key.alg in OIDC_ALGORITHMS:
            yield key


class OidcVerifier:
    """Verifies tokens of one issuer, for one audience."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        algorithms: Iterable[str],
        claims: Claims,
        keys: KeySet,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._algorithms = tuple(algorithms)
        self._claims = claims
        self._keys = keys
        self._now = now

    async def caller_of(self, token: str, request_id: str) -> Caller | None:
        header = _header(token)
        if header is None or header.get("alg") not in self._algorithms:
            return None
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            return None
        return self._verified(token, await self._keys.get(kid), request_id)

    def _verified(self, token: str, keys: Any, request_id: str) -> Caller | None:
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet as Keys  # noqa: PLC0415

        kid = (_header(token) or {}).get("kid")
        # Without a key id, a token may be by the only key, and by no other.
        found = [key for key in keys if kid is None or key.kid == kid]
        if len(found) != 1:
            return None
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
        )
        try:
            verified = jwt.decode(token, Keys(found), algorithms=self._algorithms)
            registry.validate(verified.claims)
            return _caller(verified.claims, self._claims, request_id)
        except (JoseError, ValueError, TypeError, OverflowError):
            return None


def _header(token: str) -> dict[str, Any] | None:
    """The header, which nobody has verified yet."""
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        return None
    part = token.partition(".")[0]
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _caller(claims: dict[str, Any], names: Claims, request_id: str) -> Caller | None:
    """The caller that verified claims name; None where they name none."""
    subject, actor = claims.get(names.name), claims.get("act")
    acting = actor.get(names.name, actor.get("sub")) if isinstance(actor, dict) else None
    if acting is None:
        if actor is not None:
            # Somebody acts whom the claim doesn't name: the rules for agents would miss it.
            return None
        kind, id, on_behalf_of = CallerKind.USER, subject, None
    else:
        # RFC 8693: the subject's rights, used by an actor.
        kind, id, on_behalf_of = CallerKind.AGENT, acting, subject
    if names.kind:
        stated = claims.get(names.kind)
        if stated not in ("user", "service", "agent") or (stated == "agent") != bool(acting):
            return None
        kind = CallerKind(stated)
    if not _is_name(id) or not (on_behalf_of is None or _is_name(on_behalf_of)):
        # Changes couldn't be recorded under it.
        return None
    clients = _clients(claims.get(names.clients)) if names.clients else None
    scopes = _scopes(claims.get(names.scopes))
    if clients is not None:
        # Who is bound to clients could issue tokens that aren't.
        scopes = [scope for scope in scopes if scope is not Scope.ADMIN]
    return Caller(
        kind,
        id,
        on_behalf_of,
        request_id,
        clients=clients,
        scopes=scopes_granted(scopes),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _is_name(value: Any) -> TypeGuard[str]:
    """Whether it's a name that can be stored."""
    return isinstance(value, str) and not check.key("name", value)


def _clients(claim: Any) -> frozenset[str]:
    """The clients of the claim, a text or a list; without it, none."""
    given = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else ()
    return frozenset(each for each in given if isinstance(each, str))


def _scopes(claim: Any) -> list[Scope]:
    """Our scopes among those of the claim: a text with spaces, or a list."""
    given = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else ()
    known = frozenset(Scope)
    return [Scope(each) for each in given if isinstance(each, str) and each in known]


async def _fetch(issuer: str) -> dict[str, Any]:
    from orchestration.key_sets import fetch_key_set  # noqa: PLC0415

    return await fetch_key_set(issuer)


def verifier_of(settings: Settings) -> Verifier | None:
    """The verifier of the settings' provider; None: they name none."""
    if not settings.oidc_issuer:
        return None
    return OidcVerifier(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        algorithms=settings.oidc_algorithms,
        claims=Claims(
            name=settings.oidc_name_claim,
            scopes=settings.oidc_scopes_claim,
            clients=settings.oidc_clients_claim,
            kind=settings.oidc_kind_claim,
        ),
        keys=KeySet(settings.oidc_issuer, _fetch),
    )
