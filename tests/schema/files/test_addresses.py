"""Addresses of files are signed, each for the time that was asked for."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from files.memory import MemoryStore
from schema.context import Context
from schema.encoding import encode
from schema.execute import ExecutableOperation, GraphQLRequest, Subscription, parse_and_validate
from tests import builders as build
from tests.support.graphql import InProcess
from tests.support.patience import SECONDS
from tests.support.uploading import of_file, packing, require_signed, uploaded

# Addresses


async def test_an_address_is_valid_as_long_as_was_asked_for(
    api: InProcess, store: MemoryStore
) -> None:
    file = await uploaded(api, store)

    found = await api.ask(
        """query($id: ID!, $seconds: Int) { file(fileId: $id) {
          short: url(expiresIn: 60)
          usual: url
          given: url(expiresIn: $seconds)
        } }""",
        id=file["fileId"],
        seconds=3_600,
    )

    ends = {name: require_signed(url, file) for name, url in found["file"].items()}
    assert abs(ends["usual"] - ends["short"] - 240) <= 1
    assert abs(ends["given"] - ends["short"] - 3_540) <= 1


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
async def test_no_address_is_valid_for_longer_than_a_day(
    api: InProcess, store: MemoryStore, seconds: int
) -> None:
    file = await uploaded(api, store)
    query = "query($id: ID!, $s: Int) { file(fileId: $id) { name url(expiresIn: $s) } }"

    error = await api.fail(query, id=file["fileId"], s=seconds)

    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"] == f"expiresIn: must be from 1 to 86,400, not {seconds}."
    assert error["path"] == ["file", "url"]


# Following


async def test_who_follows_a_package_gets_addresses_of_its_own(
    api: InProcess, store: MemoryStore
) -> None:
    """Equal subscriptions share responses, but not those that reach the server elsewhere."""
    file = await uploaded(api, store)
    query = """subscription { deliveryPackageChanged(packageId: "package-1") {
      deliveryPackage { artifacts { url file { url } } }
    } }"""
    prepared = parse_and_validate(api.schema, GraphQLRequest(query))
    assert isinstance(prepared, ExecutableOperation)
    bases = ("https://a.example", "https://b.example/below")

    def contexts(base: str) -> Callable[[], Context]:
        return lambda: Context(api.storage, build.caller(), api.uploads, lambda: base)

    async def first(base: str, has_begun: asyncio.Event) -> Any:
        async with Subscription(api.schema, prepared, contexts(base)) as responses:
            has_begun.set()
            async with asyncio.timeout(SECONDS):
                return (await anext(aiter(responses))).as_json()

    begun = [asyncio.Event() for _ in bases]
    following = [
        asyncio.create_task(first(base, event)) for base, event in zip(bases, begun, strict=True)
    ]
    for event in begun:
        await event.wait()
    await api.do("saveDeliveryPackage", packing(of_file(file)))
    await api.storage.sequence_events()
    sent = json.loads(encode(await asyncio.gather(*following)))
    await api.storage.feed.close()

    for base, response in zip(bases, sent, strict=True):
        [artifact] = response["data"]["deliveryPackageChanged"]["deliveryPackage"]["artifacts"]
        assert artifact["url"] == f"{base}/files/{file['fileId']}"
        assert artifact["file"]["url"].startswith(f"{base}/files/{file['fileId']}/")
