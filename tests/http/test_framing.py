"""Where a request ends and the next one begins: RFC 9112, section 6.

A body is its request's, whatever stands before it, and is never read as a request of its own.
"""

import asyncio
import json

import pytest

from server.http_protocol import HEAD_BYTES, LINGER_SECONDS
from tests.http.conftest import Serve
from tests.support.clock import clock_of
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
from tests.support.pauses import hold
from tests.support.serving import Served, until
from tests.support.wire import chunk, head, request, wired

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
