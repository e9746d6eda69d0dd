"""Attacks: each is refused, in bounded time and memory, while others are served.

The server is one of its own, as its users run it; so its memory and its log are its own too.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests import inputs
from tests.support.graphql import Json, mutation
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, OverHttp, Server, running_server
from tests.support.serving import until
from tests.support.sockets import FOLLOW, PROTOCOL, connected, opened
from tests.support.wire import Wire, chunk, head, wired

SETTINGS = {
    **IN_MEMORY,
    "AICMO_BODY_SECONDS": "10",
    "AICMO_STREAMS__CONNECTIONS": "50",
    "AICMO_STREAMS__OPERATIONS": "20",
    "AICMO_STREAMS__INIT_SECONDS": "5",
    # Others are served all the while, however slow the machine is.
    "AICMO_EXECUTION_SECONDS": f"{SECONDS}",
}
ATTACKERS = 4
MEBIBYTE = 1024 * 1024
BODY = 10 * MEBIBYTE
MEMORY = 300 * MEBIBYTE
"""How much more the server may take than before: a few of the largest requests at once."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(SETTINGS, tmp_path_factory.mktemp("attacked") / "log") as server:
        yield server
        assert server.process.poll() is None, "it did not survive"


@dataclass(frozen=True, slots=True)
class Attacked:
    """A server and a way to hurt it."""

    server: Server
    http: httpx.AsyncClient

    @property
    def address(self) -> str:
        return urlsplit(self.server.url).netloc

    @property
    def socket_url(self) -> str:
        return f"ws://{self.address}/graphql"

    async def post(self, body: Any, status: int = 200) -> Any:
        """The response to JSON, or to whatever bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = await self.http.post(
            self.server.graphql_url, content=content, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == status, response.text[:500]
        return response.json()

    async def refused(self, body: Any, *codes: str, status: int = 200) -> None:
        response = await self.post(body, status)
        assert all(value is None for value in (response.get("data") or {}).values())
        assert {error["extensions"]["code"] for error in response["errors"]} <= set(codes)
        assert len(json.dumps(response)) < MEBIBYTE

    @property
    def memory(self) -> int:
        taken: int = psutil.Process(self.server.process.pid).memory_info().rss
        return taken


@pytest.fixture
async def attacked(server: Server) -> AsyncIterator[Attacked]:
    """Before and after, and all the while, the server serves others, and its memory stays."""
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(timeout=SECONDS, limits=limits, verify=False) as http:
        target = Attacked(server, http)
        others = Others(target)
        before = target.memory
        serving = asyncio.create_task(others.serve())
        yield target
        last = others.served
        await until(lambda: others.served > last or serving.done())
        serving.cancel()
        await asyncio.wait({serving})
        if not serving.cancelled():
            serving.result()
        assert others.most_memory - before < MEMORY
        assert server.log.read_text() == ""


class Others:
    """Innocent clients: how often they were served, and what the server took up then."""

    def __init__(self, target: Attacked) -> None:
        self._target = target
        self.served = 0
        self.most_memory = 0

    async def serve(self) -> None:
        async with httpx.AsyncClient(timeout=SECONDS, verify=False) as http:
            api = OverHttp(http, self._target.server.graphql_url)
            while True:
                saved = await api.do("saveDraft", inputs.save_draft(draftId="innocent"))
                read = await api.ask('{ draft(draftId: "innocent") { revision } }')
                assert read["draft"]["revision"] == saved["revision"]
                self.most_memory = max(self.most_memory, self._target.memory)
                self.served += 1
                await asyncio.sleep(0.05)


async def at_once(attack: Callable[[], Awaitable[Any]], times: int = ATTACKERS) -> None:
    await asyncio.gather(*(attack() for _ in range(times)))


# Documents


def query(text: str, **variables: Any) -> Json:
    return {"query": text, "variables": variables}


def repeated(text: str, times: int) -> str:
    return "".join(text.replace("#", str(number)) for number in range(times))


def bomb(levels: int) -> str:
    spreads = (
        f"fragment F{level} on Query {{ ...F{level + 1} ...F{level + 1} }}"
        for level in range(levels)
    )
    return "{ ...F0 } " + "".join(spreads) + f"fragment F{levels} on Query {{ __typename }}"


DOCUMENTS: dict[str, str] = {
    "101 aliases": "{" + repeated("a#: __typename ", 101) + "}",
    "1,600 aliases": "{" + repeated("a#: __typename ", 1_600) + "}",
    "aliases in fragments": "{"
    + "...F " * 30
    + "} fragment F on Query {"
    + repeated("a#: __typename ", 30)
    + "}",
    "101 directives": "{ __typename " + "@include(if: true) " * 101 + "}",
    "1,600 directives": "{ __typename " + "@a " * 1_600 + "}",
    "directives in fragments": (
        "{" + "...F " * 30 + "} fragment F on Query { __typename " + "@skip(if: false) " * 30 + "}"
    ),
    "1,600 directives of an operation": "query " + "@a " * 1_600 + "{ __typename }",
    "4,000 variables": "query (" + repeated("$v#: Int ", 4_000) + ") { __typename }",
    "4,000 arguments": "{ briefs(" + repeated("a#: 1 ", 4_000) + ") { totalCount } }",
    "1,600 members of an input": (
        "{ briefs(filter: {" + repeated("m#: {} ", 1_600) + "}) { totalCount } }"
    ),
    "1,200 operations": repeated("query Q# { __typename } ", 1_200),
    "1,200 fragments": "{ a }" + repeated("fragment F# on Query { a } ", 1_200),
    "2,400 fragments that aren't there": "{" + repeated("...F# ", 2_400) + "}",
    "one name for 900 fields": "{" + repeated('a: brief(briefId: "#") { briefId } ', 900) + "}",
    "one field 4,900 times": '{ brief(briefId: "1") {' + "clientId " * 4_900 + "} }",
    "one object 1,200 times": '{ brief(briefId: "1") {'
    + "scope { timelineWeeks } " * 1_200
    + "} }",
    "a fragment in itself": "{ ...A } fragment A on Query { ...A }",
    "fragments in a circle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C }"
        " fragment C on Query { ...A }"
    ),
    "a bomb of 731 bytes": f"{bomb(18):731}",
    "a larger bomb": bomb(190),
    "many operations with one large fragment": (
        repeated("query Q# { ...F } ", 400) + "fragment F on Query {" + "__typename " * 2_500 + "}"
    ),
    "many pages with one large fragment": (
        "{" + repeated("b#: briefs(first: #) { ...F } ", 90) + "}"
        " fragment F on BriefConnection {" + "totalCount " * 3_500 + "}"
    ),
    "nested lists": (
        "{ briefs(first: 100) { nodes { strategyPlans(first: 100) { nodes {"
        " drafts(first: 100) { nodes { deliveryPackages(first: 100) { totalCount } } } } } } } }"
    ),
    "30 levels": "{ briefs { nodes "
    + "{ strategyPlans { nodes { brief " * 10
    + "{ briefId }"
    + " } } }" * 10
    + " } }",
    "10,000 levels": "{ a " * 10_000 + "}" * 10_000,
    "10,000 levels of lists": "{ briefs(first: " + "[" * 10_000,
    "10,000 levels of objects": "{ briefs(filter: " + "{ not: " * 10_000,
    "150 levels of objects": (
        "{ briefs(filter: " + "{ not: " * 150 + "{}" + " }" * 150 + ") { totalCount } }"
    ),
    "a chain of fragments": (
        "{ ...F0 }"
        + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }} " for n in range(500))
        + "fragment F500 on Query { __typename }"
    ),
    "introspection 100 times": (
        "{" + repeated("a#: __schema { types { ...T } } ", 100) + "}"
        " fragment T on __Type { name fields { name args { name type { name } } } }"
    ),
    "introspection without end": (
        "{ __schema { types " + "{ fields { type " * 8 + "{ name }" + " } }" * 8 + " } }"
    ),
    "5,000 mistakes": "{" + "nothing " * 4_990 + "}",
    "a number of 5,000 digits": "{ briefs(first: " + "9" * 5_000 + ") { totalCount } }",
    "a number that is infinite": "{ briefs(filter: { revision: { eq: 1e999 } }) { totalCount } }",
    "NUL": "{ a\x00 }",
    "lone surrogates": "{ a\ud800 }",
    "a name of 100,000 letters": "{" + "a" * 100_000 + "}",
    "3 million comments": "#\n" * 3_000_000,
    "10 million commas": "," * (BODY - 1_000),
}
CODES = ("LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT")


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_hostile_documents(attacked: Attacked, text: str) -> None:
    await at_once(lambda: attacked.refused(query(text), *CODES))


# Variables. Large ones are made by the test that sends them, not by every process that collects it.


def nested(levels: int, name: str = "a") -> str:
    return f'{{"{name}":' * levels + "{}" + "}" * levels


FILTER = "query ($filter: BriefFilter) { briefs(filter: $filter) { totalCount } }"
SIZE = "query ($size: Int) { briefs(first: $size) { totalCount } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def sent(text: str, variables: str) -> bytes:
    """A body with variables that are written as they are."""
    return f'{{"query": {json.dumps(text)}, "variables": {variables}}}'.encode()


VARIABLES: dict[str, tuple[Callable[[], bytes], int]] = {
    "100 levels": (lambda: sent(FILTER, '{"filter": ' + nested(100, "not") + "}"), 200),
    "900 levels": (lambda: sent(FILTER, '{"filter": ' + nested(900, "not") + "}"), 200),
    "100,000 levels": (lambda: sent(FILTER, '{"filter": ' + nested(100_000, "not") + "}"), 400),
    "100,000 lists": (lambda: sent(NODES, '{"ids": ' + "[" * 100_000 + "]" * 100_000 + "}"), 400),
    "100,000 values in lists": (
        lambda: sent(NODES, '{"ids": [' + ",".join(["[]"] * 100_000) + "]}"),
        200,
    ),
    "150,000 conditions": (
        lambda: sent(FILTER, '{"filter": {"or": [' + ",".join(['{"not": {}}'] * 150_000) + "]}}"),
        200,
    ),
    "2,400 conditions": (
        lambda: sent(FILTER, '{"filter": {"or": [' + ",".join(['{"not": {}}'] * 2_400) + "]}}"),
        200,
    ),
    "2 million ids": (lambda: sent(NODES, '{"ids": [' + ",".join(['"a"'] * 2_000_000) + "]}"), 400),
    "50,000 ids that are none": (
        lambda: sent(NODES, '{"ids": [' + ",".join(["{}"] * 50_000) + "]}"),
        200,
    ),
    "NaN": (lambda: sent(SIZE, '{"size": NaN}'), 400),
    "infinity": (lambda: sent(SIZE, '{"size": -Infinity}'), 400),
    "a number that is infinite": (lambda: sent(SIZE, '{"size": 1e999}'), 200),
    "a number of 4,000 digits": (lambda: sent(SIZE, '{"size": ' + "9" * 4_000 + "}"), 200),
    "a number of 9 million digits": (lambda: sent(SIZE, '{"size": ' + "9" * 9_000_000 + "}"), 400),
    "a lone surrogate": (lambda: sent(SIZE, '{"size": "\\ud800"}'), 200),
    "invalid UTF-8": (lambda: sent(SIZE, '{"size": "?"}').replace(b"?", b"\xff\xfe"), 400),
}


@pytest.mark.parametrize(("make", "status"), VARIABLES.values(), ids=VARIABLES)
async def test_hostile_variables(
    attacked: Attacked, make: Callable[[], bytes], status: int
) -> None:
    body = make()
    await at_once(lambda: attacked.refused(body, *CODES, status=status))


HOSTILE_INPUT: dict[str, Json] = {
    "100 levels": {"responses": json.loads(nested(100))},
    "a number of 4,000 digits": {"responses": {"a": int("9" * 4_000)}},
    "a lone surrogate": {"responses": {"a": "\ud800"}},
    "a lone surrogate as a name": {"responses": {"\udfff": 1}},
    "NUL": {"responses": {"a": "\x00"}},
    "NUL in a key": {"briefId": "a\x00b"},
    "a lone surrogate in a key": {"briefId": "\ud800"},
    "a key of 9 million letters": {"briefId": "a" * 9_000_000},
    "250,000 values": {"responses": {"a": list(range(250_000))}},
    "250,000 values that are wrong": {"responses": {"a": ["\x00"] * 250_000}},
}


@pytest.mark.parametrize("input", HOSTILE_INPUT.values(), ids=HOSTILE_INPUT)
async def test_hostile_input(attacked: Attacked, input: Json) -> None:
    body = query(mutation("submitIntake"), input=inputs.submit_intake() | input)

    async def attack() -> None:
        response = await attacked.post(body)
        payload = response["data"]["submitIntake"]
        assert payload["brief"] is None
        assert {error["code"] for error in payload["errors"]} == {"VALIDATION"}
        assert len(json.dumps(response)) < MEBIBYTE

    await at_once(attack)


async def test_more_values_than_anybody_has(attacked: Attacked) -> None:
    responses = {"a": [1] * 3_000_000}
    asked = query(mutation("submitIntake"), input=inputs.submit_intake(responses=responses))
    body = json.dumps(asked).encode()  # once: while it's made, nobody is served here

    await at_once(lambda: attacked.refused(body, "LIMIT_EXCEEDED", status=400))


# Bodies

BODIES: dict[str, tuple[Callable[[], bytes], int]] = {
    "1,000 operations at once": (
        lambda: json.dumps([query("{ __typename }")] * 1_000).encode(),
        400,
    ),
    "10 MB and one byte": (lambda: b" " * (BODY + 1), 413),
    "10 MB of spaces": (lambda: b" " * BODY, 400),
    "10 MB of brackets": (lambda: b"[" * BODY, 400),
    "10 MB of empty lists": (lambda: b"[" + b"[]," * (BODY // 3 - 1) + b"[]", 400),
    "10 MB of numbers": (lambda: b"[" + b"1," * (BODY // 2 - 2) + b"1]", 400),
    "10 MB of a text": (lambda: b'"' + b"a" * (BODY - 2) + b'"', 400),
    "10 MB of names": (
        lambda: b"{" + b",".join(b'"%d":0' % number for number in range(900_000)) + b"}",
        400,
    ),
    "10 MB that are no UTF-8": (lambda: b"\xff" * BODY, 400),
    "10 MB of a number": (lambda: b"9" * BODY, 400),
}


@pytest.mark.parametrize(("make", "status"), BODIES.values(), ids=BODIES)
async def test_hostile_bodies(attacked: Attacked, make: Callable[[], bytes], status: int) -> None:
    body = make()
    await at_once(lambda: attacked.refused(body, *CODES, status=status), 2)


async def test_compressed_bodies(attacked: Attacked) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await attacked.http.post(
        attacked.server.graphql_url, content=b"\x1f\x8b" + b"\x00" * 1_000, headers=headers
    )

    assert response.status_code == 415


async def everyone(
    attacked: Attacked, number: int, attack: Callable[[Wire], Awaitable[None]]
) -> None:
    async with AsyncExitStack() as connections:
        wires = [
            await connections.enter_async_context(wired(attacked.address)) for _ in range(number)
        ]
        await asyncio.gather(*map(attack, wires))


async def test_slow_bodies(attacked: Attacked) -> None:
    async def attack(wire: Wire) -> None:
        await wire.send(head(1_000), b"{")
        response = await wire.response()
        assert (response.status, response.code) == (408, "LIMIT_EXCEEDED")

    await everyone(attacked, 200, attack)


async def test_bodies_without_end(attacked: Attacked) -> None:
    async def attack(wire: Wire) -> None:
        await wire.send(head())
        piece = chunk(b" " * MEBIBYTE)
        for _ in range(11):
            await wire.send(piece)
        response = await wire.response()
        assert (response.status, response.code) == (413, "LIMIT_EXCEEDED")

    await everyone(attacked, 10, attack)


async def test_heads_without_end(attacked: Attacked) -> None:
    async def attack(wire: Wire) -> None:
        await wire.send(head(10)[:-4], *(b"\r\nX-%d: %s" % (n, b"x" * 1_000) for n in range(66)))
        assert (await wire.response()).status == 431

    await everyone(attacked, 20, attack)


# WebSockets and streams


async def test_sockets_that_never_say_what_they_want(attacked: Attacked) -> None:
    async def attack() -> None:
        async with opened(attacked.socket_url) as socket:
            assert (await socket.closed())[0] == 4408

    await at_once(attack, 40)


async def test_floods_of_subscriptions_on_one_socket(attacked: Attacked) -> None:
    async def attack() -> None:
        async with connected(attacked.socket_url) as socket:
            for number in range(1_000):
                await socket.subscribe(str(number), FOLLOW, key="a")
            for number in range(20, 1_000):
                response = await socket.next()
                assert (response["id"], response["type"]) == (str(number), "error")
                assert response["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"

    await at_once(attack)


async def test_floods_of_large_messages_that_nobody_reads_the_responses_of(
    attacked: Attacked,
) -> None:
    async def attack() -> None:
        async with connected(attacked.socket_url) as socket:
            socket.connection.transport.pause_reading()
            large = json.dumps({"type": "ping", "payload": {"a": "x" * 900_000}})
            sending = asyncio.create_task(flood(socket.connection.send, large))
            await asyncio.wait({sending}, timeout=1)
            sending.cancel()
            await asyncio.wait({sending})
            socket.vanish()

    await at_once(attack)


async def flood(send: Callable[[str], Awaitable[None]], message: str) -> None:
    for _ in range(300):
        await send(message)


async def test_floods_of_sockets(attacked: Attacked) -> None:
    async with AsyncExitStack() as sockets:
        for _ in range(50):
            await sockets.enter_async_context(connected(attacked.socket_url))
        for _ in range(50):
            async with opened(attacked.socket_url) as socket:
                assert (await socket.closed())[0] == 1013
        refused = await attacked.http.get(
            attacked.server.graphql_url,
            params={"query": "{ __typename }"},
            headers={"Accept": "text/event-stream"},
        )
        assert refused.status_code == 503
        assert refused.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_floods_of_streams(attacked: Attacked) -> None:
    body = json.dumps(query(FOLLOW, key="a")).encode()
    statuses: list[int] = []

    async def attack(wire: Wire) -> None:
        await wire.send(head(len(body), "Accept: text/event-stream"), body)
        async with asyncio.timeout(SECONDS):
            first = await wire.reader.readline()
        statuses.append(int(first.split()[1]))
        if len(statuses) == 80:
            everybody.set()
        await everybody.wait()

    everybody = asyncio.Event()
    await everyone(attacked, 80, attack)

    assert statuses.count(503) >= 30
    assert set(statuses) == {200, 503}


@pytest.mark.parametrize(
    "message",
    [
        "[" * 500_000,
        '{"type": "ping", "payload": ' + nested(100_000) + "}",
        '{"type": "ping", "payload": {"a": NaN}}',
        '{"type": "connection_init", "payload": {"a": ' + "9" * 900_000 + "}}",
        "x" * 900_000,
        '{"type": "' + "x" * 900_000 + '"}',
    ],
    ids=["brackets", "levels", "NaN", "digits", "letters", "a type"],
)
async def test_hostile_messages(attacked: Attacked, message: str) -> None:
    async def attack() -> None:
        async with opened(attacked.socket_url) as socket:
            await socket.send_text(message)
            assert (await socket.closed())[0] == 4400

    await at_once(attack, 10)


async def test_messages_that_are_too_large(attacked: Attacked) -> None:
    async def attack() -> None:
        async with opened(attacked.socket_url) as socket:
            assert socket.connection.subprotocol == PROTOCOL
            await socket.send_text("x" * (MEBIBYTE + 1))
            assert (await socket.closed())[0] == 1009

    await at_once(attack, 10)
