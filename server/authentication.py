"""Authentication: the caller of a request, by the credentials that come with it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from os import urandom
from typing import Final, Protocol

from starlette.types import Scope

from domain.access import SECRET_PREFIX, AccessToken, is_secret
from domain.callers import Caller, local_operator, system
from domain.errors import DomainError
from repositories.deadlines import set_deadline
from repositories.unit_of_work import Storage, UnitOfWork
from schema.errors import TopLevelCode
from server.proxies import is_for_another
from server.rate_limits import RateLimits
from server.requests import RequestRefused

TRUST_SECONDS: Final = 1.0
"""How long what is known of tokens is trusted, until their version is read again."""
FLUSH_SECONDS: Final = 1.0
"""How long uses of tokens are gathered before they are stored."""
MAX_KNOWN: Final = 10_000
"""How many credentials a process remembers, with their callers."""
_READ_SECONDS: Final = 5.0
_HASHES_AT_ONCE: Final = 1_000

_SYSTEM: Final = system("authentication", "authentication")

log = logging.getLogger("aicmo.authentication")


class Unauthenticated(RequestRefused):
    """The request has no credentials, or others than valid ones. It says no more: whoever guesses
    is to learn nothing."""

    def __init__(self, *, is_missing: bool) -> None:
        challenge = 'Bearer realm="aicmo"'
        super().__init__(
            401,
            "Send credentials, as `Authorization: Bearer …`."
            if is_missing
            else "The credentials aren't valid, or not any more.",
            code=TopLevelCode.UNAUTHENTICATED,
            headers={
                "WWW-Authenticate": challenge
                if is_missing
                else f'{challenge}, error="invalid_token"'
            },
        )
        self.is_missing = is_missing


class Verifier(Protocol):
    """Verifies tokens of others."""

    async def caller_of(self, token: str, request_id: str) -> Caller | None:
        """The caller; None: the token isn't valid. Raises DomainError where nobody can say."""
        ...


@dataclass(slots=True)
class _Known:
    """A caller, by credentials that were found to be valid."""

    caller: Caller
    token_id: str | None
    """The key of the token that this server issued; None: another one issued it."""
    expires: float
    until: float
    """When to look at it again: it expires, or a use in another minute is to be noted."""


class Session:
    """A connection that stays open, for as long as its credentials are valid."""

    __slots__ = ("_end", "_sessions", "_timer", "hashes", "version")

    def __init__(
        self, hashes: tuple[str, ...], end: Callable[[], object], sessions: "set[Session]"
    ) -> None:
        self.hashes = hashes
        self.version = -1
        """The version of tokens at which the credentials were found to be valid."""
        self._end: Callable[[], object] | None = end
        self._sessions = sessions
        self._timer: asyncio.TimerHandle | None = None

    def end_after(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end)

    def end(self) -> None:
        """The credentials aren't valid any more."""
        end, self._end = self._end, None
        if end is not None:
            end()

    def close(self) -> None:
        """The connection is closed: its credentials don't matter any more."""
        self._end = None
        self._sessions.discard(self)
        if self._timer is not None:
            self._timer.cancel()


class Authenticator:
    """Knows the callers of credentials.

    Credentials that were valid are remembered. Those that this server issued may be revoked by any
    process: what is known of them is trusted for TRUST_SECONDS, and then one read tells whether any
    token has changed at all.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        is_required: bool = False,
        is_left_to_proxy: bool = False,
        verifier: Verifier | None = None,
        rate_limits: RateLimits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Without `is_required`, requests without credentials are the local operator's: those from
        this machine, and if it `is_left_to_proxy` also those that a proxy says are from elsewhere.

        With `rate_limits`, an address may fail so often in a minute.
        """
        self._storage = storage
        self._is_required = is_required
        self._is_left_to_proxy = is_left_to_proxy
        self._verifier = verifier
        self._rate_limits = rate_limits
        self._now = now
        self._secret = urandom(32)
        self._known: dict[bytes, _Known] = {}
        self._version = -1
        self._changes = storage.token_changes
        self._trusted_until = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._sessions: set[Session] = set()
        self._watching: asyncio.Task[None] | None = None
        self._used: dict[str, int] = {}
        self._flushing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def known(self, authorization: bytes | None, request_id: str) -> Caller | None:
        """The caller of the header, at once; None: `authenticate` has to find out.

        Raises Unauthenticated.
        """
        if authorization is None:
            if self._is_required:
                raise Unauthenticated(is_missing=True)
            return local_operator(request_id)
        known = self._known.get(self._key(authorization))
        if known is None or self._now() >= known.until:
            return None
        if known.token_id is not None and not self._is_trusted:
            return None
        return known.caller.in_request(request_id)

    async def authenticate(self, authorization: bytes, request_id: str, address: str) -> Caller:
        """The caller of the header, which comes from a client of this address.

        Raises RequestRefused. Where too many attempts from the address have failed, credentials
        that aren't known yet aren't looked at; those that are known go on.
        """
        credentials = _bearer(authorization)
        if credentials is None:
            # Another scheme is meant for a proxy in front.
            if self._is_required:
                raise Unauthenticated(is_missing=True)
            return local_operator(request_id)
        key = self._key(authorization)
        try:
            if is_issued := _is_issued(credentials):
                await self._refresh()
            version = self._version
            known = self._known.get(key)
            if known is None:
                if self._rate_limits is not None:
                    await self._rate_limits.require_few_failures(address)
                look_up = self._issued if is_issued else self._verified
                known = await look_up(credentials)
        except DomainError as error:
            log.warning("request %s: nobody can be authenticated: %s", request_id, error)
            raise _unavailable() from None
        if known is None or self._now() >= known.expires:
            self._known.pop(key, None)
            if self._rate_limits is not None:
                await self._rate_limits.count_failure(address)
            raise Unauthenticated(is_missing=False)
        if known.token_id is None or version == self._version:
            self._remember(key, known)
        # Else tokens have changed while it was looked up: it may be one of those revoked.
        return known.caller.in_request(request_id)

    def require_here(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Raises Unauthenticated where a request of this machine's operator was passed on for
        somebody else. Who says so needn't be trusted: it only takes rights away."""
        if not self._is_left_to_proxy and is_for_another(scope, headers):
            raise Unauthenticated(is_missing=True)

    def _key(self, authorization: bytes) -> bytes:
        """What the caller of the header is remembered by: a hash, and no credentials.

        OpenSSL's hashes would take several times as long to begin with.
        """
        return blake2b(authorization, digest_size=32, key=self._secret).digest()

    def session(
        self, authorization: bytes | None, caller: Caller, end: Callable[[], object]
    ) -> Session:
        """Calls `end` when the credentials of the caller end, or are revoked, until it's closed."""
        credentials = None if authorization is None else _bearer(authorization)
        if credentials is None:
            return Session((), end, self._sessions)
        is_issued = _is_issued(credentials)
        session = Session(self._hashes(credentials) if is_issued else (), end, self._sessions)
        if caller.expires_at is not None:
            session.end_after(max(caller.expires_at.timestamp() - self._now(), 0.0))
        if is_issued:
            self._sessions.add(session)
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch())
        return session

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end, nothing goes on any more, and the last uses of tokens are stored."""
        try:
            yield
        finally:
            self._closing.set()
            tasks = [self._reading, self._watching, self._flushing]
            for task in tasks:
                if task is not None:
                    await asyncio.wait({task}, timeout=_READ_SECONDS)
                    task.cancel()

    # Tokens of our own

    @property
    def _is_trusted(self) -> bool:
        return (
            time.monotonic() < self._trusted_until and self._changes == self._storage.token_changes
        )

    async def _refresh(self) -> None:
        """Trust what is known, or forget it: one read for all who wait."""
        while not self._is_trusted:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read_version())
            await asyncio.shield(self._reading)

    async def _read_version(self) -> None:
        set_deadline(_READ_SECONDS)
        began, changes = time.monotonic(), self._storage.token_changes
        async with self._storage.as_(_SYSTEM).read() as snapshot:
            version = await snapshot.access.token_version()
        if version != self._version:
            self._known = {
                key: known for key, known in self._known.items() if known.token_id is None
            }
            self._version = version
        self._changes = changes
        # At least until now: a read that took longer would be repeated for ever.
        self._trusted_until = max(began + TRUST_SECONDS, time.monotonic() + TRUST_SECONDS / 10)

    async def _issued(self, secret: str) -> _Known | None:
        if not is_secret(secret):
            return None
        found = await self._valid(self._hashes(secret))
        for token in found.values():
            caller = token.caller("authentication")
            expires = float("inf")
            if token.expires_at is not None:
                expires = token.expires_at.timestamp()
            return _Known(caller, token.token_id, expires, until=0.0)
        return None

    def _hashes(self, secret: str) -> tuple[str, ...]:
        return tuple(pepper.hash(secret) for pepper in self._storage.peppers)

    async def _valid(self, hashes: tuple[str, ...]) -> dict[str, AccessToken]:
        """The valid tokens by the hashes of their secrets."""
        if not hashes:
            return {}
        set_deadline(_READ_SECONDS)
        async with self._storage.as_(_SYSTEM).read() as snapshot:
            found = await snapshot.access.tokens_by_hash(hashes)
        now = datetime.fromtimestamp(self._now(), UTC)
        return {hash: token for hash, token in found.items() if token.is_valid(now)}

    async def _verified(self, token: str) -> _Known | None:
        if self._verifier is None:
            return None
        caller = await self._verifier.caller_of(token, "authentication")
        if caller is None or caller.expires_at is None:
            return None
        expires = caller.expires_at.timestamp()
        return _Known(caller, None, expires, until=expires)

    def _remember(self, key: bytes, known: _Known) -> None:
        if known.token_id is not None:
            minute = int(self._now() // 60)
            self._note_use(known.token_id, minute)
            known.until = min(known.expires, (minute + 1) * 60.0)
        if key not in self._known and len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[key] = known

    # Uses

    def _note_use(self, token_id: str, minute: int) -> None:
        self._used[token_id] = minute
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        """Store the uses of tokens, beside the requests; one that can't be stored is lost."""
        while self._used:
            await self._pause(FLUSH_SECONDS)
            used, self._used = self._used, {}
            by_minute: dict[int, list[str]] = {}
            for token_id, minute in used.items():
                by_minute.setdefault(minute, []).append(token_id)
            try:
                for minute, token_ids in by_minute.items():
                    await self._store_use(token_ids, datetime.fromtimestamp(minute * 60, UTC))
            except DomainError as error:
                log.warning("uses of tokens weren't stored: %s", error)
            except Exception:
                log.exception("uses of tokens weren't stored")

    async def _store_use(self, token_ids: list[str], minute: datetime) -> None:
        async def store(unit: UnitOfWork) -> None:
            await unit.access.note_use(token_ids, minute)

        set_deadline(_READ_SECONDS)
        await self._storage.as_(_SYSTEM).write(store)

    async def _pause(self, seconds: float) -> None:
        """So long, or until the server stops."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    # Sessions

    async def _watch(self) -> None:
        """End the sessions whose tokens aren't valid any more, for as long as there are any."""
        while self._sessions and not self._closing.is_set():
            await self._pause(TRUST_SECONDS)
            try:
                await self._refresh()
                await self._end_invalid(self._version)
            except DomainError as error:
                # While storage can't be reached, sessions get nothing either.
                log.warning("tokens of open connections weren't looked at: %s", error)
            except Exception:
                log.exception("tokens of open connections weren't looked at")
        self._watching = None

    async def _end_invalid(self, version: int) -> None:
        """Look at the sessions that weren't looked at since the tokens have this version."""
        sessions = [each for each in self._sessions if each.version != version]
        for start in range(0, len(sessions), _HASHES_AT_ONCE):
            some = sessions[start : start + _HASHES_AT_ONCE]
            valid = await self._valid(tuple(hash for each in some for hash in each.hashes))
            for session in some:
                session.version = version
                if valid.keys().isdisjoint(session.hashes):
                    session.end()


def _is_issued(credentials: str) -> bool:
    """Whether they claim to be a token of our own."""
    return credentials.startswith(f"{SECRET_PREFIX}_")


def _bearer(authorization: bytes) -> str | None:
    """The credentials of the Bearer scheme (RFC 6750); None: they are of another one."""
    scheme, _, credentials = authorization.partition(b" ")
    return credentials.strip().decode("latin-1") if scheme.lower() == b"bearer" else None


def _unavailable() -> RequestRefused:
    return RequestRefused(
        503,
        "Credentials can't be checked at the moment; try again later.",
        code=TopLevelCode.UNAVAILABLE,
        headers={"Retry-After": "5"},
    )
