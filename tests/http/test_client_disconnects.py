"""The task of a request whose client goes away, or whose server ends."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from schema.execute import Response
from server.http import HttpEndpoint
from server.requests import HttpRequest
from tests.support.http_cycles import Asked
from tests.support.serving import Served, until
from tests.support.wire import request, wired

DONE = Response({"__typename": "Query"}, [])


class Work:
    """The work for the query; it may end as `done`, in spite of a cancellation."""

    def __init__(self, *, is_carried_through: bool = False) -> None:
        self.began = asyncio.Event()
        self.done = asyncio.Event()
        self.was_cancelled = False
        self._is_carried_through = is_carried_through

    async def __call__(self, *_: Any) -> Response:
        self.began.set()
        try:
            await self.done.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            if not self._is_carried_through:
                raise
            await self.done.wait()
        return DONE


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return to_do(monkeypatch, Work())


def to_do(monkeypatch: pytest.MonkeyPatch, work: Work) -> Work:
    monkeypatch.setattr("server.service.run", work)
    return work


async def ask(server: Served, asked: Asked) -> int:
    """The status of the response; afterwards nobody has cancelled this task, nor will."""
    task = asyncio.current_task()
    assert task is not None
    response = await HttpEndpoint(server.service).respond(HttpRequest(asked.scope, never))
    asked.http_cycle.disconnect()
    await asyncio.sleep(0)
    assert task.cancelling() == 0
    return response.status_code


async def never() -> Any:
    raise AssertionError("there is nothing to receive")


async def test_what_is_answered_takes_no_other_task(server: Served) -> None:
    before = asyncio.all_tasks()

    assert await ask(server, Asked()) == 200

    assert asyncio.all_tasks() == before


async def test_what_is_done_in_the_end_is_answered(server: Served, work: Work) -> None:
    asking = asyncio.create_task(ask(server, Asked()))
    await work.began.wait()

    work.done.set()

    assert await asking == 200
    assert not work.was_cancelled


async def test_who_leaves_has_the_work_cancelled(server: Served, work: Work) -> None:
    asked = Asked()
    asking = asyncio.create_task(ask(server, asked))
    await work.began.wait()

    asked.http_cycle.disconnect()

    assert await asking == 499
    assert work.was_cancelled


async def test_who_has_left_has_nothing_done(server: Served, work: Work) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    asked = Asked()
    asked.http_cycle.disconnect()

    response = await HttpEndpoint(server.service).respond(HttpRequest(asked.scope, receive))

    assert response.status_code == 400
    assert not work.began.is_set()


async def test_who_leaves_while_the_request_is_read_has_nothing_done(
    server: Served, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked()

    def parsed(*_: Any) -> Any:
        asked.http_cycle.disconnect()
        return {"query": "{ __typename }"}

    monkeypatch.setattr("server.requests.parse_json", parsed)

    assert await ask(server, asked) == 499
    assert not work.began.is_set()


async def test_who_leaves_cannot_stop_what_is_carried_through(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, work = Asked(), to_do(monkeypatch, Work(is_carried_through=True))
    asking = asyncio.create_task(ask(server, asked))
    await work.began.wait()

    asked.http_cycle.disconnect()
    await until(lambda: work.was_cancelled)
    work.done.set()

    assert await asking == 200


async def test_who_leaves_in_the_moment_of_the_response_does_no_harm(
    server: Served, work: Work
) -> None:
    asked = Asked()
    asking = asyncio.create_task(ask(server, asked))
    await work.began.wait()

    work.done.set()
    asked.http_cycle.disconnect()

    assert await asking in (200, 499)


async def test_a_server_that_ends_cancels_requests_for_good(server: Served, work: Work) -> None:
    asking = asyncio.create_task(ask(server, Asked()))
    await work.began.wait()

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize("bytes_more", [0, 100_000], ids=["small", "large"])
@pytest.mark.parametrize("origin", ["", "Origin: http://localhost\r\n"], ids=["program", "page"])
async def test_a_connection_that_is_lost_is_a_client_that_leaves(
    server: Served, work: Work, bytes_more: int, origin: str
) -> None:
    """However large its request: the server stops to read in the midst of large ones."""
    sent = request(query="{ __typename }" + " " * bytes_more)
    async with wired(server.address) as wire:
        await wire.send(sent.replace(b"\r\n", b"\r\n" + origin.encode(), 1))
        await work.began.wait()
        assert not work.was_cancelled
    await server.idle()

    assert work.was_cancelled


async def test_of_requests_in_a_row_the_one_that_is_answered_is_cancelled(
    server: Served, work: Work
) -> None:
    async with wired(server.address) as wire:
        await wire.send(request(query="{ a: __typename }") + request(query="{ b: __typename }"))
        await work.began.wait()
    await server.idle()

    assert work.was_cancelled
