"""Deleting removes an entity with its children, and nothing else."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.metadata import metadata
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import TypeUnderTest
from tests.support.sources import START


async def test_a_deleted_entity_is_gone(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    was_there = await entity_type.delete(repositories, "key")

    assert was_there
    async with repositories.read() as snapshot:
        assert await entity_type.reads_of(snapshot).get("key") is None
        assert await entity_type.reads_of(snapshot).count(None) == 0


async def test_others_stay_with_their_children(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"), entity_type.record("other"))

    await entity_type.delete(repositories, "key")

    assert await entity_type.load(repositories, "other") == entity_type.record("other")


async def test_deleting_what_is_not_there_changes_nothing(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("other"))

    assert not await entity_type.delete(repositories, "key")

    assert await entity_type.load(repositories, "other") == entity_type.record("other")


async def test_children_go_with_their_parent(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    await parent.save(repositories, parent.record("key"), parent.record("other"))

    await parent.delete(repositories, "key")

    async with repositories.read() as snapshot:
        assert set(await parent.load_children(snapshot, "key", "other")) == {"other"}


async def test_no_child_is_left_in_the_database(database: Database, parent: TypeUnderTest) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    number_of_children = select(func.count()).select_from(metadata.tables[parent.children_table])
    await parent.save(repositories, parent.record("key"))

    async with database.readers.connect() as connection:
        before = await connection.scalar(number_of_children)
    await parent.delete(repositories, "key")
    async with database.readers.connect() as connection:
        after = await connection.scalar(number_of_children)

    assert (before, after) == (len(parent.children_of(parent.record("key"))), 0)


async def test_saved_again_it_is_a_new_entity_and_its_revision_goes_on(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    later = START + timedelta(hours=1)
    again = replace(
        entity_type.record("key"), **entity_type.changed, created_at=later, updated_at=later
    )
    await entity_type.save(repositories, entity_type.record("key"), entity_type.record("key"))
    await entity_type.delete(repositories, "key")

    saved = await entity_type.save(repositories, again)

    assert saved == replace(again, revision=3)
    assert await entity_type.load(repositories, "key") == replace(again, revision=3)


async def test_saved_again_without_children_it_has_none_of_the_old_ones(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    childless = replace(parent.record("key"), **{parent.children or "": None})
    await parent.save(repositories, parent.record("key"))
    await parent.delete(repositories, "key")

    await parent.save(repositories, childless)

    assert parent.children_of(await parent.load(repositories, "key")) == ()


async def test_deleted_and_saved_in_one_unit_of_work_it_is_a_new_entity(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    record = entity_type.record("key")
    await entity_type.save(repositories, record, record)

    async def work(unit: UnitOfWork) -> None:
        await entity_type.of(unit).delete("key")
        await entity_type.of(unit).save(record)

    await repositories.write(work)

    assert await entity_type.load(repositories, "key") == replace(record, revision=3)
