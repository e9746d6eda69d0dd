"""What it costs a request to be authenticated, in calls: next to nothing, once it is known.

Credentials that aren't valid cost the same whatever is wrong with them, so time tells nothing.
"""

import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

import pytest

from domain.access import ChangeAccessToken, Pepper, TokenKind, new_secret
from domain.callers import Caller
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from resolvers.access.commands import (
    create_access_token,
    revoke_access_token,
    rotate_access_token,
)
from server.authentication import Authenticator, Unauthenticated
from tests import builders as build
from tests.support.sources import START, SettableClock
from tests.support.statements import watched
from tests.work.counting import counted_calls

WITHOUT: Final = 10
WITH: Final = 18
"""Calls, with those of the measurement itself. A request of a small query makes some hundred."""


class Verifier:
    """Accepts whatever it gets, and counts how often it's asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def caller_of(self, token: str, request_id: str) -> Caller | None:
        self.asked += 1
        expires_at = build.access_token(expires_at=None).created_at.replace(year=9000)
        token_ = build.access_token(expires_at=expires_at)
        return token_.caller(request_id)


def calls_of(call: Callable[[], object]) -> int:
    with counted_calls() as calls:
        call()
    return calls.made


@pytest.fixture
def verifier() -> Verifier:
    return Verifier()


@pytest.fixture
def authenticator(verifier: Verifier) -> Authenticator:
    storage = create_storage(PersistenceMode.INMEMORY, peppers=[build.PEPPER])
    return Authenticator(storage, verifier=verifier)


def test_without_credentials_nothing_is_looked_up(authenticator: Authenticator) -> None:
    assert calls_of(lambda: authenticator.known(None, "request-1")) <= WITHOUT


async def test_a_known_token_is_a_hash_and_a_look_up(authenticator: Authenticator) -> None:
    repositories = authenticator._storage.as_(build.caller())
    shown = await repositories.write(
        lambda unit: create_access_token(unit, build.create_access_token())
    )
    header = f"Bearer {shown.secret}".encode()
    await authenticator.authenticate(header, "request-1", "192.0.2.1")
    authenticator._trusted_until = time.monotonic() + 1_000

    assert authenticator.known(header, "request-2") is not None
    assert calls_of(lambda: authenticator.known(header, "request-2")) <= WITH


async def test_a_known_jwt_is_a_hash_and_a_look_up(
    authenticator: Authenticator, verifier: Verifier
) -> None:
    header = b"Bearer " + b"x" * 900
    await authenticator.authenticate(header, "request-1", "192.0.2.1")

    for _ in range(3):
        assert authenticator.known(header, "request-2") is not None
    assert calls_of(lambda: authenticator.known(header, "request-2")) <= WITH
    assert verifier.asked == 1


# Those that aren't valid


@pytest.fixture
async def stored(database: Database, clock: SettableClock) -> AsyncIterator[Storage]:
    peppers = [build.PEPPER, Pepper("p2", "the one before")]
    storage = create_storage(PersistenceMode.DB, database, clock=clock, peppers=peppers)
    yield storage
    await storage.feed.close()


async def refused_secrets(storage: Storage) -> dict[str, str]:
    """Secrets of the right form that aren't accepted, each for another reason."""
    repositories = storage.as_(build.caller())

    async def issue(token_id: str, **more: object) -> str:
        command = build.create_access_token(token_id=token_id, **more)
        shown = await repositories.write(lambda unit: create_access_token(unit, command))
        return shown.secret

    found = {
        "revoked": await issue("revoked"),
        "expired": await issue("expired", expires_at=START + timedelta(seconds=1)),
        "rotated": await issue("rotated"),
        "nobody issued it": new_secret(TokenKind.SERVICE, b"x" * 32),
        "nobody issued another": new_secret(TokenKind.SERVICE, b"y" * 32),
    }
    revoked, rotated = [ChangeAccessToken(token_id=it) for it in ("revoked", "rotated")]
    await repositories.write(lambda unit: revoke_access_token(unit, revoked))
    await repositories.write(lambda unit: rotate_access_token(unit, rotated))
    return found


async def test_secrets_that_are_refused_cost_the_same_for_whatever_reason(
    stored: Storage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash by each pepper, and one look-up: also where a part of the secret was guessed."""
    secrets = await refused_secrets(stored)
    later = (START + timedelta(days=1)).timestamp()
    authenticator = Authenticator(stored, is_required=True, now=lambda: later)
    hashed: list[str] = []
    hash = Pepper.hash

    def counted(pepper: Pepper, secret: str) -> str:
        hashed.append(pepper.id)
        return hash(pepper, secret)

    monkeypatch.setattr(Pepper, "hash", counted)

    async def work_of(secret: str) -> tuple[list[str], list[str]]:
        hashed.clear()
        with watched(database) as seen, pytest.raises(Unauthenticated):
            await authenticator.authenticate(f"Bearer {secret}".encode(), "r", "192.0.2.1")
        return [*hashed], [*seen.texts]

    await work_of(secrets["revoked"])  # the version of tokens is read once a second
    authenticator._trusted_until = time.monotonic() + 1_000
    works = {reason: await work_of(secret) for reason, secret in secrets.items()}

    assert works["revoked"][0] == ["p1", "p2"]
    assert len(works["revoked"][1]) == 1
    for reason, work in works.items():
        assert work == works["revoked"], reason
