"""Saving under a key that exists replaces what is stored, whole."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from domain.entity import Owned
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import PACKAGE, TYPES_UNDER_TEST, TypeUnderTest
from tests.support.sources import START
from tests.support.statements import watched

HOUR = timedelta(hours=1)


async def test_the_latest_of_every_field_wins(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    first = entity_type.record("key")
    latest = replace(first, **entity_type.changed)
    await entity_type.save(repositories, first)

    saved = await entity_type.save(repositories, latest)

    assert saved == replace(latest, revision=2)
    assert await entity_type.load(repositories, "key") == replace(latest, revision=2)


def test_that_says_something_because_every_field_that_may_change_does(
    entity_type: TypeUnderTest,
) -> None:
    first = entity_type.record("key")
    second_key = {"strategy plan": "brief_id", "QC result": "draft_id"}
    stays = {
        entity_type.key_name,
        second_key.get(entity_type.name),
        "revision",
        "created_at",
        "updated_at",
    }
    if isinstance(first, Owned):
        stays.add("client_id")

    assert entity_type.changed.keys() == {field.name for field in fields(first)} - stays
    assert all(getattr(first, name) != value for name, value in entity_type.changed.items())


async def test_the_same_input_twice_leaves_one_entity_at_revision_2(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    record = entity_type.record("key")

    await entity_type.save(repositories, record)
    await entity_type.save(repositories, record)

    async with repositories.read() as snapshot:
        assert await entity_type.reads_of(snapshot).count(None) == 1
        assert await entity_type.load_many(snapshot, "key") == {"key": replace(record, revision=2)}


async def test_absent_replaces_what_was_there(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    bare = replace(entity_type.record("key"), **entity_type.bare)
    await entity_type.save(repositories, entity_type.record("key"))

    await entity_type.save(repositories, bare)

    assert await entity_type.load(repositories, "key") == replace(bare, revision=2)


async def test_revision_grows_by_one_with_every_save_whatever_the_record_says(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    record = entity_type.record("key", revision=40)

    revisions = [(await entity_type.save(repositories, record)).revision for _ in range(3)]

    assert revisions == [1, 2, 3]
    assert (await entity_type.load(repositories, "key")).revision == 3


async def test_two_saves_in_one_unit_of_work_are_two_revisions(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    first = entity_type.record("key")
    latest = replace(first, **entity_type.changed)

    await entity_type.save(repositories, first, latest)

    assert await entity_type.load(repositories, "key") == replace(latest, revision=2)


async def test_created_at_stays_and_updated_at_moves(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    saved = await entity_type.save(
        repositories, entity_type.record("key", created_at=START + HOUR, updated_at=START + HOUR)
    )

    stored = await entity_type.load(repositories, "key")
    assert (stored.created_at, stored.updated_at) == (START, START + HOUR)
    assert saved == stored


async def test_updated_at_does_not_go_back_when_the_clock_does(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    saved = await entity_type.save(repositories, entity_type.record("key", updated_at=START - HOUR))

    stored = await entity_type.load(repositories, "key")
    assert (stored.revision, stored.updated_at) == (2, START)
    assert saved == stored


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("after", [0, 1, 5])
async def test_children_are_those_of_the_latest_save(
    repositories: Repositories, parent: TypeUnderTest, before: int, after: int
) -> None:
    record = parent.record("key")
    old = [parent.child(f"old {n}", position=n) for n in range(before)]
    new = [parent.child(f"new {n}", position=n) for n in range(after)]
    await parent.save(repositories, parent.with_children(record, *old))

    await parent.save(repositories, parent.with_children(record, *new))

    assert parent.children_of(await parent.load(repositories, "key")) == tuple(new)


async def test_a_record_without_knowledge_of_its_children_leaves_them(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    complete = parent.record("key")
    await parent.save(repositories, complete)
    async with repositories.read() as snapshot:
        childless = await parent.reads_of(snapshot).get("key")

    assert childless is not None
    saved = await parent.save(repositories, childless)

    assert saved == replace(complete, revision=2)
    assert await parent.load(repositories, "key") == replace(complete, revision=2)


async def test_saving_one_entity_leaves_the_others(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    keys = ["key", "Key", "key ", "kéy", "ke\u0301y", "key%", "k_y", "😀", "\uff46"]
    others = {key: entity_type.record(key) for key in keys}
    await entity_type.save(repositories, *others.values())

    await entity_type.save(repositories, replace(others.pop("key"), **entity_type.changed))

    async with repositories.read() as snapshot:
        assert await entity_type.load_many(snapshot, *others) == others


async def test_entities_of_different_types_may_have_the_same_key(
    repositories: Repositories,
) -> None:
    for entity_type in TYPES_UNDER_TEST:
        await entity_type.save(repositories, entity_type.record("key"))

    assert [await entity_type.load(repositories, "key") for entity_type in TYPES_UNDER_TEST] == [
        entity_type.record("key") for entity_type in TYPES_UNDER_TEST
    ]


async def test_a_save_is_a_call_on_postgresql_and_some_statements_on_sqlite(
    database: Database, parent: TypeUnderTest
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    record = parent.record("key")
    other = parent.with_children(record, parent.child("other"))
    counts = []
    for each in (record, record, other):
        with watched(database) as seen:
            await parent.save(repositories, each)
        counts.append(len(seen))

    # The lineage of artifacts is that of the stored ones, or else what the draft is now.
    traced = [1, 1, 2] if parent is PACKAGE else [0, 0, 0]
    on_sqlite = [count + more for count, more in zip([5, 4, 5], traced, strict=True)]
    assert counts == (on_sqlite if database.is_sqlite else [1, 1, 1])
