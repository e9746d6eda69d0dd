"""Responses that are written at once, and those that take uvicorn's `send` to be right."""

import asyncio
import gc
import json
import logging
from typing import Any

import pytest

from tests.http.conftest import Serve
from tests.support.http_cycles import QUERY, Asked
from tests.support.serving import Served
from tests.support.wire import Wire, chunk, head, request, wired

ASK = {"query": "{ __typename }"}
RESPONSE = {"data": {"__typename": "Query"}}
HEADERS = b"content-length: 2\r\nx: y\r\n"


def asking(first: str, *lines: str) -> bytes:
    given = (first, "Host: localhost", "Content-Type: application/json", *lines)
    return "\r\n".join([*given, f"Content-Length: {len(QUERY)}", "", ""]).encode() + QUERY


def test_a_response_is_written_at_once() -> None:
    asked = Asked()

    assert asked.http_cycle.send_response(200, HEADERS, b"{}")

    assert asked.sink.written == [
        b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-length: 2\r\nx: y\r\n\r\n{}"
    ]
    assert asked.cycle.response_complete
    assert asked.http_cycle.is_closed


def test_a_response_is_written_once() -> None:
    asked = Asked()
    asked.http_cycle.send_response(200, HEADERS, b"{}")

    assert not asked.http_cycle.send_response(200, HEADERS, b"{}")

    assert len(asked.sink.written) == 1


def test_nothing_is_written_to_a_client_that_reads_nothing() -> None:
    asked = Asked()
    asked.flow.pause_writing()

    assert not asked.http_cycle.send_response(200, HEADERS, b"{}")

    assert asked.sink.written == []
    assert not asked.http_cycle.is_closed


def test_nothing_is_written_to_a_client_that_is_gone() -> None:
    asked = Asked()
    asked.http_cycle.disconnect()

    assert not asked.http_cycle.send_response(200, HEADERS, b"{}")

    assert asked.sink.written == []


def test_a_body_is_taken_once_it_is_whole() -> None:
    asked = Asked()
    asked.cycle.more_body = True
    assert asked.http_cycle.complete_body() is None

    asked.cycle.more_body = False

    assert asked.http_cycle.complete_body() == bytearray(QUERY)
    assert asked.cycle.body == b""


async def test_responses_are_the_same_whether_written_or_sent(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wired(server.address) as wire:
        await wire.send(asking("POST /graphql HTTP/1.1", "X-Request-Id: 1"))
        written = await wire.response()
        monkeypatch.setattr("server.http_cycle.HttpCycle.send_response", lambda *_: False)
        await wire.send(asking("POST /graphql HTTP/1.1", "X-Request-Id: 1"))

        assert await wire.response() == written
    assert json.loads(written.body) == RESPONSE


@pytest.mark.parametrize(
    ("first", "lines"),
    [
        ("POST /graphql HTTP/1.1", ["Connection: close"]),
        ("POST /graphql HTTP/1.0", ["Connection: keep-alive"]),
        ("POST /graphql HTTP/1.0", []),
    ],
)
async def test_connections_that_end_with_the_response_end(
    serve: Serve, first: str, lines: list[str]
) -> None:
    server = await serve(require_authentication=False)
    async with wired(server.address) as wire:
        await wire.send(asking(first, *lines))
        response = await wire.response()

        assert json.loads(response.body) == RESPONSE
        assert response.headers["connection"] == "close"
        await wire.closed()


async def test_a_server_that_stops_answers_what_runs_and_closes_the_connection(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, over = asyncio.Event(), asyncio.Event()
    respond = type(server.service).respond

    async def slow(*arguments: Any) -> Any:
        began.set()
        await over.wait()
        return await respond(*arguments)

    monkeypatch.setattr(type(server.service), "respond", slow)
    async with wired(server.address) as wire:
        await wire.send(request(**ASK))
        await began.wait()
        server.let_go()
        over.set()
        response = await wire.response()

        assert json.loads(response.body) == RESPONSE
        assert response.headers["connection"] == "close"
        await wire.closed()


async def test_a_response_before_the_body_is_whole_leaves_the_rest_unread(server: Served) -> None:
    async with wired(server.address) as wire:
        await wire.send(head(None, "Content-Encoding: gzip"), chunk(b"x"))
        assert (await wire.response()).status == 415
        await wire.send(chunk(b"y"), chunk(b""), request(**ASK))

        assert json.loads((await wire.response()).body) == RESPONSE


async def test_a_request_leaves_nothing_to_the_collector(server: Served) -> None:
    async def left(wire: Wire) -> int:
        gc.collect()
        await wire.send(request(**ASK))
        await wire.response()
        await server.idle()
        return gc.collect()

    gc.disable()
    try:
        async with wired(server.address) as wire:
            # What other tests left, such as a thread that only ends now, is gone after a while.
            assert 0 in [await left(wire) for _ in range(3)]
    finally:
        gc.enable()


# Bugs

BUG = RuntimeError("the secret of the server")


@pytest.mark.parametrize("origin", [{}, {"Origin": "http://localhost"}], ids=["program", "page"])
async def test_an_error_that_nothing_expected_is_masked_and_logged(
    server: Served,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    origin: dict[str, str],
) -> None:
    def broken(*_: Any) -> Any:
        raise BUG

    monkeypatch.setattr("server.service.parse_and_validate", broken)
    response = await server.http.post(
        server.url, json=ASK, headers={"X-Request-Id": "mine"} | origin
    )

    assert response.status_code == 500
    assert response.headers["x-request-id"] == "mine"
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "mine" in error["message"]
    assert "secret" not in response.text
    assert is_logged(caplog)
    caplog.clear()


async def test_a_stream_that_fails_to_begin_is_masked_and_logged(
    server: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise BUG

    monkeypatch.setattr(type(server.service), "responses", broken)
    headers = {"X-Request-Id": "mine", "Accept": "text/event-stream"}
    response = await server.http.post(server.url, json=ASK, headers=headers)

    assert response.status_code == 500
    assert "mine" in response.json()["errors"][0]["message"]
    assert "secret" not in response.text
    assert is_logged(caplog)
    caplog.clear()


def is_logged(caplog: pytest.LogCaptureFixture) -> bool:
    return any(
        record.name == "aicmo.http"
        and record.levelno == logging.ERROR
        and "mine" in record.getMessage()
        and record.exc_info is not None
        and record.exc_info[1] is BUG
        for record in caplog.records
    )
