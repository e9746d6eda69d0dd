"""Where a request ends and the next one begins: RFC 9112, section 6, and RFC 9110, section 7.8.

A body is its request's, whatever stands before it, and is never read as a request of its own.
"""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server.http_protocol import HEAD_BYTES, LINGER_SECONDS, BoundedHttp
from tests.http.conftest import Serve
from tests.support.clock import clock_of
from tests.support.pauses import hold
from tests.support.processes import output_of
from tests.support.servers import IN_MEMORY, running_server
from tests.support.serving import Served, until
from tests.support.wire import Response, Wire, chunk, head, request, wired

ASK = {"query": "{ __typename }"}
ASKED = json.dumps(ASK).encode()
RESPONSE = {"data": {"__typename": "Query"}}
LENGTH = f"Content-Length: {len(ASKED)}"
CHUNKED = "Transfer-Encoding: chunked"
WEBSOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
)
H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server of its own listens, with the settings that are the default but for one:
    credentials are left to a proxy, so HTTP/1.0 needs none."""
    settings = {**IN_MEMORY, "AICMO_REQUIRE_AUTHENTICATION": "false"}
    with running_server(settings, tmp_path_factory.mktemp("framing") / "log") as server:
        yield urlsplit(server.url).netloc


def posted(*lines: str, body: bytes = ASKED, first: str = "POST /graphql HTTP/1.1") -> bytes:
    """A request with these lines and no others about its body."""
    fixed = (first, "Host: localhost", "Content-Type: application/json")
    return "\r\n".join([*fixed, *lines, "", ""]).encode("latin-1") + body


def in_chunks(*parts: bytes) -> bytes:
    return b"".join(map(chunk, (*parts, b"")))


async def responses_to_both(wire: Wire, sent: bytes) -> list[Response]:
    """The responses to what is sent and to a second request, which is known by its id."""
    await wire.send(sent + head(len(ASKED), "X-Request-Id: second") + ASKED)
    first, second = await wire.response(), await wire.response()
    assert second.headers["x-request-id"] == "second"
    assert json.loads(second.body) == RESPONSE
    return [first, second]


# Upgrades

OFFERS = {
    "h2c, as Java and curl offer it": H2C,
    "h2c, to a proxy": ("Connection: keep-alive", "connection: upgrade", "upgrade: H2C"),
    "TLS": ("Connection: upgrade", "Upgrade: TLS/1.2, HTTP/1.1"),
    "one that nobody knows": ("Connection: Upgrade", "Upgrade: tea/2.0"),
    "a WebSocket, with a body": WEBSOCKET,
    "several, a WebSocket among them": ("Connection: Upgrade", "Upgrade: h2c, websocket"),
    "nothing": ("Connection: Upgrade", "Upgrade: "),
}
offered = pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)


@offered
@pytest.mark.parametrize(
    "sent",
    [(LENGTH, ASKED), (CHUNKED, in_chunks(ASKED[:9], ASKED[9:]))],
    ids=["a length", "chunks"],
)
async def test_an_upgrade_that_is_not_taken_is_ignored(
    address: str, offer: tuple[str, ...], sent: tuple[str, bytes]
) -> None:
    line, body = sent
    async with wired(address) as wire:
        first, _ = await responses_to_both(wire, posted(*offer, line, body=body))

        assert (first.status, json.loads(first.body)) == (200, RESPONSE)
        assert "upgrade" not in first.headers


async def test_an_upgrade_is_ignored_wherever_the_request_is_cut(address: str) -> None:
    sent = posted(*H2C, LENGTH)
    async with wired(address) as wire:
        for cut in range(1, len(sent)):
            await wire.send(sent[:cut])
            await asyncio.sleep(0)
            await wire.send(sent[cut:])
            assert json.loads((await wire.response()).body) == RESPONSE


async def test_many_upgrades_in_a_row_are_ignored(address: str) -> None:
    async with wired(address) as wire:
        await wire.send(posted(*H2C, LENGTH) * 1_200)
        for _ in range(1_200):
            assert json.loads((await wire.response()).body) == RESPONSE


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_an_upgrade_is_ignored_on_a_connection_that_ends(address: str, version: str) -> None:
    first = f"POST /graphql HTTP/{version}"
    lines = ("Connection: close, Upgrade", "Upgrade: h2c", LENGTH)
    async with wired(address) as wire:
        await wire.send(posted(*lines, first=first))

        assert json.loads((await wire.response()).body) == RESPONSE
        await wire.closed()


async def test_a_body_behind_an_ignored_upgrade_is_no_request(address: str) -> None:
    """Though it may look like one: here it's no JSON."""
    inner = request(**ASK)
    async with wired(address) as wire:
        first, _ = await responses_to_both(
            wire, posted(*H2C, f"Content-Length: {len(inner)}", body=inner)
        )

        assert (first.status, first.code) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("first", "lines", "body"),
    [
        ("GET /graphql HTTP/1.1", (LENGTH,), ASKED),
        ("GET /graphql HTTP/1.1", (CHUNKED,), in_chunks(ASKED)),
        ("HEAD /graphql HTTP/1.1", (LENGTH,), ASKED),
    ],
    ids=["a length", "chunks", "a method"],
)
async def test_a_websocket_begins_by_a_get_without_a_body(
    address: str, first: str, lines: tuple[str, ...], body: bytes
) -> None:
    async with wired(address) as wire:
        await wire.send(posted(*WEBSOCKET, *lines, first=first, body=body))
        await wire.send(head(len(ASKED), "X-Request-Id: second") + ASKED)
        async with asyncio.timeout(20):
            told = await wire.reader.readuntil(b"second")
            rest = await wire.reader.readuntil(b"Query")

    assert told.startswith(b"HTTP/1.1 4")
    assert b" 101 " not in told + rest


async def test_a_websocket_does_not_begin_before_what_came_first_is_answered(
    address: str,
) -> None:
    socket = posted(*WEBSOCKET, first="GET /graphql HTTP/1.1", body=b"")
    async with wired(address) as wire:
        await wire.send(request(**ASK) + socket)

        assert json.loads((await wire.response()).body) == RESPONSE
        assert (await wire.response()).status == 400


async def test_who_does_not_wait_for_a_websocket_gets_none(address: str) -> None:
    """The bytes that were sent before may be neither a frame nor a request."""
    async with wired(address) as wire:
        await wire.send(posted(*WEBSOCKET, first="GET /graphql HTTP/1.1", body=request(**ASK)))

        assert (await wire.response()).status == 400
        await wire.closed()


async def test_there_are_no_tunnels(address: str) -> None:
    async with wired(address) as wire:
        await wire.send(posted(first="CONNECT /graphql HTTP/1.1", body=request(**ASK)))

        assert (await wire.response()).status == 501
        await wire.closed()


# Expectations


async def test_a_body_that_is_asked_for_is_read(address: str) -> None:
    async with wired(address) as wire:
        for _ in range(2):
            await wire.send(posted(LENGTH, "Expect: 100-continue", body=b""))
            async with asyncio.timeout(20):
                assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await wire.send(ASKED)
            assert json.loads((await wire.response()).body) == RESPONSE


@pytest.mark.parametrize("expected", ["100-continue", "100-CONTINUE", "tea", "100-continue, tea"])
async def test_a_body_that_is_not_held_back_is_read(address: str, expected: str) -> None:
    async with wired(address) as wire:
        first, _ = await responses_to_both(wire, posted(LENGTH, f"Expect: {expected}"))

        assert json.loads(first.body) == RESPONSE


async def test_a_connection_ends_when_a_body_that_was_held_back_is_not_wanted(
    address: str,
) -> None:
    """The client may send it or not, so what comes next may be it, or a request."""
    async with wired(address) as wire:
        await wire.send(posted(LENGTH, "Expect: 100-continue", "Content-Encoding: gzip", body=b""))
        response = await wire.response()

        assert response.status == 415
        assert response.headers["connection"] == "close"
        await wire.closed()


async def test_http_1_0_knows_no_expectations(serve: Serve) -> None:
    server = await serve(require_authentication=False)
    async with wired(server.address) as wire:
        first = "POST /graphql HTTP/1.0"
        await wire.send(posted(LENGTH, "Expect: 100-continue", first=first, body=b""))
        await until(lambda: bool(server.state.tasks))
        await asyncio.sleep(0.05)
        await wire.send(ASKED)

        assert (await wire.response()).status == 200


# Lengths and codings


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ((CHUNKED,), b'%x;name=value;other="quoted"\r\n%b\r\n0;last\r\n\r\n'),
        ((CHUNKED,), b"%x\r\n%b\r\n0\r\nX-Checksum: 1\r\n\r\n"),
        ((CHUNKED,), b"000%X\r\n%b\r\n000\r\n\r\n"),
        (("Transfer-Encoding: Chunked",), b"%x\r\n%b\r\n0\r\n\r\n"),
        (("Transfer-Encoding:\tchunked ",), b"%x\r\n%b\r\n0\r\n\r\n"),
    ],
    ids=["extensions", "trailers", "leading zeros", "capitals", "spaces"],
)
async def test_chunks_may_have_all_that_they_may(
    address: str, lines: tuple[str, ...], body: bytes
) -> None:
    async with wired(address) as wire:
        first, _ = await responses_to_both(wire, posted(*lines, body=body % (len(ASKED), ASKED)))

        assert json.loads(first.body) == RESPONSE


async def test_what_stands_behind_a_body_is_not_taken_for_what_stands_before_it(
    address: str,
) -> None:
    trailer = b"0\r\nX-Request-Id: behind\r\nOrigin: https://elsewhere.example\r\nHost: x\r\n\r\n"
    async with wired(address) as wire:
        first, _ = await responses_to_both(wire, posted(CHUNKED, body=chunk(ASKED) + trailer))

        assert json.loads(first.body) == RESPONSE
        assert first.headers["x-request-id"] != "behind"
        assert "access-control-expose-headers" not in first.headers


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip\r\nTransfer-Encoding: chunked"])
async def test_other_codings_for_the_transfer_are_refused(address: str, coding: str) -> None:
    async with wired(address) as wire:
        first, _ = await responses_to_both(
            wire, posted(f"Transfer-Encoding: {coding}", body=in_chunks(ASKED))
        )

        assert (first.status, first.code) == (501, "BAD_USER_INPUT")


SIZE = len(ASKED)
DOUBTFUL: dict[str, bytes] = {
    "a length and chunks": posted(LENGTH, CHUNKED, body=in_chunks(ASKED)),
    "chunks and a length": posted(CHUNKED, LENGTH, body=in_chunks(ASKED)),
    "the same length twice": posted(LENGTH, LENGTH),
    "two lengths": posted(LENGTH, "Content-Length: 3"),
    "a list of lengths": posted(f"Content-Length: {SIZE}, {SIZE}"),
    "a length with a sign": posted(f"Content-Length: +{SIZE}"),
    "a length in other digits": posted(f"Content-Length: {SIZE:#x}"),
    "a length of two words": posted("Content-Length: 2 6"),
    "no length where there should be one": posted("Content-Length: "),
    "a length that nothing has": posted("Content-Length: " + "9" * 30),
    "an unknown coding": posted("Transfer-Encoding: tea", body=in_chunks(ASKED)),
    "no coding": posted("Transfer-Encoding: identity", LENGTH),
    "no coding by name": posted("Transfer-Encoding: ", LENGTH),
    "a coding alone": posted("Transfer-Encoding: gzip", LENGTH),
    "a coding around chunks": posted("Transfer-Encoding: chunked, gzip", body=in_chunks(ASKED)),
    "chunks of chunks": posted("Transfer-Encoding: chunked, chunked", body=in_chunks(ASKED)),
    "chunks with a parameter": posted("Transfer-Encoding: chunked;a=b", body=in_chunks(ASKED)),
    "a space before a colon": posted(f"Content-Length : {SIZE}"),
    "a name with a space": posted("Content Length: 3", LENGTH),
    "a line that goes on": posted("X-A: a\r\n b", LENGTH),
    "a length on the next line": posted(f"Content-Length:\r\n {SIZE}"),
    "a first line that goes on": posted("X: y", LENGTH).replace(b"\r\nHost", b"\r\n Host"),
    "a line that ends in LF": posted("X-A: a\nX-B: b", LENGTH),
    "a line with CR": posted("X-A: a\rX-B: b", LENGTH),
    "a line with NUL": posted("X-A: a\0b", LENGTH),
    "a head that ends in LF": posted(LENGTH).replace(b"\r\n\r\n", b"\r\n\n"),
    "lines that end in LF": posted(LENGTH).replace(b"\r\n", b"\n"),
    "a chunk that ends in LF": posted(CHUNKED, body=b"%x\r\n%b\n0\r\n\r\n" % (SIZE, ASKED)),
    "a chunk's size that ends in LF": posted(CHUNKED, body=b"%x\n%b\r\n" % (SIZE, ASKED)),
    "a chunk's size with a space": posted(CHUNKED, body=b"%x \r\n%b\r\n" % (SIZE, ASKED)),
    "a chunk's size with a sign": posted(CHUNKED, body=b"+%x\r\n%b\r\n" % (SIZE, ASKED)),
    "a chunk's size with 0x": posted(CHUNKED, body=b"0x%x\r\n%b\r\n" % (SIZE, ASKED)),
    "a chunk that is longer": posted(CHUNKED, body=b"%x\r\n%b  \r\n" % (SIZE, ASKED)),
    "a chunk's extension with LF": posted(CHUNKED, body=b"%x;a\nb\r\n%b\r\n" % (SIZE, ASKED)),
}


@pytest.mark.parametrize("sent", DOUBTFUL.values(), ids=DOUBTFUL)
async def test_what_is_in_doubt_is_refused_and_ends_the_connection(
    address: str, sent: bytes
) -> None:
    async with wired(address) as wire:
        await wire.send(sent + request(**ASK))
        response = await wire.response()

        assert (response.status, response.code) == (400, "BAD_USER_INPUT")
        assert response.headers["connection"] == "close"
        assert await wire.rest() == b""


@pytest.mark.parametrize(
    "sent",
    [
        posted(LENGTH, first="POST /graphql HTTP/1.0"),
        posted(LENGTH, "Connection: keep-alive", first="POST /graphql HTTP/1.0"),
        posted(CHUNKED, first="POST /graphql HTTP/1.0", body=in_chunks(ASKED)),
        posted(LENGTH, "Connection: close"),
        posted(LENGTH, "Connection: keep-alive, close"),
    ],
    ids=["1.0", "1.0 and keep-alive", "1.0 and chunks", "close", "keep-alive and close"],
)
async def test_what_follows_the_last_request_of_a_connection_is_not_read(
    address: str, sent: bytes
) -> None:
    async with wired(address) as wire:
        await wire.send(sent + request(**ASK))

        assert json.loads((await wire.response()).body) == RESPONSE
        assert await wire.rest() == b""


async def test_a_body_without_a_length_is_not_there(address: str) -> None:
    async with wired(address) as wire:
        await wire.send(posted())

        assert [(await wire.response()).status for _ in range(2)] == [400, 400]
        assert await wire.rest() == b""


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_a_body_belongs_to_its_request_whatever_the_method(address: str, method: str) -> None:
    inner = request(**ASK)
    sent = posted(f"Content-Length: {len(inner)}", first=f"{method} /graphql HTTP/1.1", body=inner)
    async with wired(address) as wire:
        first, _ = await responses_to_both(wire, sent)

        assert first.status in (400, 405)


# Several requests at once


async def test_a_head_is_not_taken_for_large_because_of_the_body_before_it(address: str) -> None:
    body = ASKED.ljust(200_000)
    both = head(len(body)) + body + request(**ASK)
    async with wired(address) as wire:
        for cut in (
            len(both) - 1,
            len(both) - len(ASKED) - 3,
            len(head(len(body))) + len(body) + 5,
        ):
            await wire.send(both[:cut])
            assert json.loads((await wire.response()).body) == RESPONSE
            await wire.send(both[cut:])
            assert json.loads((await wire.response()).body) == RESPONSE


async def test_a_head_is_not_taken_for_large_because_of_the_requests_before_it(
    address: str,
) -> None:
    sent = request(**ASK) * 1_000
    assert len(sent) > HEAD_BYTES
    async with wired(address) as wire:
        await wire.send(sent[:-40])
        for _ in range(999):
            assert json.loads((await wire.response()).body) == RESPONSE
        await wire.send(sent[-40:])
        assert json.loads((await wire.response()).body) == RESPONSE


async def test_what_stands_behind_a_body_has_a_limit_too(address: str) -> None:
    async with wired(address) as wire:
        await wire.send(head(), chunk(ASKED), b"0\r\n")
        for number in range(70):
            await wire.send(b"X-%d: %s\r\n" % (number, b"x" * 10_000))

        assert (await wire.response()).status == 431
        await wire.closed()


# Refusals


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (posted(CHUNKED, body=b"?\r\n"), 400),
        (posted(CHUNKED, body=chunk(ASKED) + b"0\r\nX-Y: " + b"z" * 700_000), 431),
        (posted("X-Y: " + "z" * 700_000), 431),
    ],
    ids=["no request", "no chunk", "too much behind a body", "too long a head"],
)
async def test_who_is_refused_may_go_on_sending(address: str, sent: bytes, status: int) -> None:
    """Reset by bytes that nobody reads, a connection may lose a response that was sent before."""
    async with wired(address) as wire:
        await wire.send(sent)
        assert (await wire.response()).status == status
        await wire.closed()

        for _ in range(10):
            await wire.send(b"z" * 100_000)


async def test_a_fault_behind_a_response_does_not_reset_it(address: str) -> None:
    async with wired(address) as wire:
        await wire.send(head(None, "Content-Encoding: gzip"), chunk(b"x"))
        assert (await wire.response()).status == 415
        await wire.send(b"?\r\n")
        await wire.closed()

        for _ in range(10):
            await wire.send(b"z" * 100_000)


async def test_who_was_refused_does_not_hold_up_the_end(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http_protocol.LINGER_SECONDS", 3_600)
    async with wired(server.address) as wire:
        await wire.send(posted(CHUNKED, body=b"?\r\n"))
        assert (await wire.response()).status == 400
        [connection] = server.state.connections

        connection.shutdown()

        await until(lambda: not server.state.connections)


async def test_who_was_refused_is_let_go_in_the_end(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http_protocol.LINGER_SECONDS", 0.05)
    async with wired(server.address) as wire:
        await until(lambda: bool(server.state.connections))
        await wire.send(posted(CHUNKED, body=b"?\r\n"))

        await until(lambda: not server.state.connections)


@pytest.mark.parametrize(
    ("fault", "status"),
    [(b"hello\r\n\r\n", 400), (head("many"), 400), (posted(CHUNKED, body=b"?\r\n"), 400)],
    ids=["a word", "a length", "a chunk"],
)
async def test_requests_before_a_fault_are_answered_before_it_is_told(
    server: Served, monkeypatch: pytest.MonkeyPatch, fault: bytes, status: int
) -> None:
    pause = hold(monkeypatch, type(server.service), "respond")
    async with wired(server.address) as wire:
        await wire.send(request(**ASK) + request(query="{ second: __typename }") + fault)
        await pause.reached.wait()
        pause.over.set()

        assert json.loads((await wire.response()).body) == RESPONSE
        assert json.loads((await wire.response()).body) == {"data": {"second": "Query"}}
        assert (await wire.response()).status == status
        assert await wire.rest() == b""


async def test_a_fault_behind_a_response_is_not_answered(address: str) -> None:
    """The response is there already: a second one would be taken for the next request's."""
    async with wired(address) as wire:
        await wire.send(head(None, "Content-Encoding: gzip"), chunk(b"x"))
        assert (await wire.response()).status == 415
        await wire.send(b"?\r\n" + request(**ASK))

        assert await wire.rest() == b""


async def test_a_body_is_waited_for_though_a_response_before_it_was_late(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what has its response already may not go on for long."""
    pause = hold(monkeypatch, type(server.service), "respond")
    async with wired(server.address) as wire:
        await until(lambda: bool(server.state.connections))
        [connection] = server.state.connections
        clock = clock_of(connection)
        await wire.send(request(**ASK) + posted(LENGTH, body=b""))
        await pause.reached.wait()
        pause.over.set()
        assert json.loads((await wire.response()).body) == RESPONSE
        clock.advance(2 * LINGER_SECONDS)
        await wire.send(ASKED)

        assert json.loads((await wire.response()).body) == RESPONSE


# Clients that offer HTTP/2

JAVA = """
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpRequest.*;

class Posts {
    public static void main(String[] arguments) throws Exception {
        var body = arguments[1];
        var bodies = new BodyPublisher[] {
            BodyPublishers.ofString(body),
            BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.getBytes())),
        };
        var client = HttpClient.newHttpClient();
        for (int number = 0; number < 6; number++) {
            var request = HttpRequest.newBuilder(URI.create(arguments[0]))
                .header("Content-Type", "application/json")
                .expectContinue(number > 3)
                .POST(bodies[number % 2])
                .build();
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.body());
        }
    }
}
"""
WRITTEN = json.dumps(RESPONSE, separators=(",", ":"))


async def run(program: str, *arguments: str, folder: Path) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}: Debian has it as {PACKAGES[program]}")
    return await asyncio.to_thread(output_of, [program, *arguments], folder=folder, timeout=240)


PACKAGES = {"curl": "curl", "java": "openjdk-17-jdk-headless"}


async def test_curl_is_answered_when_it_offers_http_2(address: str, tmp_path: Path) -> None:
    url = f"http://{address}/graphql"
    options = ["--silent", "--show-error", "--fail", "--http2", "--max-time", "60"]
    posting = ["--header", "Content-Type: application/json", "--data", ASKED.decode()]

    told = await run("curl", *options, *posting, url, url, folder=tmp_path)

    assert told == WRITTEN * 2


@pytest.mark.timeout(300)
async def test_java_is_answered_as_it_offers_http_2_by_default(
    server: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By requests of both framings, with and without an expectation, on one connection."""
    (tmp_path / "Posts.java").write_text(JAVA)
    connections = list[asyncio.BaseTransport]()
    connect = BoundedHttp.connection_made

    def connected(self: BoundedHttp, transport: asyncio.Transport) -> None:
        connections.append(transport)
        connect(self, transport)

    monkeypatch.setattr(BoundedHttp, "connection_made", connected)
    told = await run("java", "Posts.java", server.url, ASKED.decode(), folder=tmp_path)

    assert told.splitlines() == [f"200 {WRITTEN}"] * 6
    assert len(connections) == 1
