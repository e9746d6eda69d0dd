"""Upgrades, taken and ignored: RFC 9110, section 7.8.

The body behind an upgrade that is ignored is never read as a request of its own.
"""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from server.http_protocol import BoundedHttp
from tests.support.framing import (
    ASK,
    ASKED,
    CHUNKED,
    LENGTH,
    RESPONSE,
    in_chunks,
    posted,
    responses_to_both,
)
from tests.support.processes import output_of
from tests.support.serving import Served
from tests.support.wire import head, request, wired

WEBSOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
)
H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")


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
