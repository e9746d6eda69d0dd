"""Tokens of an OpenID provider, which rotates its keys, goes away and comes back."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from joserfc.jwk import RSAKey

from domain.callers import Caller, CallerKind
from domain.errors import Unavailable
from domain.scopes import ALL_SCOPES, Scope
from orchestration.key_sets import fetch_key_set
from server.oidc import KEYS_SECONDS, REFRESH_SECONDS, Claims, KeySet, OidcVerifier
from tests.http.conftest import Serve
from tests.http.test_authentication import VIEWER, bearer, is_refused, post
from tests.support.providers import AUDIENCE, Provider, new_key
from tests.support.serving import Served
from tests.support.sockets import FOLLOW, opened


class Seconds:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    provider.rotate("k1")
    await provider.start()
    yield provider
    await provider.stop()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def verifier(provider: Provider, seconds: Seconds) -> OidcVerifier:
    return verifying(provider, seconds)


def verifying(provider: Provider, seconds: Seconds, **claims: str) -> OidcVerifier:
    return OidcVerifier(
        issuer=provider.issuer,
        audience=AUDIENCE,
        algorithms=("RS256", "ES256"),
        claims=Claims(**claims),
        keys=KeySet(provider.issuer, fetch_key_set, seconds),
    )


async def caller_of(verifier: OidcVerifier, token: str) -> Caller | None:
    return await verifier.caller_of(token, "request-1")


def settings_of(provider: Provider) -> dict[str, Any]:
    return {
        "require_authentication": True,
        "oidc_issuer": provider.issuer,
        "oidc_audience": AUDIENCE,
    }


@pytest.fixture
async def closed(serve: Serve, provider: Provider) -> Served:
    return await serve(**settings_of(provider))


# What a token says


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_token_names_its_caller(
    provider: Provider, verifier: OidcVerifier, algorithm: str
) -> None:
    provider.rotate("k1", algorithm)
    expires = int(time.time()) + 60

    found = await caller_of(verifier, provider.token("k1", exp=expires))

    assert found == Caller(
        CallerKind.USER,
        "ada",
        None,
        "request-1",
        None,
        frozenset({Scope.DELIVERY_READ}),
        datetime.fromtimestamp(expires, UTC),
    )


@pytest.mark.parametrize(
    ("names", "claims", "expected"),
    [
        ({"name": "email"}, {"email": "ada@a.example"}, {"id": "ada@a.example"}),
        ({"scopes": "roles"}, {"roles": ["qc:read", "x", 7]}, {"scopes": {Scope.QC_READ}}),
        ({"scopes": "roles"}, {}, {"scopes": set()}),
        ({}, {"scope": "admin"}, {"scopes": ALL_SCOPES}),
        ({"clients": "clients"}, {"clients": ["a", "b"]}, {"clients": {"a", "b"}}),
        ({"clients": "clients"}, {}, {"clients": set()}),
        ({"clients": "clients"}, {"clients": ["a"], "scope": "admin"}, {"scopes": set()}),
        ({"kind": "kind"}, {"kind": "service"}, {"kind": CallerKind.SERVICE}),
        (
            {},
            {"act": {"sub": "writer"}},
            {"kind": CallerKind.AGENT, "id": "writer", "on_behalf_of": "ada"},
        ),
    ],
)
async def test_settings_say_which_claims_have_what(
    provider: Provider, seconds: Seconds, names: Any, claims: Any, expected: Any
) -> None:
    found = await caller_of(verifying(provider, seconds, **names), provider.token("k1", **claims))

    assert found is not None
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("names", "claims"),
    [
        ({}, {"sub": None}),
        ({}, {"sub": 7}),
        ({}, {"sub": ""}),
        ({}, {"sub": " "}),
        ({}, {"sub": "a\0b"}),
        ({}, {"sub": "a" * 201}),
        ({}, {"sub": "a\0b", "act": {"sub": "writer"}}),
        ({}, {"act": {"sub": "a\nb"}}),
        ({}, {"sub": 7, "act": {"sub": "writer"}}),
        ({}, {"act": {}}),
        ({}, {"act": {"client_id": "writer"}}),
        ({}, {"act": "writer"}),
        ({"kind": "kind"}, {}),
        ({"kind": "kind"}, {"kind": "user", "act": {}}),
        ({"kind": "kind"}, {"kind": "operator"}),
        ({"kind": "kind"}, {"kind": "agent"}),
        ({"kind": "kind"}, {"kind": "user", "act": {"sub": "writer"}}),
    ],
)
async def test_a_token_that_names_nobody_is_refused(
    provider: Provider, seconds: Seconds, names: Any, claims: Any
) -> None:
    token = provider.token("k1", **claims)

    assert await caller_of(verifying(provider, seconds, **names), token) is None


# What is refused


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 2**33},
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another API"},
        {"aud": None},
        {"aud": []},
    ],
)
async def test_claims_are_validated(
    provider: Provider, verifier: OidcVerifier, claims: Any
) -> None:
    assert await caller_of(verifier, provider.token("k1")) is not None
    assert await caller_of(verifier, provider.token("k1", **claims)) is None


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


async def test_signatures_are_verified(provider: Provider, verifier: OidcVerifier) -> None:
    token = provider.token("k1")
    header, payload, signature = token.split(".")
    head = json.loads(base64.urlsafe_b64decode(header + "=="))
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    public = provider.keys["k1"].as_pem(private=False)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'k1'})}.{payload}"
    mac = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode()
    by_public_key = f"{signed}.{mac.rstrip('=')}"
    forged = {
        "by another key": provider.token("k1", key=new_key("k1")),
        "other claims": f"{header}.{encoded({**claims, 'sub': 'eve'})}.{signature}",
        "no signature": f"{header}.{payload}.",
        "unsigned": f"{encoded({'alg': 'none', 'kid': 'k1'})}.{payload}.",
        "unsigned, in capitals": f"{encoded({'alg': 'None', 'kid': 'k1'})}.{payload}.",
        "by the public key": by_public_key,
        "a key of its own": provider.token(
            "k1", key=(own := new_key("k1")), header={"jwk": own.as_dict(private=False)}
        ),
        "a list": f"{encoded([])}.{payload}.{signature}",
        "no header": f".{payload}.{signature}",
        "a strange key id": f"{encoded({'alg': 'RS256', 'kid': 7})}.{payload}.{signature}",
        "critical": f"{encoded({**head, 'crit': ['x'], 'x': 1})}.{payload}.{signature}",
        "five parts": f"{token}.a.b",
        "nothing": "..",
    }
    assert await caller_of(verifier, token) is not None
    for name, each in forged.items():
        assert await caller_of(verifier, each) is None, name


async def test_an_algorithm_that_the_settings_do_not_name_is_refused(
    provider: Provider, seconds: Seconds
) -> None:
    keys = KeySet(provider.issuer, fetch_key_set, seconds)
    verifier = OidcVerifier(
        issuer=provider.issuer,
        audience=AUDIENCE,
        algorithms=("ES256",),
        claims=Claims(),
        keys=keys,
    )

    assert await caller_of(verifier, provider.token("k1")) is None
    assert provider.requests["keys"] == 0


# Keys


async def test_keys_are_fetched_once_for_all_who_wait(
    provider: Provider, verifier: OidcVerifier
) -> None:
    tokens = [provider.token("k1", sub=f"user {number}") for number in range(20)]

    found = await asyncio.gather(*(caller_of(verifier, token) for token in tokens))

    assert [each.id for each in found if each] == [f"user {number}" for number in range(20)]
    assert provider.requests == {"configuration": 1, "keys": 1}


async def test_keys_are_fetched_again_when_they_are_old(
    provider: Provider, verifier: OidcVerifier, seconds: Seconds
) -> None:
    await caller_of(verifier, provider.token("k1"))
    seconds.now += KEYS_SECONDS - 1
    await caller_of(verifier, provider.token("k1", sub="b"))
    assert provider.requests["keys"] == 1

    seconds.now += 1
    assert await caller_of(verifier, provider.token("k1", sub="c")) is not None
    fetching = verifier._keys._fetching
    assert fetching is not None
    await fetching
    assert provider.requests["keys"] == 2


async def test_a_new_key_is_found_and_unknown_ones_ask_at_most_once_a_minute(
    provider: Provider, verifier: OidcVerifier, seconds: Seconds
) -> None:
    old = provider.token("k1")
    assert await caller_of(verifier, old) is not None
    provider.rotate("k2")
    seconds.now += REFRESH_SECONDS

    assert await caller_of(verifier, provider.token("k2")) is not None
    assert await caller_of(verifier, old) is None
    assert provider.requests["keys"] == 2

    for number in range(20):
        assert await caller_of(verifier, provider.token("made up", key=new_key("x"))) is None
        seconds.now += (REFRESH_SECONDS - 1) / 20 if number else 0
    assert provider.requests["keys"] == 2


ANOTHER: Final[dict[str, Any]] = {**new_key("k1").as_dict(private=False)}
OTHERS: Final[dict[str, Any]] = {
    "a curve of the future": {"kty": "EC", "kid": "x", "crv": "P-999", "x": "AQ", "y": "AQ"},
    "another one": {"kty": "OKP", "kid": "x", "crv": "Ed999", "x": "AQ"},
    "a kind of the future": {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44", "pub": "AQ"},
    "a point beside the curve": {"kty": "EC", "kid": "x", "crv": "P-256", "x": "AQ", "y": "AQ"},
    "half a key": {"kty": "RSA", "kid": "x"},
    "no key": "x",
    "nothing": None,
    "a list as its kind": {"kty": ["RSA"], "kid": "x"},
    "another use": {**ANOTHER, "kid": "x", "use": "tls"},
    "an algorithm of the future": {**ANOTHER, "kid": "x", "alg": "RS9"},
    "one to encrypt by": {**ANOTHER, "use": "enc"},
    "one for its algorithm": {**ANOTHER, "alg": "RSA-OAEP"},
    "one for its operation": {**ANOTHER, "key_ops": ["encrypt"]},
    "a shared one": {"kty": "oct", "kid": "k1", "k": "AQ"},
}


@pytest.mark.parametrize("other", OTHERS)
async def test_keys_that_verify_no_tokens_are_ignored_and_the_others_serve(
    provider: Provider, verifier: OidcVerifier, other: str
) -> None:
    """RFC 7517, section 5. Providers publish keys to encrypt by beside those that sign."""
    provider.others = [OTHERS[other]]

    assert await caller_of(verifier, provider.token("k1")) is not None
    no_id = provider.token("k1", header={"kid": None})
    assert (await caller_of(verifier, no_id)) is not None


async def test_a_set_without_any_key_that_verifies_tokens_replaces_none(
    provider: Provider, verifier: OidcVerifier, seconds: Seconds
) -> None:
    assert await caller_of(verifier, provider.token("k1")) is not None
    token = provider.token("k1", sub="b")
    provider.keys, provider.others = {}, [OTHERS["one to encrypt by"]]
    seconds.now += KEYS_SECONDS
    await caller_of(verifier, token)
    fetching = verifier._keys._fetching
    assert fetching is not None
    await fetching

    assert await caller_of(verifier, token) is not None


async def test_known_keys_serve_while_the_provider_is_gone(
    provider: Provider, verifier: OidcVerifier, seconds: Seconds, caplog: Any
) -> None:
    assert await caller_of(verifier, provider.token("k1")) is not None
    await provider.stop()

    for _ in range(3):
        seconds.now += KEYS_SECONDS
        assert await caller_of(verifier, provider.token("k1")) is not None

    provider.rotate("k2")
    await provider.start()
    seconds.now += REFRESH_SECONDS
    assert await caller_of(verifier, provider.token("k2")) is not None


async def test_without_any_key_nobody_can_say(
    provider: Provider, verifier: OidcVerifier, seconds: Seconds
) -> None:
    token = provider.token("k1")
    await provider.stop()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await caller_of(verifier, token)

    await provider.start()
    with pytest.raises(Unavailable):
        await caller_of(verifier, token)
    seconds.now += REFRESH_SECONDS
    assert await caller_of(verifier, token) is not None
    assert isinstance(provider.keys["k1"], RSAKey)


# By HTTP


async def test_a_token_lets_in_and_is_verified_once(closed: Served, provider: Provider) -> None:
    token = provider.token("k1")
    for _ in range(3):
        viewer = (await post(closed, bearer(token))).json()["data"]["viewer"]
        assert (viewer["kind"], viewer["callerId"]) == ("USER", "ada")
    await provider.stop()
    assert (await post(closed, bearer(token))).status_code == 200
    assert provider.requests["keys"] == 1


async def test_a_server_starts_while_its_provider_is_gone(serve: Serve, provider: Provider) -> None:
    token = provider.token("k1")
    await provider.stop()

    served = await serve(**settings_of(provider))
    response = await post(served, bearer(token))

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_token_that_has_ended_is_refused_though_it_was_known(
    closed: Served, provider: Provider
) -> None:
    ends = int(time.time()) + 2
    token = provider.token("k1", exp=ends)
    assert (await post(closed, bearer(token))).status_code == 200

    while not is_refused(response := await post(closed, bearer(token)), error="invalid_token"):
        assert response.status_code == 200
        assert time.time() < ends + 10
    assert time.time() >= ends


async def test_a_websocket_ends_with_its_token(closed: Served, provider: Provider) -> None:
    token = provider.token("k1", exp=int(time.time()) + 2)
    async with opened(closed.socket_url) as socket:
        await socket.init(authorization=f"Bearer {token}")
        await socket.subscribe("1", VIEWER)
        await socket.subscribe("2", FOLLOW, key="a")

        assert await socket.closed() == (4403, "Forbidden")
