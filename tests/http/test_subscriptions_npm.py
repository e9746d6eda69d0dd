"""Following a package with the clients that frontends use: npm's graphql-ws and graphql-sse."""

import json
from collections.abc import AsyncIterator, Iterator
from itertools import count

import httpx
import pytest

from tests.support.graphql import Json
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, OverHttp, running_server
from tests.tools import node_tools
from tests.tools.following import Follower, following

pytestmark = [
    pytest.mark.parametrize("client", ["ws_client.mjs", "sse_client.mjs"]),
]

PACKAGES = count(1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(IN_MEMORY, tmp_path_factory.mktemp("followed") / "log") as server:
        yield server.graphql_url


@pytest.fixture
async def api(url: str) -> AsyncIterator[OverHttp]:
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        yield OverHttp(http, url)


@pytest.fixture
def package() -> Json:
    """A package that nobody has seen yet."""
    artifact = {"name": "A guide", "url": "https://files.example/guide.pdf", "format": "pdf"}
    return {"packageId": f"package-{next(PACKAGES)}", "draftId": "d", "artifacts": [artifact]}


@pytest.fixture
async def follower(client: str, url: str, package: Json) -> AsyncIterator[Follower]:
    """The client, following the package."""
    tools = node_tools()
    async with following(client, url, package["packageId"], folder=tools.folder) as follower:
        yield follower


async def events_until_deleted(follower: Follower, first: str) -> list[Json]:
    events: list[Json] = [json.loads(first)]
    while events[-1]["kind"] != "DELETED":
        events.append(json.loads(await follower.next()))
    return events


async def test_what_happens_to_a_package_is_told_in_order(
    follower: Follower, api: OverHttp, package: Json
) -> None:
    first = await follower.first(api, package)
    await api.do("saveDeliveryPackage", package | {"artifacts": []})
    await api.do("deleteDeliveryPackage", {"packageId": package["packageId"]})

    *saved, deleted = await events_until_deleted(follower, first)

    assert saved[0]["packageId"] == package["packageId"]
    assert saved[0]["deliveryPackage"]["artifacts"] == [{"position": 0, "name": "A guide"}]
    assert {event["kind"] for event in saved} == {"SAVED"}
    assert deleted["packageId"] == package["packageId"]
    assert deleted["deliveryPackage"] is None


async def test_nothing_is_told_of_other_packages(
    follower: Follower, api: OverHttp, package: Json
) -> None:
    other = package | {"packageId": f"package-{next(PACKAGES)}"}
    first = await follower.first(api, package)
    await api.do("saveDeliveryPackage", other)
    for deleted in (other, package):
        await api.do("deleteDeliveryPackage", {"packageId": deleted["packageId"]})

    events = await events_until_deleted(follower, first)

    assert {event["packageId"] for event in events} == {package["packageId"]}


async def test_a_client_leaves_in_good_order(
    follower: Follower, api: OverHttp, package: Json
) -> None:
    await follower.first(api, package)

    assert await follower.leave() == 0


async def test_a_client_comes_back(client: str, url: str, api: OverHttp, package: Json) -> None:
    key, folder = package["packageId"], node_tools().folder
    for _ in range(2):
        async with following(client, url, key, "1", folder=folder) as follower:
            assert json.loads(await follower.first(api, package))["kind"] == "SAVED"
