"""Children come back in position order, each to its parent."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import select

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.metadata import metadata
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import LATER, TypeUnderTest
from tests.support.commands import Commands


async def test_children_come_back_in_the_order_they_were_given_in(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    children = [parent.child(name, position=n) for n, name in enumerate("CAB")]

    saved = await parent.save(repositories, parent.with_children(parent.record("key"), *children))

    stored = await parent.load(repositories, "key")
    assert parent.children_of(saved) == parent.children_of(stored) == tuple(children)


async def test_children_come_back_by_position_however_they_were_shuffled(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    in_order = [parent.child(f"child {n}", position=n) for n in range(25)]
    shuffled = random.Random(1).sample(in_order, k=len(in_order))

    await parent.save(repositories, parent.with_children(parent.record("key"), *shuffled))

    assert parent.children_of(await parent.load(repositories, "key")) == tuple(in_order)


@pytest.mark.parametrize("positions", [[1], [0, 2], [0, 0], [-1, 0]])
async def test_children_have_the_positions_from_0_on(
    repositories: Repositories, parent: TypeUnderTest, positions: list[int]
) -> None:
    """Otherwise some of those before them would stay, beside those that are saved."""
    complete = parent.record("key")
    await parent.save(repositories, complete)
    children = [parent.child("child", position=position) for position in positions]

    with pytest.raises(ValueError, match="positions"):
        await parent.save(repositories, parent.with_children(complete, *children))

    assert await parent.load(repositories, "key") == complete


async def test_a_child_is_as_old_as_the_save_that_put_it_there(
    database: Database, parent: TypeUnderTest
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    record = parent.record("key")
    old = [parent.child(f"old {n}", position=n) for n in range(3)]
    new = [parent.child(f"new {n}", position=n) for n in range(2)]
    await parent.save(repositories, parent.with_children(record, *old))

    await parent.save(repositories, replace(parent.with_children(record, *new), updated_at=LATER))

    children = metadata.tables[parent.children_table].c
    async with database.readers.connect() as connection:
        times = await connection.execute(select(children.created_at))
    assert times.scalars().all() == [LATER, LATER]


async def test_commands_number_the_children_as_they_are_given(commands: Commands) -> None:
    plan = await commands.save_strategy_plan(
        build.save_plan(recommendations=[build.recommendation(c, position=7) for c in "CAB"])
    )
    campaign = await commands.save_campaign(
        build.save_campaign(tactics=[build.tactic(title, position=7) for title in "CAB"])
    )
    result = await commands.record_qc_result(
        build.record_result(issues=[build.issue(section, position=7) for section in "CAB"])
    )
    package = await commands.save_delivery_package(
        build.save_package(artifacts=[build.artifact(name, position=7) for name in "CAB"])
    )

    expected = [(0, "C"), (1, "A"), (2, "B")]
    assert [(item.position, item.channel) for item in plan.recommendations or ()] == expected
    assert [(item.position, item.title) for item in campaign.tactics or ()] == expected
    assert [(item.position, item.section) for item in result.issues or ()] == expected
    assert [(item.position, item.name) for item in package.artifacts or ()] == expected


async def test_five_hundred_children_come_back(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    children = [parent.child(f"child {n}", position=n) for n in range(500)]

    await parent.save(repositories, parent.with_children(parent.record("key"), *children))

    assert parent.children_of(await parent.load(repositories, "key")) == tuple(children)


async def test_children_read_together_come_to_their_own_parents(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    names = {"many": "CAB", "one": "D", "none": ""}
    children = {
        key: tuple(parent.child(name, position=n) for n, name in enumerate(names[key]))
        for key in names
    }
    await parent.save(
        repositories,
        *(parent.with_children(parent.record(key), *own) for key, own in children.items()),
    )

    async with repositories.read() as snapshot:
        found = await parent.load_children(snapshot, "none", "one", "absent", "many")

    assert found == {"many": children["many"], "one": children["one"]}
