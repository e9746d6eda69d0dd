"""Who gets what: each field that leads to data, with all kinds of credentials, by each transport.

The matrix is made from the schema: a new field is in it, and one that it can't ask for fails.
"""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from graphql import is_non_null_type
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from domain.access import ChangeAccessToken, CreateAccessToken, TokenKind, new_secret
from domain.callers import Caller, CallerKind
from domain.scopes import Scope
from repositories.factory import PersistenceMode, create_storage
from repositories.memory.session import LOG
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.access import commands
from server.app import App, create_app
from server.oidc import OidcVerifier
from server.settings import load_settings
from tests import builders as build
from tests.schema.test_bound_callers import store_chain
from tests.schema.test_scopes import ALL_FIELDS, REFERENCES, ROOT_FIELDS, rule_of
from tests.support.asgi import ORIGIN, Exchange, answered, exchange, socket_to
from tests.support.graphql import Json
from tests.support.reaching import document, way_to
from tests.support.recording import Recording
from tests.support.serving import until
from tests.support.sources import START, CountedKeys, SettableClock

ADDRESSES: Final = [
    name
    for name, field in ALL_FIELDS.items()
    if name not in {*ROOT_FIELDS, *REFERENCES} and rule_of(field) is not None
]
"""Fields of entities that lead to bytes."""
PLACES: Final = [*ROOT_FIELDS, *REFERENCES, *ADDRESSES]
_LEADING_ON: Final = frozenset(REFERENCES)
DOCUMENTS: Final = {place: document(place, _LEADING_ON.__contains__) for place in PLACES}
SUBSCRIPTIONS: Final = [it for it in PLACES if DOCUMENTS[it].startswith("subscription")]
OTHERS: Final = [it for it in PLACES if it not in SUBSCRIPTIONS]

ISSUER: Final = "https://id.example"
AUDIENCE: Final = "aicmo"
LONG_AGO: Final = datetime(2001, 1, 1, tzinfo=UTC)
UNBOUND: Final = tuple(Scope)
BOUND: Final = tuple(scope for scope in Scope if scope is not Scope.ADMIN)
KEY: Final = RSAKey.generate_key(2048, {"kid": "k1"})
ANOTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "k2"})
_TOKEN_TABLES: Final = ("access_tokens", "access_token_hashes")


# Credentials


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def claims(**changes: Any) -> Json:
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": int(time.time()) + 3_600,
        "scope": " ".join(BOUND),
        "clients": ["a"],
    }
    return given | changes


def signed(key: RSAKey = KEY, kid: str = "k1", **changes: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": kid}, claims(**changes), key)


def refused_jwts() -> Json:
    whole = signed()
    header, payload, signature = whole.split(".")
    unsigned = encoded({"alg": "none"})
    return {
        "an unsigned JWT": f"{unsigned}.{payload}.",
        "a JWT without its signature": f"{header}.{payload}.",
        "a tampered JWT": f"{header}.{encoded(claims(sub='eve'))}.{signature}",
        "an expired JWT": signed(exp=int(time.time()) - 1),
        "a JWT for another API": signed(aud="another"),
        "a JWT by a key of this name": signed(ANOTHER_KEY),
        "a JWT by an unknown key": signed(ANOTHER_KEY, "k2"),
    }


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues tokens to client a's portal and others, all in 2001."""

    storage: Storage
    clock: SettableClock

    async def issue(self, token_id: str, scopes: tuple[Scope, ...], **given: Any) -> str:
        command = CreateAccessToken(
            token_id=token_id, kind=TokenKind.SERVICE, name="portal", scopes=scopes, **given
        )
        repositories = self.storage.as_(build.caller())
        shown = await repositories.write(lambda unit: commands.create_access_token(unit, command))
        return shown.secret

    async def change(self, token_id: str, work: Any) -> Any:
        command = ChangeAccessToken(token_id=token_id)
        repositories = self.storage.as_(build.caller())
        return await repositories.write(lambda unit: work(unit, command))

    async def refused(self) -> dict[str, str]:
        """Secrets that aren't accepted, of tokens that may do everything."""
        expired = await self.issue("expired", UNBOUND, expires_at=LONG_AGO + timedelta(days=1))
        revoked = await self.issue("revoked", UNBOUND)
        await self.change("revoked", commands.revoke_access_token)
        before = await self.issue("rotated", UNBOUND)
        await self.change("rotated", commands.rotate_access_token)
        whole = await self.issue("whole", UNBOUND)
        return {
            "an expired token": expired,
            "a revoked token": revoked,
            "the secret before the last one": before,
            "a tampered token": whole[:-1] + ("b" if whole[-1] == "a" else "a"),
            "half a token": whole[:-1],
            "a token that nobody issued": new_secret(TokenKind.SERVICE, b"x" * 32),
        }


MISSING: Final = {"no credentials": {}, "those of a proxy": {"Authorization": "Basic eDp5"}}


def bearer(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials}"}


# The server


@dataclass(frozen=True, slots=True)
class World:
    """A server in memory."""

    app: App
    storage: Any
    recording: Recording
    tokens: Tokens

    @property
    def stored(self) -> Mapping[str, Any]:
        """All that is stored, and how many events; but for tokens, whose use is noted."""
        stored = {name: it for name, it in self.storage.root.items() if name not in _TOKEN_TABLES}
        return stored | {LOG: self.storage.root[LOG].last_position}

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is changed within it is as before at the end; new keys are the same each time."""
        before = self.storage.root
        numbers = count(1)
        self.storage.new_key = lambda prefix: f"{prefix}-then-{next(numbers)}"
        yield
        self.storage.root = before


async def store_what_admins_have(unit: UnitOfWork) -> None:
    await unit.webhooks.insert(build.webhook_endpoint("a-endpoint"), build.WEBHOOK_SECRET)
    await unit.webhooks.add("a-endpoint", [build.new_delivery(delivery_id="a-delivery")], START)


@asynccontextmanager
async def world(monkeypatch: pytest.MonkeyPatch, *, has_a: bool) -> AsyncIterator[World]:
    """A server for what clients b and a have."""
    clock = SettableClock(LONG_AGO)
    storage = create_storage(
        PersistenceMode.INMEMORY, clock=clock, new_key=CountedKeys(), peppers=[build.PEPPER]
    )
    recording, tokens = Recording(storage), Tokens(storage, clock)
    operator = storage.as_(build.caller())
    await operator.write(lambda unit: store_chain(unit, "b"))
    if has_a:
        await operator.write(lambda unit: store_chain(unit, "a"))
        await operator.write(store_what_admins_have)
        await tokens.issue("a-token", (Scope.DELIVERY_READ,))

    async def fetch(_: str) -> Any:
        return KeySet([KEY]).as_dict(private=False)

    monkeypatch.setattr("server.oidc._fetch", fetch)
    settings = load_settings(
        persistence_mode=PersistenceMode.INMEMORY,
        require_authentication=True,
        oidc_issuer=ISSUER,
        oidc_audience=AUDIENCE,
        oidc_clients_claim="clients",
        rate_limit_requests=0,
        rate_limit_cost=0,
        rate_limit_failed_logins=0,
        caller_subscriptions=0,
        # What is stored changes by requests alone.
    )

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Storage]:
        yield recording

    app = create_app(settings, open_storage=opened)
    async with app.router.lifespan_context(app):
        yield World(app, storage, recording, tokens)
        await storage.feed.close()


@pytest.fixture
async def whole(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with world(monkeypatch, has_a=True) as found:
        yield found


@pytest.fixture
async def without_a(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with world(monkeypatch, has_a=False) as found:
        yield found


# Transports

STREAMS: Final = {
    "server-sent events": "text/event-stream",
    "multipart": "multipart/mixed;subscriptionSpec=1.0",
}


async def posted(app: App, headers: Mapping[str, str], query: str) -> Exchange:
    given = {"Content-Type": "application/json", **headers}
    return await answered(app, "POST", given, json.dumps({"query": query}).encode())


async def got(app: App, headers: Mapping[str, str], query: str) -> Exchange:
    return await answered(app, "GET", headers, b"", urlencode({"query": query}).encode())


Ask = Callable[[App, Mapping[str, str], str], Awaitable[Exchange]]


def with_header(ask: Ask, **header: str) -> Ask:
    return lambda app, headers, query: ask(app, headers | header, query)  # type: ignore[operator]


BY_HTTP: Final[dict[str, Ask]] = {
    "POST": posted,
    "POST of a page": with_header(posted, Origin=ORIGIN),
    "GET": got,
    **{name: with_header(posted, Accept=type_) for name, type_ in STREAMS.items()},
    "a stream by GET": with_header(got, Accept=STREAMS["server-sent events"]),
}


async def by_post(world: World, credentials: str, query: str) -> Json:
    response = await posted(world.app, bearer(credentials), query)
    assert response.status == 200, response.body
    found: Json = response.json
    return found


async def by_stream(world: World, credentials: str, query: str) -> Json:
    headers = bearer(credentials) | {"Accept": STREAMS["server-sent events"]}
    response = await posted(world.app, headers, query)
    assert response.status == 200, response.body
    [found] = events_of(response.body)
    data: Json = found
    return data


def events_of(body: bytes) -> list[Any]:
    lines = body.decode().splitlines()
    return [json.loads(it.removeprefix("data: ")) for it in lines if it.startswith("data: ")]


async def by_socket(world: World, credentials: str, query: str) -> Json:
    async with socket_to(world.app, {}) as socket:
        await socket.send(type="connection_init", payload=bearer(credentials))
        assert await socket.next() == {"type": "connection_ack"}
        await socket.send(id="1", type="subscribe", payload={"query": query})
        message: Json = await socket.next()
    assert message["type"] == "next", message
    payload: Json = message["payload"]
    return payload


SECRET: Final = re.compile('"secret": "[^"]+"')
BY: Final = {"POST": by_post, "a stream": by_stream, "a WebSocket": by_socket}


async def response_to(world: World, credentials: str, query: str) -> Json:
    """The response, which is the same by each transport; what it changes is undone."""
    found = set()
    # What is made is another one each time: its key, the address of an upload.
    makes = ("createUpload", "startImport", "startExport", "startRun")
    ways = {"POST": by_post} if any(name in query for name in makes) else BY
    for name, by in ways.items():
        if name != "POST" or not query.startswith("subscription"):
            with world.undone():
                response = json.dumps(await by(world, credentials, query))
                found.add(SECRET.sub('"secret": "random"', response))
    [same] = found
    told: Json = json.loads(same)
    return told


# Nobody gets anything without valid credentials


REFUSAL: Final = {
    True: {
        "errors": [
            {
                "message": "Send credentials, as `Authorization: Bearer …`.",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    },
    False: {
        "errors": [
            {
                "message": "The credentials aren't valid, or not any more.",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    },
}
CHALLENGE: Final = {
    True: 'Bearer realm="aicmo"',
    False: 'Bearer realm="aicmo", error="invalid_token"',
}
CLOSED: Final = {True: (4401, "Unauthorized"), False: (4403, "Forbidden")}


async def test_no_field_is_had_without_valid_credentials(
    whole: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_once(monkeypatch)
    refused = await whole.tokens.refused() | refused_jwts()
    assert len(refused) == 13
    before = whole.storage.root
    whole.recording.callers.clear()

    for kind, (place, query) in product((*MISSING, *refused), DOCUMENTS.items()):
        headers = MISSING[kind] if kind in MISSING else bearer(refused[kind])
        is_missing = kind in MISSING
        for transport, ask in BY_HTTP.items():
            response = await ask(whole.app, headers, query)
            assert response.status == 401, (kind, place, transport)
            assert response.json == REFUSAL[is_missing]
            assert response.headers["www-authenticate"] == CHALLENGE[is_missing]
        for payload in (headers, {}):
            async with socket_to(whole.app, {} if payload else headers) as socket:
                await socket.send(type="connection_init", payload=payload)
                await socket.send(id="1", type="subscribe", payload={"query": query})
                assert await socket.next() == CLOSED[is_missing], (kind, place)
                assert socket.is_silent

    assert whole.storage.root is before
    assert {caller.kind for caller in whole.recording.callers} <= {CallerKind.SYSTEM}


def verify_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verify each JWT once: its fields are what matters here."""
    verified: dict[str, Any] = {}
    verify = OidcVerifier.caller_of

    async def caller_of(verifier: OidcVerifier, token: str, request_id: str) -> Caller | None:
        if token not in verified:
            verified[token] = await verify(verifier, token, request_id)
        found: Caller | None = verified[token]
        return found

    monkeypatch.setattr(OidcVerifier, "caller_of", caller_of)


async def test_no_field_is_had_on_a_websocket_that_is_not_initialised(whole: World) -> None:
    for query in DOCUMENTS.values():
        async with socket_to(whole.app, {}) as socket:
            await socket.send(id="1", type="subscribe", payload={"query": query})
            assert await socket.next() == CLOSED[True]
            assert socket.is_silent


# Nobody gets what its scopes don't say


def denied_on(place: str, scopes: frozenset[str]) -> tuple[list[str], list[list[str]], list[str]]:
    """The path of the first field on the way that is denied, its rule, and the path of what is null
    then; [] where there is no data at all."""
    path: list[str] = []
    null: list[str] = []
    for owner, name in way_to(place):
        path.append(name)
        field = ALL_FIELDS[f"{owner}.{name}"]
        if not is_non_null_type(field.type):
            null = [*path]
        rule = rule_of(field)
        if rule is not None and not any(scopes.issuperset(each) for each in rule):
            return path, rule, null
    raise AssertionError(f"{place} requires nothing")


def wrong_scopes(place: str) -> frozenset[str]:
    """All but those that let the field be had, and that of administrators."""
    owner, name = next(
        each for each in reversed(way_to(place)) if rule_of(ALL_FIELDS[".".join(each)]) is not None
    )
    rule = rule_of(ALL_FIELDS[f"{owner}.{name}"]) or []
    return frozenset(BOUND) - {scope for each in rule for scope in each}


RESTRICTED: Final = [it for it in PLACES if rule_of(ALL_FIELDS[it]) != [[]]]


async def test_no_field_is_had_without_its_scope(whole: World) -> None:
    secrets: dict[frozenset[str], str] = {}
    for number, place in enumerate(RESTRICTED):
        scopes = wrong_scopes(place)
        if scopes not in secrets:
            given = tuple(map(Scope, sorted(scopes)))
            secrets[scopes] = await whole.tokens.issue(f"wrong-{number}", given)
        before = whole.stored

        response = await response_to(whole, secrets[scopes], DOCUMENTS[place])

        path, rule, null = denied_on(place, scopes)
        errors = response.get("errors", ())
        assert errors, place
        for error in errors:
            assert error["extensions"] == {"code": "FORBIDDEN", "requiredScopes": rule}, place
            assert [it for it in error["path"] if isinstance(it, str)] == path
        assert all(it is None for it in found_at(response.get("data"), null)), place
        assert whole.stored == before


def found_at(data: Any, path: list[str]) -> list[Any]:
    """All that is at the path, in all items of lists."""
    found = [data]
    for name in path:
        items = [it for each in found for it in (each if isinstance(each, list) else [each])]
        found = [each[name] for each in items]
    return found


# Nobody gets what is of other clients, and everybody what is its own


async def credentials_of(world: World, by: str, client_id: str) -> str:
    if by == "JWT":
        return signed(clients=[client_id])
    return await world.tokens.issue(f"bound-to-{client_id}", BOUND, client_ids=(client_id,))


def is_for_admins(place: str) -> bool:
    """Whether the field leads to what belongs to no client."""
    rule = rule_of(ALL_FIELDS[".".join(way_to(place)[0])])
    return rule in ([["admin"]], [["webhooks:admin"]])


REFUSED_ANYWAY: Final = {
    "Mutation.completeUpload": "The upload is found, but no bytes came.",
    "Mutation.startRun": "The run is found, but somebody else has started it.",
}


@pytest.mark.parametrize("by", ["token", "JWT"])
async def test_nothing_is_had_of_other_clients_and_all_that_is_one_s_own(
    whole: World, without_a: World, by: str
) -> None:
    stranger = [await credentials_of(each, by, "b") for each in (whole, without_a)]
    own = await credentials_of(whole, by, "a")
    admin = await whole.tokens.issue("admin", UNBOUND)
    before = whole.stored
    for place in OTHERS:
        query = DOCUMENTS[place]
        strangers = await response_to(whole, stranger[0], query)
        assert strangers == await response_to(without_a, stranger[1], query), place
        assert whole.stored == before, place
        if rule_of(ALL_FIELDS[place]) == [[]]:
            continue

        right = await response_to(whole, admin if is_for_admins(place) else own, query)

        assert "errors" not in right, (place, right)
        [data] = right["data"].values()
        if place not in REFUSED_ANYWAY:
            assert data.get("errors", []) == [] if isinstance(data, dict) else data, place
        if place != "Query.qcBenchmarks":  # which are the server's own
            assert right != strangers, place


# Subscriptions


@dataclass(frozen=True, slots=True)
class Follower:
    has_been_told: Callable[[], bool]
    first: Callable[[], Json]
    """The first response."""


@asynccontextmanager
async def followed_by_socket(world: World, credentials: str, query: str) -> AsyncIterator[Follower]:
    async with socket_to(world.app, {}) as socket:
        await socket.send(type="connection_init", payload=bearer(credentials))
        assert await socket.next() == {"type": "connection_ack"}
        await socket.send(id="1", type="subscribe", payload={"query": query})
        yield Follower(
            lambda: not socket.is_silent,
            lambda: json.loads(socket.from_server.get_nowait()["text"])["payload"],
        )


@asynccontextmanager
async def followed_by_stream(world: World, credentials: str, query: str) -> AsyncIterator[Follower]:
    headers = bearer(credentials) | {
        "Accept": STREAMS["server-sent events"],
        "Content-Type": "application/json",
    }
    body = json.dumps({"query": query}).encode()
    async with exchange(world.app, "POST", headers, body) as stream:
        yield Follower(lambda: bool(events_of(stream.body)), lambda: events_of(stream.body)[0])
        stream.has_left.set()


FOLLOWED_BY: Final = {"a WebSocket": followed_by_socket, "a stream": followed_by_stream}


@pytest.mark.parametrize("by", FOLLOWED_BY)
async def test_nobody_is_told_of_other_clients_and_everybody_of_its_own(
    whole: World, by: str
) -> None:
    stranger = await credentials_of(whole, "token", "b")
    own = await credentials_of(whole, "token", "a")
    operator = whole.storage.as_(build.caller())
    feed = whole.storage.feed
    for place in SUBSCRIPTIONS:
        async with AsyncExitStack() as stack:
            strangers = await stack.enter_async_context(
                FOLLOWED_BY[by](whole, stranger, DOCUMENTS[place])
            )
            await until(lambda: feed.subscribers == 1)
            owns = await stack.enter_async_context(FOLLOWED_BY[by](whole, own, DOCUMENTS[place]))
            await until(lambda: feed.subscribers == 2)

            await operator.write(lambda unit: store_chain(unit, "a"))

            await until(owns.has_been_told)
            assert "errors" not in owns.first()
            for _ in range(20):
                await asyncio.sleep(0)
            assert not strangers.has_been_told(), place
        await until(lambda: feed.subscribers == 0)
