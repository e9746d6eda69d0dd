"""Readers beside writers: what they read together belongs together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from repositories.criteria import PageRequest
from repositories.unit_of_work import Repositories, Snapshot, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import (
    CAMPAIGN,
    PACKAGE,
    PARENTS,
    PLAN,
    RESULT,
    RUN,
    TypeUnderTest,
)
from tests.support.tasks import elsewhere

SAVES = 25
WRITERS = 4
READERS = 4

MARKED_FIELD = {
    PLAN.name: "executive_summary",
    CAMPAIGN.name: "name",
    PACKAGE.name: "draft_id",
    RUN.name: "workflow",
}


def _marked(entity_type: TypeUnderTest, mark: int) -> Any:
    """A record of which every child, and how many there are, shows who wrote it."""
    children = [entity_type.child(f"{mark} {n}", position=n) for n in range(mark % 11)]
    field, value = (
        ("score", mark / 1_000)
        if entity_type is RESULT
        else (MARKED_FIELD[entity_type.name], str(mark))
    )
    return entity_type.with_children(entity_type.record("key", **{field: value}), *children)


def _mark_of(entity_type: TypeUnderTest, record: Any) -> int:
    if entity_type is RESULT:
        return round(float(record.score) * 1_000)
    return int(getattr(record, MARKED_FIELD[entity_type.name]))


@pytest.mark.parametrize("entity_type", PARENTS, ids=lambda entity_type: entity_type.name)
async def test_no_revision_is_seen_with_the_children_of_another(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, _marked(entity_type, 0))

    async def write(writer: int) -> None:
        for number in range(SAVES):
            await entity_type.save(repositories, _marked(entity_type, writer * SAVES + number))

    async def read(snapshot: Snapshot) -> bool:
        """Read as a query does: the parent, and by further statements its children and its page."""
        parent = await entity_type.reads_of(snapshot).get("key")
        assert parent is not None
        mark = _mark_of(entity_type, parent)
        await asyncio.sleep(0)
        children = (await entity_type.load_children(snapshot, "key")).get("key", ())
        page = await entity_type.reads_of(snapshot).page(PageRequest(5))
        return children == entity_type.children_of(_marked(entity_type, mark)) and page.items == (
            parent,
        )

    seen = await _read_while(repositories, [write(writer) for writer in range(WRITERS)], read)

    assert len(seen) > READERS
    assert seen.count(False) == 0
    assert (await entity_type.load(repositories, "key")).revision == 1 + WRITERS * SAVES


async def test_what_one_unit_of_work_wrote_is_seen_whole_or_not_at_all(
    repositories: Repositories,
) -> None:
    async def write(writer: int) -> None:
        for number in range(SAVES):
            mark = f"{writer} {number}"

            async def work(unit: UnitOfWork, mark: str = mark) -> None:
                await unit.drafts.save(build.draft("key", title=mark))
                await unit.campaigns.save(build.campaign("key", name=mark))

            await repositories.write(work)

    async def read(snapshot: Snapshot) -> bool:
        draft = await snapshot.drafts.get("key")
        await asyncio.sleep(0)
        campaign = await snapshot.campaigns.get("key")
        if draft is None or campaign is None:
            return (draft, campaign) == (None, None)
        return (draft.title, draft.revision) == (campaign.name, campaign.revision)

    seen = await _read_while(repositories, [write(writer) for writer in range(WRITERS)], read)

    assert seen.count(False) == 0


async def test_the_number_of_rows_is_that_of_the_pages(repositories: Repositories) -> None:
    async def write(writer: int) -> None:
        for number in range(SAVES):
            key = f"{writer} {number % 3}"
            if number % 2:
                await PACKAGE.delete(repositories, key)
            else:
                await PACKAGE.save(repositories, build.package(key))

    async def read(snapshot: Snapshot) -> bool:
        packages = snapshot.delivery_packages
        total = await packages.count(None)
        await asyncio.sleep(0)
        page = await packages.page(PageRequest(100))
        by_draft = await packages.pages_by_draft_id(["draft-1"], PageRequest(100))
        counts = await packages.counts_by_draft_id(["draft-1"], None)
        return total == len(page.items) == counts["draft-1"] and by_draft["draft-1"] == page

    seen = await _read_while(repositories, [write(writer) for writer in range(WRITERS)], read)

    assert seen.count(False) == 0


async def _read_while(
    repositories: Repositories,
    writers: list[Any],
    read: Callable[[Snapshot], Awaitable[bool]],
) -> list[bool]:
    """The states that readers saw, in one snapshot after the other, until all writers ended."""
    writing = asyncio.gather(*map(elsewhere, writers))
    seen: list[bool] = []

    async def read_on() -> None:
        while not writing.done():
            async with repositories.read() as snapshot:
                seen.append(await read(snapshot))
            await asyncio.sleep(0)

    readers = [elsewhere(read_on()) for _ in range(READERS)]
    await writing
    await asyncio.gather(*readers)
    return seen
