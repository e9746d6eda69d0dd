"""What it costs a request to be authenticated, in calls: next to nothing, once it is known."""

import time
from collections.abc import Callable
from typing import Final

import pytest

from domain.callers import Caller
from repositories.factory import PersistenceMode, create_storage
from resolvers.access.commands import create_access_token
from server.authentication import Authenticator
from tests import builders as build
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
