"""Requests: their forms, their sizes, and how slowly they may arrive."""

import asyncio
import json
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from server.http_protocol import HEAD_SECONDS
from server.requests import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    RequestRefused,
    negotiate,
    parse_json,
    request_id_of,
)
from server.settings import Settings
from tests.http.conftest import Serve
from tests.support.clock import Clock, clock_of
from tests.support.pauses import hold
from tests.support.serving import Served, until
from tests.support.wire import Wire, chunk, head, request, wired

ASK = {"query": "{ __typename }"}
ASKED = json.dumps(ASK).encode()
RESPONSE = {"data": {"__typename": "Query"}}
LIMIT = 2_000
KEEP_ALIVE_SECONDS: int = Settings.model_fields["keep_alive_seconds"].default


# Bodies


async def test_a_body_in_chunks_is_read(server: Served) -> None:
    async with wired(server.address) as wire:
        await wire.send(head(), *(chunk(bytes([byte])) for byte in ASKED), chunk(b""))

        assert json.loads((await wire.response()).body) == RESPONSE


async def test_the_largest_body_is_read(serve: Serve) -> None:
    server = await serve(body_bytes=LIMIT)
    async with wired(server.address) as wire:
        await wire.send(head(LIMIT), ASKED.ljust(LIMIT))

        assert json.loads((await wire.response()).body) == RESPONSE


@pytest.mark.parametrize("length", [str(LIMIT + 1), "10000000000", "9" * 15])
async def test_a_body_that_is_announced_too_large_is_not_waited_for(
    serve: Serve, length: str
) -> None:
    server = await serve(body_bytes=LIMIT)
    async with wired(server.address) as wire:
        await wire.send(head(length))
        response = await wire.response()

        assert (response.status, response.code) == (413, "LIMIT_EXCEEDED")


async def test_a_body_that_is_announced_too_large_is_not_asked_for(serve: Serve) -> None:
    server = await serve(body_bytes=LIMIT)
    async with wired(server.address) as wire:
        await wire.send(head(LIMIT + 1, "Expect: 100-continue"))

        assert (await wire.response()).status == 413


async def test_a_body_that_turns_out_too_large_is_not_read_to_its_end(serve: Serve) -> None:
    server = await serve(body_bytes=LIMIT)
    async with wired(server.address) as wire:
        await wire.send(head(), chunk(b" " * LIMIT), chunk(b" "))
        response = await wire.response()

        assert (response.status, response.code) == (413, "LIMIT_EXCEEDED")


async def test_a_body_that_was_refused_may_be_sent_to_its_end(serve: Serve) -> None:
    """Many clients look at the response only then."""
    server = await serve(body_bytes=LIMIT)
    async with wired(server.address) as wire:
        await wire.send(head(10_000_000), *(b" " * 100_000 for _ in range(100)))
        assert (await wire.response()).status == 413
        await wire.send(request(**ASK))

        assert json.loads((await wire.response()).body) == RESPONSE
    assert server.service.pending.in_use == 0


async def test_a_body_that_was_refused_is_not_read_for_ever(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http_protocol.LINGER_SECONDS", 0.05)
    server = await serve(body_bytes=LIMIT)
    async with wired(server.address) as wire:
        await wire.send(head(LIMIT + 1))
        assert (await wire.response()).status == 413

        await wire.closed()


@pytest.mark.parametrize("length", [len(ASKED), None], ids=["announced", "in chunks"])
async def test_a_body_that_does_not_arrive_in_time_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, length: int | None
) -> None:
    monkeypatch.setattr("server.http_protocol.LINGER_SECONDS", 0.05)
    server = await serve(body_seconds=0.05)
    async with wired(server.address) as wire:
        await wire.send(head(length), ASKED[:3] if length else chunk(ASKED[:3]))
        response = await wire.response()

        assert (response.status, response.code) == (408, "LIMIT_EXCEEDED")
        await wire.closed()


async def test_only_a_body_that_is_not_there_yet_is_timed(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[float] = []

    def timeout(seconds: float) -> asyncio.Timeout:
        timed.append(seconds)
        return asyncio.timeout(seconds)

    monkeypatch.setattr("server.requests.asyncio", SimpleNamespace(timeout=timeout))
    async with wired(server.address) as wire:
        await wire.send(request(**ASK) + request(**ASK))
        for _ in range(2):
            assert json.loads((await wire.response()).body) == RESPONSE
        assert timed == []

        await wire.send(head(len(ASKED)))
        await until(lambda: timed != [])
        await wire.send(ASKED)
        assert json.loads((await wire.response()).body) == RESPONSE


async def test_a_body_that_never_arrives_whole_troubles_nobody(server: Served) -> None:
    async with wired(server.address) as wire:
        await wire.send(head(100), b'{"query"')
        await until(lambda: server.service.pending.in_use > 0)
    await server.idle()


async def test_requests_share_the_memory_for_requests(serve: Serve) -> None:
    server = await serve(pending_bytes=LIMIT)
    async with wired(server.address) as first, wired(server.address) as second:
        await first.send(head(LIMIT), ASKED.ljust(LIMIT - 1))
        await until(lambda: server.service.pending.in_use == LIMIT - 1)
        await second.send(request(**ASK))
        refused = await second.response()
        assert (refused.status, refused.code) == (503, "LIMIT_EXCEEDED")
        assert refused.headers["retry-after"] == "5"

        await first.send(b" ")
        assert json.loads((await first.response()).body) == RESPONSE
        await second.send(request(**ASK))
        assert json.loads((await second.response()).body) == RESPONSE
    assert server.service.pending.in_use == 0


async def test_requests_in_a_row_are_answered_in_a_row(server: Served) -> None:
    async with wired(server.address) as wire:
        await wire.send(*(request(query=f"{{ a{number}: __typename }}") for number in range(5)))

        responses = [json.loads((await wire.response()).body) for _ in range(5)]
        assert responses == [{"data": {f"a{number}": "Query"}} for number in range(5)]


# JSON

TOKENS = [
    *("{", "}", "[", "]", ",", ":", " ", "\n", "\x0b", "\ufeff", "//"),
    *('""', '"a"', '"\u00e9"', '"\\u00e9"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"'),
    *('"\t"', '"\x7f"', '"\\x"', '"\\u12"', '"', "'a'", '"1234567890123456789012"'),
    *("0", "-0", "-0.0", "01", "1.", ".5", "+1", "-", "1e5", "1E+5", "1e400", "-1e-400", "0.1"),
    *("3.141592653589793238462643383279", "5e-324", "2.4703282292062327208e-324"),
    *("1.7976931348623157e308", "9007199254740993", "9007199254740993.0", "0.30000000000000004"),
    *("999999999999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
    *("18446744073709551616", "1" * 19, "-" + "9" * 19, "9" * 25, "9" * 5_000),
    *("true", "false", "null", "True", "nul", "NaN", "Infinity", "-Infinity"),
]


def as_parsed(text: bytearray | str) -> str:
    """The parsed value with the types of all values in it; or the refusal."""
    try:
        return repr(parse_json("The body", text))
    except RequestRefused as refused:
        return f"{refused.status} {refused.code} {refused.message}"


def same_as_strictly_parsed(text: str) -> None:
    """Text is always parsed by Python's own parser; bytes by another one, where it's faster."""
    assert as_parsed(bytearray(text, "utf-8")) == as_parsed(text)


@pytest.mark.parametrize("token", TOKENS)
def test_what_is_parsed_fast_is_what_is_parsed_strictly(token: str) -> None:
    same_as_strictly_parsed(token)
    same_as_strictly_parsed(f' {{"a": [{token}, {{"b": {token}}}], "a": {token} }}\n')


@settings(max_examples=500)
@given(some.lists(some.sampled_from(TOKENS), max_size=8).map("".join))
def test_whatever_is_sent_is_parsed_strictly(text: str) -> None:
    same_as_strictly_parsed(text)


@settings(max_examples=500)
@given(
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
        lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    ),
    some.booleans(),
)
def test_values_are_parsed_as_they_were_meant(value: Any, is_ascii: bool) -> None:
    same_as_strictly_parsed(json.dumps(value, ensure_ascii=is_ascii))


# What stands before bodies


async def test_who_says_nothing_is_not_waited_for(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http_protocol.HEAD_SECONDS", 0.05)
    async with wired(server.address) as silent, wired(server.address) as slow:
        await slow.send(head(10)[:20])
        for wire in (silent, slow):
            response = await wire.response()
            assert (response.status, response.code) == (408, "BAD_USER_INPUT")
            await wire.closed()


async def test_who_says_nothing_more_is_not_waited_for(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wired(server.address) as wire:
        await wire.send(request(**ASK))
        await wire.response()
        monkeypatch.setattr("server.http_protocol.HEAD_SECONDS", 0.05)
        await wire.send(head(10)[:20])

        assert (await wire.response()).status == 408


async def test_only_a_head_that_does_not_come_whole_is_timed(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[float] = []
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def noted(seconds: float, *arguments: Any) -> asyncio.TimerHandle:
        timed.append(seconds)
        return call_later(seconds, *arguments)

    async with wired(server.address) as wire:
        await wire.send(request(**ASK))
        await wire.response()
        await wire.send(request(**ASK) + request(**ASK))
        with monkeypatch.context() as patch:
            patch.setattr(loop, "call_later", noted)
            await until(lambda: server.state.total_requests == 3)
        assert timed == []
        for _ in range(2):
            await wire.response()

        monkeypatch.setattr(loop, "call_later", noted)
        await wire.send(head(len(ASKED))[:20])
        await until(lambda: HEAD_SECONDS in timed)
        await wire.send(head(len(ASKED))[20:] + ASKED)
        assert json.loads((await wire.response()).body) == RESPONSE


async def idling(server: Served, wire: Wire) -> Clock:
    """One request is answered; the time that the next one may take to come stands still."""
    await until(lambda: bool(server.state.connections))
    [connection] = server.state.connections
    clock = clock_of(connection)
    await wire.send(request(**ASK))
    assert json.loads((await wire.response()).body) == RESPONSE
    return clock


async def test_who_asks_nothing_more_is_let_go(server: Served) -> None:
    async with wired(server.address) as wire:
        clock = await idling(server, wire)
        clock.advance(KEEP_ALIVE_SECONDS)

        await wire.closed()


async def test_who_asks_again_and_again_is_kept(server: Served) -> None:
    """Each response begins a new time to idle, though a timer of the last one still runs."""
    async with wired(server.address) as wire:
        clock = await idling(server, wire)
        for _ in range(5):
            clock.advance(KEEP_ALIVE_SECONDS - 1)
            await wire.send(request(**ASK))
            assert json.loads((await wire.response()).body) == RESPONSE
        clock.advance(KEEP_ALIVE_SECONDS)

        await wire.closed()


@pytest.mark.parametrize("begun_before", [0, 20], ids=["after", "before"])
async def test_who_is_still_answered_is_not_let_go(
    server: Served, monkeypatch: pytest.MonkeyPatch, begun_before: int
) -> None:
    """Though the request may have begun before the last one was answered."""
    sent = request(**ASK)
    async with wired(server.address) as wire:
        clock = await idling(server, wire)
        first = hold(monkeypatch, type(server.service), "respond")
        await wire.send(sent, sent[:begun_before])
        await first.reached.wait()
        second = hold(monkeypatch, type(server.service), "respond")
        first.over.set()
        assert json.loads((await wire.response()).body) == RESPONSE
        await wire.send(sent[begun_before:])
        await second.reached.wait()
        clock.advance(2 * KEEP_ALIVE_SECONDS)
        second.over.set()
        assert json.loads((await wire.response()).body) == RESPONSE

        clock.advance(KEEP_ALIVE_SECONDS)
        await wire.closed()


async def test_who_sends_but_empty_lines_is_let_go(server: Served) -> None:
    async with wired(server.address) as wire:
        clock = await idling(server, wire)
        connection: Any
        [connection] = server.state.connections
        await wire.send(b"\r\n" * 10)
        await until(lambda: connection._unread_bytes == 20)
        clock.advance(KEEP_ALIVE_SECONDS)

        await wire.closed()


async def test_empty_lines_are_no_way_to_be_waited_for(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http_protocol.HEAD_SECONDS", 0.05)
    async with wired(server.address) as wire:
        await wire.send(b"\r\n" * 10)

        assert (await wire.response()).status == 408


async def test_a_head_without_an_end_is_refused(server: Served) -> None:
    async with wired(server.address) as wire:
        await wire.send(head(10)[:-4])
        for number in range(70):
            await wire.send(b"\r\nX-%d: %s" % (number, b"x" * 1_000))
        response = await wire.response()

        assert (response.status, response.code) == (431, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        head("many"),
        head("-1"),
        head(10, "Transfer-Encoding: chunked"),
    ],
    ids=["a word", "TLS", "a version", "a length", "a negative length", "two lengths"],
)
async def test_what_is_not_http_is_refused(server: Served, sent: bytes) -> None:
    async with wired(server.address) as wire:
        await wire.send(sent)
        response = await wire.response()

        assert (response.status, response.code) == (400, "BAD_USER_INPUT")
        await wire.closed()


@pytest.mark.parametrize("hosts", ["", "Host: localhost\r\nHost: localhost\r\n"])
async def test_a_request_has_one_host(server: Served, hosts: str) -> None:
    async with wired(server.address) as wire:
        await wire.send(f"GET /graphql?query={{__typename}} HTTP/1.1\r\n{hosts}\r\n".encode())

        assert (await wire.response()).status == 400


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example.com", 200),
        ("API.EXAMPLE.COM:443", 200),
        ("a.b.internal", 200),
        ("internal", 400),
        ("evilinternal", 400),
        ("example.com", 400),
        ("api.example.com.evil.example", 400),
        ("localhost", 400),
        ("[::1", 400),
    ],
)
async def test_the_names_that_requests_may_be_sent_to(serve: Serve, host: str, status: int) -> None:
    server = await serve(
        allowed_hosts=("api.example.com", "*.internal"), require_authentication=False
    )
    response = await server.http.post(server.url, json=ASK, headers={"Host": host})

    assert response.status_code == status
    if status == 400:
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


# Headers


async def test_several_lines_of_a_header_are_one(server: Served) -> None:
    """So that nobody is understood by the first of them, and a proxy by the last."""
    lines = [("Content-Type", "application/json"), ("Content-Type", "text/plain")]
    response = await server.http.post(server.url, content=ASKED, headers=lines)

    assert response.status_code == 415


async def test_pages_and_programs_get_the_same_response(server: Served) -> None:
    program, page = [
        await server.http.post(server.url, json=ASK, headers={"X-Request-Id": "1"} | origin)
        for origin in ({}, {"Origin": f"http://{server.address}"})
    ]

    assert (program.status_code, program.content) == (page.status_code, page.content)
    for_pages = {"access-control-expose-headers", "date", "vary"}
    told, told_page = [
        {name: value for name, value in response.headers.items() if name not in for_pages}
        for response in (program, page)
    ]
    assert told == told_page


def test_ids_are_new_each_time() -> None:
    ids = {request_id_of({}) for _ in range(1_000)}

    assert len(ids) == 1_000
    assert {len(id) for id in ids} == {32}


# Accept


async def test_several_lines_say_what_is_accepted_together(server: Served) -> None:
    lines = [("Accept", "text/html;q=0.1"), ("Accept", GRAPHQL_RESPONSE)]
    response = await server.http.post(server.url, json=ASK, headers=lines)

    assert response.headers["content-type"] == f"{GRAPHQL_RESPONSE}; charset=utf-8"


async def test_who_accepts_nothing_in_particular_gets_json(server: Served) -> None:
    response = await server.http.post(server.url, json=ASK, headers={"Accept": ""})

    assert response.headers["content-type"] == f"{JSON}; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        "application/json;q=0",
        "application/json;q=nan",
        "application/json;q=-1",
        "application/json;q=2",
        "application/json;q=",
        "*/*;q=0",
        "application/json; charset=iso-8859-1",
        "text/html",
    ],
)
def test_what_is_not_wanted_is_not_sent(accept: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        negotiate(accept.encode())

    assert refused.value.status == 406


@settings(max_examples=200)
@given(
    some.lists(
        some.tuples(
            some.sampled_from([JSON, GRAPHQL_RESPONSE, EVENT_STREAM, "*/*", "application/*"])
            | some.text(),
            some.sampled_from(["", ";q=0", ";q=0.5", ";q=1", ";charset=utf-8"]) | some.text(),
        )
    ).map(lambda ranges: ",".join(name + parameters for name, parameters in ranges))
)
def test_whatever_is_accepted_something_is_decided(accept: str) -> None:
    with suppress(RequestRefused):
        accepted = negotiate(accept.encode())

        assert accepted.single in (JSON, GRAPHQL_RESPONSE, None)
        assert accepted.single or accepted.stream
