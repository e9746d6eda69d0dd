"""Responses that are large: limited, made and sent in parts, held until they are read."""

import asyncio
import json
import tracemalloc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from socket import SO_RCVBUF, SO_SNDBUF, SOL_SOCKET
from typing import Any

import pytest

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.session import DatabaseSession
from repositories.unit_of_work import Storage, UnitOfWork
from server.settings import MEBIBYTE
from tests import builders as build
from tests.http.conftest import Serve
from tests.support.clock import clock_of
from tests.support.patience import SECONDS
from tests.support.serving import Served, until
from tests.support.sockets import connected, streamed
from tests.support.wire import request, wired

LIMIT = 16 * MEBIBYTE
BODY = "é\n" * 100_000
"""It has 300 kB, and 400 kB as JSON."""
DRAFTS = 10
WRITE_SECONDS = 0.2


def bodies(aliases: int) -> str:
    """A query for 4 MB for each alias."""
    members = " ".join(f"b{number}: body" for number in range(aliases))
    return f"{{ drafts(first: {DRAFTS}) {{ nodes {{ {members} }} }} }}"


WITHIN, BEYOND = bodies(3), bodies(7)


async def save_drafts(storage: Storage) -> None:
    async def save(unit: UnitOfWork) -> None:
        for number in range(DRAFTS):
            await unit.drafts.save(build.draft(f"draft-{number}", body=BODY))

        await unit.strategy_plans.save(build.plan("plan-1"))

    await storage.as_(build.caller()).write(save)


@pytest.fixture
async def large(serve: Serve, storage: Storage) -> Served:
    await save_drafts(storage)
    return await serve(storage, answer_bytes=LIMIT, pending_bytes=4 * LIMIT)


def texts_of(rows: Any) -> int:
    """How many characters all texts have."""
    if isinstance(rows, str):
        return len(rows)
    return sum(map(texts_of, rows)) if isinstance(rows, Sequence) else 0


def is_whole(data: Any, aliases: int = 3) -> bool:
    nodes = data["drafts"]["nodes"]
    return len(nodes) == DRAFTS and all(
        node[f"b{number}"] == BODY for node in nodes for number in range(aliases)
    )


def is_refused(response: Any) -> bool:
    [error] = response["errors"]
    return response["data"] is None and error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "answerBytes",
        "allowed": LIMIT,
    }


async def test_responses_within_the_limit_come_whole(large: Served) -> None:
    assert is_whole(await large.api.ask(WITHIN))


async def test_responses_beyond_the_limit_are_refused(large: Served) -> None:
    assert is_refused(await large.api.send(BEYOND))
    assert is_refused(await large.api.send(bodies(99)))


async def test_what_escapes_make_too_large_is_refused(large: Served) -> None:
    assert is_refused(await large.api.send(bodies(5)))


async def test_root_fields_count_together(large: Served) -> None:
    fields = " ".join(f"a{number}: drafts(first: 10) {{ nodes {{ body }} }}" for number in range(9))
    response = await large.api.send(f"{{ {fields} }}")
    codes = {error["extensions"]["code"] for error in response["errors"]}
    assert codes == {"LIMIT_EXCEEDED"}


async def test_what_is_within_other_objects_counts_alike(large: Served) -> None:
    plan = '{{ strategyPlan(strategyId: "plan-1") {{ drafts(first: {}) {{ {} }} }} }}'
    nodes = "a: nodes { a: body b: body } edges { cursor node { c: body } }"
    found = await large.api.ask(plan.format(DRAFTS, nodes))
    assert [edge["node"]["c"] for edge in found["strategyPlan"]["drafts"]["edges"]] == [BODY] * 10
    much = "b: nodes { a: body b: body c: body }"
    response = await large.api.send(plan.format(DRAFTS, f"{nodes} {much}"))
    assert response["errors"][0]["extensions"]["limit"] == "answerBytes"
    assert await large.api.ask(plan.format(DRAFTS // 2, f"{nodes} {much}"))


async def test_records_that_are_resolved_field_by_field_count_alike(large: Served) -> None:
    members = " ".join(f"b{number}: body" for number in range(6))
    query = f"{{ nodes(ids: $ids) {{ ... on Draft {{ {members} }} }} }}"
    found = await large.api.ask("{ drafts(first: 10) { nodes { id } } }")
    ids = [node["id"] for node in found["drafts"]["nodes"]]
    assert is_refused(await large.api.send(f"query Some($ids: [ID!]!) {query}", {"ids": ids}))


async def test_a_mutation_whose_response_is_too_large_says_so(large: Served) -> None:
    draft = {"draftId": "draft-0", "strategyId": "plan-1", "contentType": "a", "title": "b"}
    members = " ".join(f"b{number}: body" for number in range(50))
    response = await large.api.send(
        "mutation Save($input: SaveDraftInput!) {"
        f" saveDraft(input: $input) {{ draft {{ {members} }} errors {{ message }} }} }}",
        {"input": {**draft, "body": "x" * 500_000}},
    )
    assert is_refused(response)


async def test_streams_and_sockets_give_the_same(large: Served) -> None:
    async with streamed(large.http, large.url, WITHIN) as stream:
        event, response = await stream.next()
        assert event == "next"
        assert is_whole(response["data"])
        assert await stream.next() == ("complete", None)
    async with streamed(large.http, large.url, BEYOND) as stream:
        _, response = await stream.next()
        assert is_refused(response)
    async with connected(large.socket_url) as socket:
        await socket.subscribe("1", WITHIN)
        await socket.subscribe("2", WITHIN)
        messages = [await socket.next() for _ in range(4)]
        found = [message["payload"] for message in messages if message["type"] == "next"]
        assert [is_whole(response["data"]) for response in found] == [True, True]
        await socket.subscribe("3", BEYOND)
        assert is_refused((await socket.next())["payload"])


@pytest.fixture
async def full(serve: Serve) -> Served:
    """A server in memory that soon gives up on clients that read nothing."""
    server = await serve(answer_bytes=LIMIT, pending_bytes=2 * LIMIT, write_seconds=WRITE_SECONDS)
    await save_drafts(server.service.storage)
    return server


async def test_a_response_is_held_until_it_is_read(serve: Serve) -> None:
    room = 3 * LIMIT // 2  # for one that is made, but not beside one that waits
    server = await serve(answer_bytes=LIMIT, pending_bytes=room, write_seconds=SECONDS)
    await save_drafts(server.service.storage)
    async with wired(server.address) as wire:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await wire.send(request(query=WITHIN))
        await until(lambda: server.service.pending.in_use > 17_000_000)
        # What it was made from is given up before it's sent.
        await until(lambda: server.service.pending.in_use < 13_000_000)
        [error] = (await server.api.send(WITHIN))["errors"]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        assert await server.api.ask("{ __typename }") == {"__typename": "Query"}
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        response = await wire.response()
        assert is_whole(json.loads(response.body)["data"])
    await until(lambda: server.service.pending.in_use == 0)


@pytest.fixture
async def narrow(serve: Serve, database: Database) -> Served:
    """A server on a database, with room to read one large response at a time."""
    storage = create_storage(PersistenceMode.DB, database)
    await save_drafts(storage)
    return await serve(storage, answer_bytes=LIMIT, pending_bytes=4 * LIMIT)


async def test_large_responses_wait_for_room_before_they_are_read(
    narrow: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of more than a small response comes from the database that isn't held already."""
    pending, unheld = narrow.service.pending, 0
    rows = DatabaseSession.rows

    async def noted(session: DatabaseSession, *given: Any, **named: Any) -> Any:
        nonlocal unheld
        held = pending.in_use
        found = await rows(session, *given, **named)
        unheld = max(unheld, texts_of(found) - held)
        return found

    monkeypatch.setattr(DatabaseSession, "rows", noted)

    responses = await asyncio.gather(*(narrow.api.ask(WITHIN) for _ in range(6)))

    assert all(map(is_whole, responses))
    assert unheld < 256 * 1024


async def test_what_is_held_covers_all_texts_and_bytes_of_responses_that_nobody_reads(
    narrow: Served,
) -> None:
    """What the garbage collector doesn't see is counted where Python hands it out."""
    pending, most = narrow.service.pending, 0
    await narrow.api.ask(WITHIN)
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(wired(narrow.address)) for _ in range(4)]
        tracemalloc.start(1)
        try:
            before = tracemalloc.get_traced_memory()[0]
            for wire in wires:
                wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await wire.send(request(query=WITHIN))
            await until(lambda: pending.in_use > 0)
            async with asyncio.timeout(SECONDS):
                while not 4 * 12_000_000 < pending.in_use < 4 * 13_000_000:
                    beyond = tracemalloc.get_traced_memory()[0] - before - pending.in_use
                    most = max(most, beyond)
                    await asyncio.sleep(0)
            held = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert held <= pending.in_use + 4 * 1024 * 1024
        assert most <= 4 * 1024 * 1024
        for wire in wires:
            wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
            assert is_whole(json.loads((await wire.response()).body)["data"])
    await until(lambda: pending.in_use == 0)


async def test_who_does_not_read_is_closed(full: Served) -> None:
    async with wired(full.address) as wire:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await wire.send(request(query=WITHIN))
        await until(lambda: full.service.pending.in_use > 10_000_000)
        await until(lambda: full.service.pending.in_use == 0)
        await full.idle()


async def test_a_socket_that_does_not_read_is_closed(full: Served) -> None:
    async with connected(full.socket_url) as socket:
        await socket.subscribe("1", WITHIN)
        socket.connection.transport.pause_reading()
        await until(lambda: full.service.pending.in_use > 10_000_000)
        await until(lambda: full.service.pending.in_use == 0)
        await full.idle()


async def test_who_reads_slowly_is_served(full: Served) -> None:
    """All of it takes longer than the server waits for a client that reads nothing."""
    ready = await full.http.post(full.url, json={"query": "{ __typename }"})
    [connection] = full.state.connections
    clock = clock_of(connection)
    # The system takes little for either side, so that the server has to wait for the client.
    stream = ready.extensions["network_stream"]
    stream.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 64 * 1024)
    connection.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 64 * 1024)
    async with full.http.stream("POST", full.url, json={"query": WITHIN}) as response:
        body = b""
        async for part in response.aiter_raw(64 * 1024):
            body += part
            clock.advance(WRITE_SECONDS / 20)
            await asyncio.sleep(0)
    assert clock.time() > WRITE_SECONDS
    assert is_whole(json.loads(body)["data"])


async def test_others_have_their_turns_while_a_large_response_is_made(full: Served) -> None:
    asked = asyncio.create_task(full.api.send(WITHIN))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    assert is_whole(asked.result()["data"])
    assert turns > 12_000_000 / (256 * 1024)


async def test_an_address_has_so_many_connections(serve: Serve) -> None:
    server = await serve(client_connections=2)
    async with wired(server.address) as first, wired(server.address) as second:
        for wire in (first, second):
            await wire.send(request(query="{ __typename }"))
            assert (await wire.response()).status == 200
        async with wired(server.address) as third:
            response = await third.response()
            assert (response.status, response.code) == (503, "LIMIT_EXCEEDED")
            assert response.headers["retry-after"]
            await third.closed()
        second.writer.close()
        await until(lambda: len(server.state.connections) == 1)
        async with wired(server.address) as fourth:
            await fourth.send(request(query="{ __typename }"))
            assert (await fourth.response()).status == 200


async def test_sockets_count_as_connections_do(serve: Serve) -> None:
    server = await serve(client_connections=2)
    async with (
        connected(server.socket_url),
        connected(server.socket_url),
        wired(server.address) as third,
    ):
        assert (await third.response()).status == 503
    await until(lambda: not server.state.connections)
    assert await server.api.ask("{ __typename }")


async def test_trusted_proxies_have_as_many_connections_as_they_like(serve: Serve) -> None:
    server = await serve(client_connections=1, trusted_proxies="127.0.0.0/8")
    async with wired(server.address), wired(server.address) as second:
        await second.send(request(query="{ __typename }"))
        assert (await second.response()).status == 200
