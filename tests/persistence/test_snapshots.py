"""Everything read in one snapshot belongs to one moment, whoever writes meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from repositories.criteria import Direction, Order, PageRequest
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Snapshot, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, PACKAGE, PLAN, TYPES_UNDER_TEST, TypeUnderTest
from tests.support.pools import connections_in_use
from tests.support.tasks import elsewhere

BY_REVISION = PageRequest(10, order=Order("revision", Direction.ASC))


async def _everything(snapshot: Snapshot) -> Mapping[str, Any]:
    """By type: records with children, the count, and a page."""
    return {
        entity_type.name: (
            await entity_type.load_many(snapshot, "replaced", "removed", "new"),
            await entity_type.reads_of(snapshot).count(None),
            await entity_type.reads_of(snapshot).page(BY_REVISION),
        )
        for entity_type in TYPES_UNDER_TEST
    }


async def _change_everything(repositories: Repositories) -> None:
    for entity_type in TYPES_UNDER_TEST:
        await entity_type.save(
            repositories, replace(entity_type.record("replaced"), **entity_type.changed)
        )
        await entity_type.delete(repositories, "removed")
        await entity_type.save(repositories, entity_type.record("new"))


async def test_a_snapshot_stays_as_it_is_while_others_commit(repositories: Repositories) -> None:
    for entity_type in TYPES_UNDER_TEST:
        await entity_type.save(
            repositories, entity_type.record("replaced"), entity_type.record("removed")
        )

    async with repositories.read() as snapshot:
        before = await _everything(snapshot)
        await elsewhere(_change_everything(repositories))
        after = await _everything(snapshot)
    async with repositories.read() as snapshot:
        later = await _everything(snapshot)

    assert after == before
    assert later.keys() == before.keys()
    assert all(later[name] != before[name] for name in later)


@pytest.mark.parametrize("first_read", TYPES_UNDER_TEST, ids=lambda entity_type: entity_type.name)
async def test_whatever_is_read_first_fixes_the_moment_of_all_the_rest(
    repositories: Repositories, first_read: TypeUnderTest
) -> None:
    async with repositories.read() as snapshot:
        await first_read.reads_of(snapshot).count(None)
        await elsewhere(_change_everything(repositories))
        found = await _everything(snapshot)

    assert all(records == {} and count == 0 for records, count, _ in found.values())


async def test_children_belong_to_the_revision_of_their_parent(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    first = parent.record("key")
    await parent.save(repositories, first)

    async with repositories.read() as snapshot:
        found = await parent.reads_of(snapshot).get("key")
        await elsewhere(parent.save(repositories, replace(first, **parent.changed)))
        children = (await parent.load_children(snapshot, "key"))["key"]

    assert found is not None
    assert (found.revision, children) == (1, parent.children_of(first))


async def test_many_tasks_share_a_snapshot(repositories: Repositories) -> None:
    await PACKAGE.save(repositories, *(build.package(f"package {n}") for n in range(30)))

    async with repositories.read() as snapshot:
        found = await asyncio.gather(
            *(PACKAGE.load_many(snapshot, f"package {n}") for n in range(30)),
        )

    assert found == [{f"package {n}": build.package(f"package {n}")} for n in range(30)]


async def test_many_tasks_of_a_snapshot_hold_one_connection(database_url: str) -> None:
    database = open_database(database_url)
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())

    async with repositories.read() as snapshot:
        assert connections_in_use(database) == 0
        reads = [asyncio.create_task(snapshot.briefs.count(None)) for _ in range(10)]
        await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
        assert connections_in_use(database) == 1
        await asyncio.gather(*reads)
    in_use = connections_in_use(database)

    await database.close()
    assert in_use == 0


async def test_writes_of_one_unit_of_work_may_be_made_by_many_tasks(
    repositories: Repositories,
) -> None:
    async def work(unit: UnitOfWork) -> None:
        await asyncio.gather(
            *(unit.strategy_plans.save(build.plan(f"plan {n}")) for n in range(10)),
            *(unit.briefs.save(build.brief(f"brief {n}")) for n in range(10)),
        )

    await repositories.write(work)

    async with repositories.read() as snapshot:
        plans = await PLAN.load_many(snapshot, *(f"plan {n}" for n in range(10)))
        assert list(plans.values()) == [build.plan(key) for key in plans]
        assert (len(plans), await BRIEF.reads_of(snapshot).count(None)) == (10, 10)
