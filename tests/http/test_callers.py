"""Each transport hands its caller, with the id of the request, down to storage."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.callers import local_operator, system
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from server.app import create_app
from server.settings import load_settings
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json, mutation
from tests.support.recording import Recording
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, connected

TITLES = "{ drafts { nodes { title } } }"
ID = {"X-Request-Id": "mine"}
MINE = local_operator("mine")
STREAMS = ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"]


@pytest.fixture
def recording() -> Recording:
    return Recording(create_storage(PersistenceMode.INMEMORY))


@pytest.fixture
async def recorded(serve: Serve, recording: Recording) -> Served:
    return await serve(recording)


SAVE = {"query": mutation("saveDraft"), "variables": {"input": inputs.save_draft()}}


@pytest.mark.parametrize("body", [{"query": TITLES}, SAVE], ids=["query", "mutation"])
async def test_what_programs_post_is_the_operator_s(
    recorded: Served, recording: Recording, body: Any
) -> None:
    await recorded.http.post(recorded.url, json=body, headers=ID)

    assert recording.callers == [MINE]


async def test_what_pages_post_is_the_operator_s(recorded: Served, recording: Recording) -> None:
    headers = ID | {"Origin": f"http://{recorded.address}"}
    await recorded.http.post(recorded.url, json={"query": TITLES}, headers=headers)

    assert recording.callers == [MINE]


async def test_what_is_got_is_the_operator_s(recorded: Served, recording: Recording) -> None:
    await recorded.http.get(recorded.url, params={"query": TITLES}, headers=ID)

    assert recording.callers == [MINE]


async def test_a_request_without_an_id_has_the_one_of_its_response(
    recorded: Served, recording: Recording
) -> None:
    response = await recorded.http.post(recorded.url, json={"query": TITLES})

    assert recording.callers == [local_operator(response.headers["x-request-id"])]


@pytest.mark.parametrize("media_type", STREAMS)
async def test_a_query_that_is_streamed_is_the_operator_s(
    recorded: Served, recording: Recording, media_type: str
) -> None:
    headers = ID | {"Accept": media_type}
    await recorded.http.get(recorded.url, params={"query": TITLES}, headers=headers)

    assert recording.callers == [MINE]


@pytest.mark.parametrize("media_type", STREAMS)
async def test_each_event_of_a_stream_is_read_for_who_follows(
    recorded: Served, recording: Recording, media_type: str
) -> None:
    body = {"query": FOLLOW, "variables": {"key": "a"}}
    headers = ID | {"Accept": media_type}
    async with recorded.http.stream("POST", recorded.url, json=body, headers=headers) as stream:
        await until(lambda: recorded.watched == 1)
        await recorded.http.post(recorded.url, json=save_package("a"), headers=other(1))
        async for chunk in stream.aiter_text():
            if "SAVED" in chunk:
                break

    assert set(recording.callers) == {MINE, local_operator("other-1")}


async def test_each_operation_of_a_websocket_is_a_request_of_its_own(
    recorded: Served, recording: Recording
) -> None:
    async with connected(recorded.socket_url, headers=ID) as socket:
        for number in (1, 2):
            await socket.subscribe(str(number), TITLES)
            assert [message["type"] for message in await socket.rest(2)] == ["next", "complete"]

    first, second = recording.callers
    assert len({first.request_id, second.request_id, "mine"}) == 3
    for caller in (first, second):
        assert caller == local_operator(caller.request_id)


async def test_a_subscription_on_a_websocket_keeps_its_request_id(
    recorded: Served, recording: Recording
) -> None:
    async with connected(recorded.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="a")
        await until(lambda: recorded.watched == 1)
        for number in (1, 2):
            await recorded.http.post(recorded.url, json=save_package("a"), headers=other(number))
            assert (await socket.next())["type"] == "next"

    others = {local_operator(f"other-{number}") for number in (1, 2)}
    [follower] = set(recording.callers) - others
    assert recording.callers.count(follower) == 2


async def test_masked_errors_on_a_websocket_are_told_apart_by_request_ids(
    recorded: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("server.service.run", broken)
    told: list[str] = []
    async with connected(recorded.socket_url, headers=ID) as socket:
        for number in (1, 2):
            await socket.subscribe(str(number), TITLES)
            [error] = (await socket.next())["payload"]
            told.append(error["extensions"]["requestId"])
            assert told[-1] in error["message"]

    logged = [record.getMessage() for record in caplog.records if record.exc_info]
    assert len(set(told)) == 2
    assert "mine" not in told
    assert [id in line for id, line in zip(told, logged, strict=True)] == [True, True]
    caplog.clear()


async def test_what_is_seeded_in_memory_is_the_server_s(recording: Recording) -> None:
    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Storage]:
        yield recording

    settings = load_settings(persistence_mode=PersistenceMode.INMEMORY)
    app = create_app(settings, seed_memory=True, open_storage=opened)
    async with app.router.lifespan_context(app):
        [seeding] = recording.callers

    assert seeding == system("seed", seeding.request_id)
    assert seeding.request_id


def save_package(key: str) -> Json:
    given = inputs.save_package(packageId=key, artifacts=[])
    return {"query": mutation("saveDeliveryPackage"), "variables": {"input": given}}


def other(number: int) -> dict[str, str]:
    return {"X-Request-Id": f"other-{number}"}
