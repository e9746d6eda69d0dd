"""Readers beside writers: what a response says together was true together."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests import inputs
from tests.schema.types_under_test import PACKAGE, PLAN, TypeUnderTest
from tests.support.graphql import InProcess, Json
from tests.support.tasks import elsewhere, together

CALLERS = 8
TURNS = 12


@pytest.fixture
def pool_size() -> int:
    """Enough for readers and writers to meet."""
    return 5


@dataclass(slots=True)
class Observed:
    """The states that readers saw: every whole one by its name, and the torn ones."""

    states: set[str] = field(default_factory=set)
    torn: list[Json] = field(default_factory=list)


async def beside_each_other(
    write: Callable[[int, int], Awaitable[object]], read: Callable[[], Awaitable[None]]
) -> None:
    """Each of several callers writes and reads in turn."""

    async def caller(number: int) -> None:
        for turn in range(TURNS):
            await write(number, turn)
            await read()

    await asyncio.gather(*(elsewhere(caller(number)) for number in range(CALLERS)))


async def test_a_package_never_has_the_artifacts_of_another_revision(api: InProcess) -> None:
    """Every save has a name of its own, which its package and each of its artifacts carry."""
    seen = Observed()

    async def write(caller: int, turn: int) -> None:
        count = (caller * 5 + turn * 3) % 11
        name = f"{caller}-{turn}-{count}"
        await PACKAGE.put(api, "key", draftId=name, artifacts=inputs.artifacts(*[name] * count))

    async def read() -> None:
        package = await PACKAGE.get(api, "key")
        assert package
        name = package["draftId"]
        whole = [name] * int(name.split("-")[-1])
        if [artifact["name"] for artifact in package["artifacts"]] == whole:
            seen.states.add(name)
        else:
            seen.torn.append(package)

    await beside_each_other(write, read)

    assert len(seen.torn) == 0, seen.torn[0]
    assert len(seen.states) > 3, "readers and writers did not meet"


async def test_a_total_belongs_to_the_items_beside_it(api: InProcess) -> None:
    """Writers put in and take out; pages of a hundred hold whatever there is."""
    seen = Observed()

    async def write(caller: int, turn: int) -> None:
        await PACKAGE.put(api, f"{caller}-{turn}")
        if turn % 3 == 2:
            await api.do("deleteDeliveryPackage", {"packageId": f"{caller}-{turn - 1}"})

    async def read() -> None:
        data = await api.ask(
            """{ deliveryPackages(first: 100) { nodes { packageId artifacts { name } }
              totalCount pageInfo { hasNextPage } } }"""
        )
        packages = data["deliveryPackages"]
        count = len(packages["nodes"])
        if packages["totalCount"] == count and all(
            len(package["artifacts"]) == 2 for package in packages["nodes"]
        ):
            seen.states.add(str(count))
        else:
            seen.torn.append(packages)

    await beside_each_other(write, read)

    assert len(seen.torn) == 0, seen.torn[0]
    assert len(seen.states) > 3, "readers and writers did not meet"


@pytest.mark.parametrize("entity_type", [PLAN, PACKAGE], ids=lambda entity_type: entity_type.name)
async def test_a_payload_has_the_children_that_were_just_saved(
    api: InProcess, entity_type: TypeUnderTest
) -> None:
    """However many save the same key at once, each is answered with what it sent."""
    assert entity_type.children
    torn: list[Json] = []
    revisions: list[int] = []

    async def save(number: int) -> None:
        children = [entity_type.child(str(number)) for _ in range(number % 8)]
        saved = await entity_type.put(api, "key", **{entity_type.children or "": children})
        revisions.append(saved["revision"])
        if saved[entity_type.children or ""] != entity_type.stored(children):
            torn.append(saved)

    assert await together(*map(save, range(32))) == [None] * 32

    assert len(torn) == 0, torn[0]
    assert sorted(revisions) == list(range(1, 33))
