"""Secrets of access tokens, and what a token may be."""

import re
import zlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.access import (
    RANDOM_BYTES,
    Pepper,
    TokenKind,
    is_secret,
    new_secret,
    new_token,
    revoked,
)
from domain.callers import Caller, CallerKind
from domain.errors import ValidationFailed
from domain.scopes import ALL_SCOPES, Scope
from domain.validation import require_valid
from tests import builders as build
from tests.support.sources import START

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def violations(**changes: Any) -> dict[tuple[str | int, ...], str]:
    try:
        require_valid(build.create_access_token(**changes))
    except ValidationFailed as failure:
        return {each.path: each.message for each in failure.violations}
    return {}


# Secrets


@given(some.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES), some.sampled_from(TokenKind))
def test_a_scanner_recognises_a_secret_by_its_prefix_and_checksum(
    random: bytes, kind: TokenKind
) -> None:
    secret = new_secret(kind, random)

    found = re.fullmatch(rf"aicmo_{kind}_([0-9A-Za-z]{{30}})([0-9A-Za-z]{{6}})", secret)
    assert found is not None
    checksum = 0
    for digit in found[2]:
        checksum = checksum * 62 + DIGITS.index(digit)
    assert checksum == zlib.crc32(found[1].encode())
    assert is_secret(secret)


def test_other_random_bytes_make_another_secret() -> None:
    made = {new_secret(TokenKind.USER, bytes([byte]) * RANDOM_BYTES) for byte in range(256)}

    assert len(made) == 256


def test_a_secret_with_another_character_is_none() -> None:
    secret = new_secret(TokenKind.USER, b"r" * RANDOM_BYTES)

    for index, character in enumerate(secret):
        changed = f"{secret[:index]}{'b' if character == 'a' else 'a'}{secret[index + 1 :]}"
        assert not is_secret(changed)
    for other in ("", secret[:-1], f"{secret}0", f"{secret}\n", secret.upper()):
        assert not is_secret(other)


def test_a_hash_says_nothing_without_the_pepper() -> None:
    pepper, other = Pepper("p1", "k" * 32), Pepper("p1", "o" * 32)

    assert re.fullmatch(r"[0-9a-f]{64}", pepper.hash("a secret"))
    assert pepper.hash("a secret") == pepper.hash("a secret")
    assert len({pepper.hash("a secret"), pepper.hash("another"), other.hash("a secret")}) == 3


def test_secrets_and_peppers_are_shown_in_no_log() -> None:
    assert "key" not in repr(Pepper("p1", "a key"))


# Tokens


def test_a_token_authenticates_its_caller() -> None:
    token = build.access_token()

    assert token.caller("request-1") == Caller(
        CallerKind.AGENT,
        "writer",
        "ada",
        "request-1",
        clients=frozenset({"client-1"}),
        scopes=frozenset({Scope.STRATEGY_READ, Scope.PRODUCTION_WRITE}),
        expires_at=token.expires_at,
    )


def test_an_administrator_s_token_grants_everything() -> None:
    assert build.access_token(scopes=(Scope.ADMIN,)).caller("r").scopes == ALL_SCOPES


def test_a_token_is_valid_until_it_expires() -> None:
    token = build.access_token(expires_at=START + timedelta(days=1))

    assert token.is_valid(START)
    assert not token.is_valid(START + timedelta(days=1))
    assert build.access_token(expires_at=None).is_valid(START + timedelta(days=10_000))


def test_a_token_that_is_revoked_stays_so() -> None:
    later = START + timedelta(hours=1)
    once = revoked(build.access_token(), later)

    assert not once.is_valid(later)
    assert (once.revoked_at, once.revision, once.updated_at) == (later, 2, later)
    assert revoked(once, later + timedelta(hours=1)) is once


def test_scopes_and_clients_are_kept_once_each() -> None:
    command = build.create_access_token(
        scopes=("qc:write", "qc:read", "qc:write"), client_ids=("b", "a", "b")
    )

    token = new_token(command, "token-1", START)

    assert token.scopes == (Scope.QC_READ, Scope.QC_WRITE)
    assert token.client_ids == ("b", "a")


# Commands


def test_a_command_may_be_complete() -> None:
    assert violations() == {}
    assert violations(kind=TokenKind.AGENT, on_behalf_of="ada", client_ids=("client-1",)) == {}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, ("name",)),
        ({"name": "n" * 201}, ("name",)),
        ({"token_id": "a\nb"}, ("token_id",)),
        ({"scopes": ()}, ("scopes",)),
        ({"scopes": ("qc:read", "qc:delete")}, ("scopes", 1)),
        ({"client_ids": ()}, ("client_ids",)),
        ({"client_ids": ("a",), "scopes": ("qc:read", "admin")}, ("scopes", 1)),
        ({"client_ids": ("client-1", " ")}, ("client_ids", 1)),
        ({"on_behalf_of": "ada"}, ("on_behalf_of",)),
        ({"kind": TokenKind.USER, "on_behalf_of": "ada"}, ("on_behalf_of",)),
        ({"kind": TokenKind.AGENT}, ("on_behalf_of",)),
        ({"kind": TokenKind.AGENT, "on_behalf_of": ""}, ("on_behalf_of",)),
        ({"expires_at": START.replace(tzinfo=None)}, ("expires_at",)),
        ({"expected_revision": -1}, ("expected_revision",)),
    ],
)
def test_the_field_to_blame_is_named(changes: Any, path: tuple[str | int, ...]) -> None:
    assert violations(**changes).keys() == {path}
