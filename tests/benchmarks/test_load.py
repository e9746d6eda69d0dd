"""The load generator, against servers that answer as a test tells them to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.load import Requests, check, load
from benchmarks.scenarios import Json, Scenario, WrongAnswer

Respond = Callable[[Json], tuple[int, Any]]


def scenario(check: Callable[[Json], None] = lambda data: None) -> Scenario:
    variables: tuple[Json, ...] = ({"number": 1}, {"number": 2}, {"number": 3})
    return Scenario("name", "title", "query Q { field }", variables, check)


@asynccontextmanager
async def responding(respond: Respond) -> AsyncIterator[str]:
    """The address of a server; `respond` gives status and JSON for the JSON of a request."""
    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (conversation := asyncio.current_task()) is not None:
            conversations.add(conversation)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split()[0])
                status, value = respond(json.loads(await reader.readexactly(length)))
                body = json.dumps(value, separators=(",", ":")).encode()
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                writer.write(body)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/graphql"
    await asyncio.gather(*conversations)


async def test_variables_are_sent_in_turn() -> None:
    sent: list[Json] = []

    def respond(request: Json) -> tuple[int, Any]:
        sent.append(request)
        return 200, {"data": {}}

    async with responding(respond) as address:
        requests = Requests(address, scenario())
        for _ in range(4):
            await check(requests)

    assert {request["query"] for request in sent} == {"query Q { field }"}
    assert [request["variables"]["number"] for request in sent] == [1, 2, 3, 1]


async def test_all_responses_are_counted() -> None:
    answered = 0

    def respond(_: Json) -> tuple[int, Any]:
        nonlocal answered
        answered += 1
        return 200, {"data": {}}

    async with responding(respond) as address:
        outcome = await load(Requests(address, scenario()), concurrency=4, seconds=0.1)

    assert len(outcome.latencies) == answered > 4
    assert 0.1 <= outcome.seconds < 1
    assert max(outcome.latencies) < outcome.seconds


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"data": {}}),
        (200, {"data": None, "errors": [{"message": "no"}]}),
        (200, {"data": {"save": {"errors": [{"message": "no"}]}}}),
    ],
    ids=["status", "top-level error", "error of a mutation"],
)
async def test_a_load_ends_at_a_wrong_response(status: int, body: Json) -> None:
    async with responding(lambda _: (status, body)) as address:
        with pytest.raises(WrongAnswer):
            await load(Requests(address, scenario()), concurrency=2, seconds=5)


async def test_a_response_without_what_the_scenario_wants_is_wrong() -> None:
    def never(data: Json) -> None:
        raise WrongAnswer(f"nothing in it: {data}")

    async with responding(lambda _: (200, {"data": {"field": 1}})) as address:
        with pytest.raises(WrongAnswer, match="nothing in it"):
            await check(Requests(address, scenario(never)))


async def test_a_server_that_goes_away_is_noticed() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(WrongAnswer, match="closed the connection"):
            await load(
                Requests(f"http://127.0.0.1:{port}/graphql", scenario()), concurrency=1, seconds=5
            )
