"""Deleting removes an entity with its children, and nothing else."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.metadata import metadata
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.kinds import Kind
from tests.support.sources import START


async def test_a_deleted_entity_is_gone(repositories: Repositories, kind: Kind) -> None:
    await kind.save(repositories, kind.record("key"))

    was_there = await kind.delete(repositories, "key")

    assert was_there
    async with repositories.read() as snapshot:
        assert await kind.reads_of(snapshot).get("key") is None
        assert await kind.reads_of(snapshot).count(None) == 0


async def test_others_stay_with_their_children(repositories: Repositories, kind: Kind) -> None:
    await kind.save(repositories, kind.record("key"), kind.record("other"))

    await kind.delete(repositories, "key")

    assert await kind.load(repositories, "other") == kind.record("other")


async def test_deleting_what_is_not_there_changes_nothing(
    repositories: Repositories, kind: Kind
) -> None:
    await kind.save(repositories, kind.record("other"))

    assert not await kind.delete(repositories, "key")

    assert await kind.load(repositories, "other") == kind.record("other")


async def test_children_go_with_their_parent(repositories: Repositories, parent: Kind) -> None:
    await parent.save(repositories, parent.record("key"), parent.record("other"))

    await parent.delete(repositories, "key")

    async with repositories.read() as snapshot:
        assert set(await parent.load_children(snapshot, "key", "other")) == {"other"}


async def test_no_child_is_left_in_the_database(database: Database, parent: Kind) -> None:
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
    repositories: Repositories, kind: Kind
) -> None:
    later = START + timedelta(hours=1)
    again = replace(kind.record("key"), **kind.changed, created_at=later, updated_at=later)
    await kind.save(repositories, kind.record("key"), kind.record("key"))
    await kind.delete(repositories, "key")

    saved = await kind.save(repositories, again)

    assert saved == replace(again, revision=3)
    assert await kind.load(repositories, "key") == replace(again, revision=3)


async def test_saved_again_without_children_it_has_none_of_the_old_ones(
    repositories: Repositories, parent: Kind
) -> None:
    childless = replace(parent.record("key"), **{parent.children or "": None})
    await parent.save(repositories, parent.record("key"))
    await parent.delete(repositories, "key")

    await parent.save(repositories, childless)

    assert parent.children_of(await parent.load(repositories, "key")) == ()


async def test_deleted_and_saved_in_one_unit_of_work_it_is_a_new_entity(
    repositories: Repositories, kind: Kind
) -> None:
    record = kind.record("key")
    await kind.save(repositories, record, record)

    async def work(unit: UnitOfWork) -> None:
        await kind.of(unit).delete("key")
        await kind.of(unit).save(record)

    await repositories.write(work)

    assert await kind.load(repositories, "key") == replace(record, revision=3)
