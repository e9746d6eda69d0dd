"""Who gets in, by each transport, and when a connection ends."""

import asyncio
import json
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from domain.access import ChangeAccessToken, CreateAccessToken, Pepper, TokenKind
from domain.callers import Caller, CallerKind, system
from domain.scopes import ALL_SCOPES, Scope
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from resolvers.access import commands
from tests import builders as build
from tests import inputs
from tests.http.conftest import Serve
from tests.schema.test_scopes import ROOT_FIELDS, document
from tests.support.graphql import Json, mutation
from tests.support.interference import Followed, Interfered
from tests.support.recording import Recording
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, connected, opened

VIEWER: Final = "{ viewer { kind callerId onBehalfOf scopes expiresAt } }"
STREAMS: Final = ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"]
SAVE: Final = {
    "query": mutation("saveDeliveryPackage"),
    "variables": {"input": inputs.save_package(packageId="a", artifacts=[])},
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues tokens, as another process may."""

    storage: Storage

    async def issue(self, **changes: Any) -> str:
        command = CreateAccessToken(
            **{
                "token_id": "token-1",
                "kind": TokenKind.AGENT,
                "name": "writer",
                "on_behalf_of": "ada",
                "scopes": ("delivery:read", "delivery:write"),
                **changes,
            }
        )
        repositories = self.storage.as_(build.caller())
        shown = await repositories.write(lambda unit: commands.create_access_token(unit, command))
        return shown.secret

    async def revoke(self) -> None:
        await self._change(commands.revoke_access_token)

    async def rotate(self) -> str:
        secret: str = (await self._change(commands.rotate_access_token)).secret
        return secret

    async def _change(self, work: Any) -> Any:
        command = ChangeAccessToken(token_id="token-1")
        repositories = self.storage.as_(build.caller())
        return await repositories.write(lambda unit: work(unit, command))

    async def last_used(self) -> datetime | None:
        async with self.storage.as_(build.caller()).read() as snapshot:
            return (await snapshot.access.tokens(["token-1"]))["token-1"].last_used_at


@pytest.fixture
def storage() -> Recording:
    return Recording(create_storage(PersistenceMode.INMEMORY, peppers=[build.PEPPER]))


@pytest.fixture
def tokens(storage: Recording) -> Tokens:
    return Tokens(storage)


REQUIRED: Final[dict[str, Any]] = {
    "require_authentication": True,
    "oidc_issuer": "https://id.example",
    "oidc_audience": "aicmo",
}
"""Nobody has to be asked for the keys of this provider in these tests."""


@pytest.fixture
async def closed(serve: Serve, storage: Recording) -> Served:
    """A server that lets nobody in without credentials."""
    return await serve(storage, **REQUIRED)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def post(served: Served, headers: dict[str, str], body: Any = None) -> httpx.Response:
    return await served.http.post(served.url, json=body or {"query": VIEWER}, headers=headers)


def is_refused(response: httpx.Response, *, error: str | None = None) -> bool:
    challenge = 'Bearer realm="aicmo"' + (f', error="{error}"' if error else "")
    if response.status_code != 401:
        return False
    [found] = response.json()["errors"]
    return (
        response.headers["www-authenticate"] == challenge
        and found["extensions"] == {"code": "UNAUTHENTICATED"}
        and "data" not in response.json()
    )


# Without credentials


async def test_without_credentials_the_caller_is_the_operator_of_this_machine(
    serve: Serve, storage: Recording
) -> None:
    served = await serve(storage)

    viewer = (await post(served, {})).json()["data"]["viewer"]

    assert viewer == {
        "kind": "OPERATOR",
        "callerId": "local",
        "onBehalfOf": None,
        "scopes": [scope.value for scope in Scope],
        "expiresAt": None,
    }


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Origin": "same"}])
async def test_without_credentials_nobody_gets_in_where_they_are_required(
    closed: Served, storage: Recording, headers: dict[str, str]
) -> None:
    if "Origin" in headers:
        headers = {"Origin": f"http://{closed.address}"}
    storage.callers.clear()

    assert is_refused(await post(closed, headers))
    assert is_refused(await post(closed, headers, SAVE))
    response = await closed.http.get(closed.url, params={"query": VIEWER}, headers=headers)
    assert is_refused(response)
    for media_type in STREAMS:
        response = await post(closed, headers | {"Accept": media_type})
        assert is_refused(response)
    assert storage.callers == []


async def test_a_proxy_s_credentials_are_nothing_to_a_server_on_this_machine(
    serve: Serve, storage: Recording
) -> None:
    served = await serve(storage)

    response = await post(served, {"Authorization": "Basic YTpi"})

    assert response.json()["data"]["viewer"]["kind"] == "OPERATOR"


# With a token


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("X-Forwarded-For", "127.0.0.1", 200),
        ("X-Forwarded-For", "::1, 127.0.0.1", 200),
        ("X-Forwarded-For", "203.0.113.7", 401),
        ("X-Forwarded-For", "203.0.113.7, 127.0.0.1", 401),
        ("X-Forwarded-For", "127.0.0.1, 203.0.113.7", 401),
        ("X-Forwarded-For", "unknown", 401),
        ("X-Forwarded-For", "", 401),
        ("X-Real-IP", "127.0.0.1", 200),
        ("X-Real-IP", "203.0.113.7", 401),
        ("Forwarded", "for=127.0.0.1;proto=http", 200),
        ("Forwarded", 'proto=http;For="[::1]:4711", for=127.0.0.1', 200),
        ("Forwarded", "for=203.0.113.7", 401),
        ("Forwarded", "for=127.0.0.1, for=_hidden", 401),
        ("Forwarded", "proto=https", 401),
        ("Via", "1.1 proxy", 401),
    ],
)
async def test_whom_a_proxy_asks_for_from_elsewhere_is_not_the_operator_of_this_machine(
    server: Served, header: str, value: str, status: int
) -> None:
    """Proxies may ask under this machine's own name; few of them don't say for whom."""
    forwarded = {header: value}
    for headers in (forwarded, forwarded | {"Authorization": "Basic eDp5"}):
        assert (await post(server, headers)).status_code == status


async def test_addresses_of_a_proxy_have_to_agree(server: Served) -> None:
    """A client may send one of the headers, and the proxy add another."""
    forwarded = {"X-Forwarded-For": "127.0.0.1", "Via": "1.1 proxy"}
    assert (await post(server, forwarded)).status_code == 200

    for header in ({"X-Real-IP": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}):
        assert (await post(server, forwarded | header)).status_code == 401


async def test_what_speaks_http_1_0_is_not_the_operator_of_this_machine(server: Served) -> None:
    host, _, port = server.address.partition(":")
    for version, status in ((b"1.1", b"200"), (b"1.0", b"401")):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /graphql HTTP/%b\r\nHost: %b\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: 24\r\n\r\n"
            b'{"query":"{__typename}"}' % (version, server.address.encode())
        )
        assert (await reader.read()).startswith(b"HTTP/1.1 %b " % status)
        writer.close()


async def test_a_websocket_from_elsewhere_needs_credentials(serve: Serve) -> None:
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    assert await close_code(await serve(), None, **elsewhere) == (4401, "Unauthorized")


async def test_it_may_be_left_to_the_proxy_who_gets_in(serve: Serve) -> None:
    server = await serve(require_authentication=False)

    assert (await post(server, {"X-Forwarded-For": "203.0.113.7"})).status_code == 200


@pytest.mark.parametrize("required", [True, False])
async def test_a_token_names_the_caller(
    serve: Serve, storage: Recording, tokens: Tokens, required: bool
) -> None:
    served = await serve(storage, **(REQUIRED if required else {}))
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    secret = await tokens.issue(expires_at=ends)
    for _ in range(2):
        viewer = (await post(served, bearer(secret))).json()["data"]["viewer"]

        assert viewer == {
            "kind": "AGENT",
            "callerId": "writer",
            "onBehalfOf": "ada",
            "scopes": ["delivery:read", "delivery:write"],
            "expiresAt": ends.isoformat().replace("+00:00", "Z"),
        }


async def test_every_transport_hands_the_caller_down(
    closed: Served, storage: Recording, tokens: Tokens
) -> None:
    secret = await tokens.issue()
    expected = Caller(
        CallerKind.AGENT,
        "writer",
        "ada",
        "mine",
        None,
        frozenset({Scope.DELIVERY_READ, Scope.DELIVERY_WRITE}),
    )
    headers = bearer(secret) | {"X-Request-Id": "mine"}
    query = "{ deliveryPackages { totalCount } }"

    async def callers() -> set[Caller]:
        found = {each for each in storage.callers if each.kind is CallerKind.AGENT}
        storage.callers.clear()
        return found

    await post(closed, headers, {"query": query})
    assert await callers() == {expected}
    await closed.http.get(closed.url, params={"query": query}, headers=headers)
    assert await callers() == {expected}
    for media_type in STREAMS:
        await post(closed, headers | {"Accept": media_type}, {"query": query})
        assert await callers() == {expected}
    for name in ("Authorization", "authorization"):
        async with opened(closed.socket_url) as socket:
            await socket.init(**{name: f"Bearer {secret}"})
            await socket.subscribe("1", query)
            assert [each["type"] for each in await socket.rest(2)] == ["next", "complete"]
        [caller] = await callers()
        assert caller == expected._replace(request_id=caller.request_id)


async def test_what_a_token_saves_is_recorded_under_its_name(
    closed: Served, storage: Recording, tokens: Tokens
) -> None:
    await post(closed, bearer(await tokens.issue()), SAVE)

    async with storage.as_(build.caller()).read() as snapshot:
        found = await snapshot.events.of_entities("delivery_package", ["a"], 1)
    [event] = found["a"]
    assert event.caller[:3] == (CallerKind.AGENT, "writer", "ada")


async def test_scopes_are_those_of_the_token(closed: Served, tokens: Tokens) -> None:
    secret = await tokens.issue(scopes=("delivery:read",))

    response = (await post(closed, bearer(secret), SAVE)).json()

    assert response["data"] == {"saveDeliveryPackage": None}
    assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"


# With others than valid ones


def invalid(secret: str) -> dict[str, str]:
    other = "b" if secret[-1] == "a" else "a"
    return {
        "tampered": secret[:-1] + other,
        "unknown": "aicmo_agent_reqpterBmBDgpLfAc4Ytmh6P85TY9Q1BvBE5",
        "no token": "x",
        "not of this world": "\xff\xfe",
        "twice": f"{secret}, Bearer {secret}",
        "unsigned JWT": "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUifQ.",
        "long": "a" * 20_000,
    }


async def test_other_credentials_are_refused_alike(
    closed: Served, storage: Recording, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    secret = await tokens.issue()
    responses = set()
    for name, credentials in invalid(secret).items():
        header = f"Bearer {credentials}".encode("latin-1")
        response = await closed.http.post(closed.url, json=SAVE, headers={b"Authorization": header})

        assert is_refused(response, error="invalid_token"), name
        responses.add(response.text)
    assert len(responses) == 1
    stored = await storage.as_(build.caller()).write(_packages)
    assert stored == 0
    assert secret not in caplog.text


@pytest.mark.parametrize(
    "name", [name for name in ROOT_FIELDS if not name.startswith("Subscription.")]
)
async def test_no_field_is_had_without_valid_credentials(
    closed: Served, storage: Recording, tokens: Tokens, name: str
) -> None:
    secret = await tokens.issue(scopes=("admin",))
    body = {"query": document(name)}
    assert (await post(closed, bearer(secret), body)).status_code == 200
    stored = storage.token_changes
    refused = {"missing": {}, **{key: bearer(it) for key, it in invalid(secret).items()}}
    del refused["not of this world"]
    storage.callers.clear()
    for way, headers in refused.items():
        error = None if way == "missing" else "invalid_token"
        assert is_refused(await post(closed, headers, body), error=error), way
    assert storage.token_changes == stored
    assert {caller.kind for caller in storage.callers} <= {CallerKind.SYSTEM}


async def _packages(unit: Any) -> int:
    return len(await unit.delivery_packages.get_many(["a"]))


async def test_an_expired_token_is_refused(closed: Served, tokens: Tokens) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    secret = await tokens.issue(expires_at=soon)

    async def is_out() -> bool:
        return is_refused(await post(closed, bearer(secret)), error="invalid_token")

    while not await is_out():
        assert datetime.now(UTC) < soon + timedelta(seconds=10)
    assert datetime.now(UTC) >= soon


async def test_a_revoked_token_is_refused_at_once_by_the_process_that_revokes_it(
    closed: Served, tokens: Tokens
) -> None:
    secret = await tokens.issue()
    assert (await post(closed, bearer(secret))).status_code == 200

    await tokens.revoke()

    assert is_refused(await post(closed, bearer(secret)), error="invalid_token")


async def test_a_token_that_is_revoked_while_it_is_looked_up_is_refused_from_then_on(
    serve: Serve, storage: Recording, tokens: Tokens
) -> None:
    """The server has noticed the revocation before it could know the token."""
    secret = await tokens.issue()
    another = bearer(await tokens.issue(token_id="token-2"))
    is_first = True

    async def revoke_and_notice() -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            await asyncio.create_task(tokens.revoke(), context=Context())
            assert (await post(server, another)).status_code == 200

    looking_up = Interfered(
        storage, "access", lambda them: Followed(them, "tokens_by_hash", revoke_and_notice)
    )
    server = await serve(looking_up, **REQUIRED)
    await post(server, bearer(secret))

    assert is_refused(await post(server, bearer(secret)), error="invalid_token")


async def test_a_rotated_token_is_known_by_its_new_secret_alone(
    closed: Served, tokens: Tokens
) -> None:
    first = await tokens.issue()
    assert (await post(closed, bearer(first))).status_code == 200

    second = await tokens.rotate()

    assert is_refused(await post(closed, bearer(first)), error="invalid_token")
    assert (await post(closed, bearer(second))).status_code == 200


async def test_a_token_by_an_older_pepper_is_valid(serve: Serve) -> None:
    shared = create_storage(PersistenceMode.INMEMORY, peppers=[build.PEPPER])
    secret = await Tokens(shared).issue()
    shared.peppers = [Pepper("p2", "another key"), build.PEPPER]  # type: ignore[misc]

    served = await serve(shared, **REQUIRED)

    assert (await post(served, bearer(secret))).status_code == 200


async def test_the_last_use_is_kept_to_the_minute(closed: Served, tokens: Tokens) -> None:
    secret = await tokens.issue()
    assert await tokens.last_used() is None
    before = datetime.now(UTC)

    await post(closed, bearer(secret))
    closed.service.authenticator._closing.set()  # what is gathered is stored at once
    flushing = closed.service.authenticator._flushing
    assert flushing is not None
    await flushing

    used = await tokens.last_used()
    assert used is not None
    assert (used.second, used.microsecond) == (0, 0)
    assert timedelta() <= before - used + timedelta(minutes=1) < timedelta(minutes=3)


# WebSockets


async def close_code(served: Served, payload: Json | None, **headers: str) -> tuple[int, str]:
    async with opened(served.socket_url, headers=headers) as socket:
        more = {} if payload is None else {"payload": payload}
        await socket.send(type="connection_init", **more)
        return await socket.closed()


async def test_a_websocket_without_credentials_is_closed(closed: Served) -> None:
    for payload in (None, {}, {"token": "x"}, {"Authorization": None}):
        assert await close_code(closed, payload) == (4401, "Unauthorized")


async def test_a_websocket_with_invalid_credentials_is_closed(
    closed: Served, tokens: Tokens
) -> None:
    await tokens.issue()
    for credentials in ("Bearer x", "Bearer aicmo_agent_x"):
        assert await close_code(closed, {"Authorization": credentials}) == (4403, "Forbidden")


async def test_a_program_may_send_the_header_to_open_a_websocket(
    closed: Served, tokens: Tokens
) -> None:
    async with opened(closed.socket_url, headers=bearer(await tokens.issue())) as socket:
        await socket.init()
        await socket.subscribe("1", VIEWER)
        assert (await socket.next())["payload"]["data"]["viewer"]["callerId"] == "writer"


async def test_a_websocket_needs_no_credentials_on_this_machine(
    serve: Serve, storage: Recording
) -> None:
    served = await serve(storage)
    async with connected(served.socket_url) as socket:
        await socket.subscribe("1", VIEWER)
        assert (await socket.next())["payload"]["data"]["viewer"]["kind"] == "OPERATOR"


# Connections end with their credentials


async def test_a_websocket_ends_when_its_token_is_revoked(closed: Served, tokens: Tokens) -> None:
    secret = await tokens.issue()
    async with opened(closed.socket_url) as socket:
        await socket.init(Authorization=f"Bearer {secret}")
        await socket.subscribe("1", FOLLOW, key="a")
        await until(lambda: closed.watched == 1)

        await tokens.revoke()

        assert await socket.closed() == (4403, "Forbidden")
    await until(lambda: closed.watched == 0)


async def test_a_websocket_ends_when_its_token_expires(closed: Served, tokens: Tokens) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=700)
    secret = await tokens.issue(expires_at=soon)
    async with opened(closed.socket_url) as socket:
        await socket.init(Authorization=f"Bearer {secret}")
        await socket.subscribe("1", FOLLOW, key="a")

        assert await socket.closed() == (4403, "Forbidden")
    assert datetime.now(UTC) >= soon


@pytest.mark.parametrize("media_type", STREAMS)
async def test_a_stream_ends_when_its_token_is_revoked(
    closed: Served, tokens: Tokens, media_type: str
) -> None:
    headers = bearer(await tokens.issue()) | {"Accept": media_type}
    body = {"query": FOLLOW, "variables": {"key": "a"}}
    async with closed.http.stream("POST", closed.url, json=body, headers=headers) as stream:
        await until(lambda: closed.watched == 1)

        await tokens.revoke()

        text = "".join([chunk async for chunk in stream.aiter_text()])
    assert "complete" not in text
    assert ("UNAUTHENTICATED" in text) == media_type.startswith("multipart")


async def test_other_connections_stay_when_a_token_is_revoked(
    closed: Served, tokens: Tokens
) -> None:
    secret = await tokens.issue()
    other = await tokens.issue(token_id="token-2")
    async with opened(closed.socket_url) as socket, opened(closed.socket_url) as staying:
        for each, credentials in ((socket, secret), (staying, other)):
            await each.init(Authorization=f"Bearer {credentials}")
            await each.subscribe("1", FOLLOW, key="a")
        await until(lambda: closed.watched == 2)

        await tokens.revoke()

        assert await socket.closed() == (4403, "Forbidden")
        await post(closed, bearer(other), SAVE)
        assert (await staying.next())["type"] == "next"


# Managing tokens


async def test_an_administrator_manages_tokens_by_the_api(closed: Served, tokens: Tokens) -> None:
    admin = bearer(await tokens.issue(token_id="admin", scopes=("admin",)))

    async def run(name: str, selected: str, given: Json) -> Json:
        type_ = f"{name[0].upper()}{name[1:]}Input!"
        query = f"mutation M($input: {type_}) {{ {name}(input: $input) {selected} }}"
        response = await post(closed, admin, {"query": query, "variables": {"input": given}})
        found: Json = response.json()["data"][name]
        return found

    shown = "{ accessToken { tokenId revision } secret errors { code path message } }"
    first = await run("createAccessToken", shown, inputs.create_access_token())
    assert (await post(closed, bearer(first["secret"]))).json()["data"]["viewer"]["kind"] == "AGENT"
    second = await run("rotateAccessToken", shown, inputs.change_access_token())
    assert second["accessToken"] == {"tokenId": "token-1", "revision": 2}
    assert is_refused(await post(closed, bearer(first["secret"])), error="invalid_token")
    wrong = await run("createAccessToken", shown, inputs.create_access_token(scopes=["x"]))
    assert wrong["errors"][0]["path"] == ["scopes", "0"]
    revoked = "{ accessToken { revokedAt } errors { code } }"
    third = await run("revokeAccessToken", revoked, inputs.change_access_token())
    assert third["accessToken"]["revokedAt"] is not None
    assert is_refused(await post(closed, bearer(second["secret"])), error="invalid_token")
    query = '{ accessTokens(filter: {name: {eq: "importer"}}) { nodes { tokenId scopes } } }'
    listed = (await post(closed, admin, {"query": query})).json()
    assert listed["data"]["accessTokens"]["nodes"] == [
        {"tokenId": "token-1", "scopes": ["onboarding:write"]}
    ]
    assert "secret" not in json.dumps(listed)


def test_who_authenticates_may_do_nothing_that_its_scopes_do_not_say() -> None:
    assert system("authentication", "r").scopes == ALL_SCOPES
