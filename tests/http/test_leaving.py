"""What becomes of a request whose client goes away, or whose server ends, seen from its task."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from schema.execute import Response
from server.http import HttpEndpoint
from tests.support.serving import Served, until

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/graphql",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}
DONE = Response({"__typename": "Query"}, [])


class Client:
    """Sends a query, and then nothing until it `leaves`."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.is_watched = asyncio.Event()
        self.told: list[Message] = []
        self._has_asked = False

    async def receive(self) -> Message:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b'{"query": "{ __typename }"}'}
        self.is_watched.set()
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.told.append(message)


class Work:
    """What there is to do for the query; it may be told `done`, in spite of a cancellation."""

    def __init__(self, *, is_carried_through: bool = False) -> None:
        self.done = asyncio.Event()
        self.was_cancelled = False
        self._is_carried_through = is_carried_through

    async def __call__(self, *_: Any) -> Response:
        try:
            await self.done.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            if not self._is_carried_through:
                raise
            await self.done.wait()
        return DONE


async def ask(server: Served, client: Client) -> int:
    """The status of the answer; afterwards nobody has cancelled this task."""
    await HttpEndpoint(server.service)(dict(SCOPE), client.receive, client.send)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    status: int = client.told[0]["status"]
    return status


async def test_what_is_answered_at_once_takes_no_task_and_no_look_at_its_client(
    server: Served,
) -> None:
    client = Client()
    before = asyncio.all_tasks()

    assert await ask(server, client) == 200

    assert asyncio.all_tasks() == before
    assert not client.is_watched.is_set()


async def test_what_is_done_in_the_end_is_answered(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, work = Client(), Work()
    monkeypatch.setattr("server.service.run", work)
    asking = asyncio.create_task(ask(server, client))
    await client.is_watched.wait()

    work.done.set()

    assert await asking == 200
    assert not work.was_cancelled


async def test_who_leaves_has_the_work_cancelled(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, work = Client(), Work()
    monkeypatch.setattr("server.service.run", work)
    asking = asyncio.create_task(ask(server, client))
    await client.is_watched.wait()

    client.leaves.set()

    assert await asking == 499
    assert work.was_cancelled


async def test_who_leaves_cannot_stop_what_is_carried_through(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, work = Client(), Work(is_carried_through=True)
    monkeypatch.setattr("server.service.run", work)
    asking = asyncio.create_task(ask(server, client))
    await client.is_watched.wait()

    client.leaves.set()
    await until(lambda: work.was_cancelled)
    work.done.set()

    assert await asking == 200


async def test_who_leaves_in_the_moment_of_the_answer_does_no_harm(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, work = Client(), Work()
    monkeypatch.setattr("server.service.run", work)
    asking = asyncio.create_task(ask(server, client))
    await client.is_watched.wait()

    work.done.set()
    client.leaves.set()

    assert await asking in (200, 499)


async def test_a_server_that_ends_cancels_requests_for_good(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, work = Client(), Work()
    monkeypatch.setattr("server.service.run", work)
    asking = asyncio.create_task(ask(server, client))
    await client.is_watched.wait()

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert client.told == []
