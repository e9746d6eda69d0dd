"""A save that expects a revision is done on that revision or not at all."""

from dataclasses import replace

import pytest

from domain.errors import RevisionConflict
from repositories.unit_of_work import Repositories, UnitOfWork
from tests.persistence.types_under_test import TypeUnderTest


async def test_the_stored_revision_is_replaced(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    latest = replace(entity_type.record("key"), **entity_type.changed)
    await entity_type.save(repositories, entity_type.record("key"))

    await entity_type.save(repositories, latest, expected_revision=1)

    assert await entity_type.load(repositories, "key") == replace(latest, revision=2)


async def test_revision_0_is_one_that_is_not_stored(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"), expected_revision=0)

    assert await entity_type.load(repositories, "key") == entity_type.record("key")


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_another_revision_is_refused(
    repositories: Repositories, entity_type: TypeUnderTest, expected: int
) -> None:
    record = entity_type.record("key")
    await entity_type.save(repositories, record, record)

    with pytest.raises(RevisionConflict) as raised:
        await entity_type.save(
            repositories, replace(record, **entity_type.changed), expected_revision=expected
        )

    assert (raised.value.expected, raised.value.actual) == (expected, 2)
    assert await entity_type.load(repositories, "key") == replace(record, revision=2)


async def test_a_revision_of_what_is_not_stored_is_refused(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    with pytest.raises(RevisionConflict) as raised:
        await entity_type.save(repositories, entity_type.record("key"), expected_revision=1)

    assert (raised.value.expected, raised.value.actual) == (1, 0)
    assert await entity_type.load(repositories, "key") is None


@pytest.mark.parametrize("stored", [True, False])
async def test_a_refused_save_leaves_no_trace_though_the_unit_of_work_goes_on(
    repositories: Repositories, entity_type: TypeUnderTest, stored: bool
) -> None:
    before = entity_type.record("key") if stored else None
    if before:
        await entity_type.save(repositories, before)

    async def work(unit: UnitOfWork) -> None:
        changed = replace(entity_type.record("key"), **entity_type.changed)
        with pytest.raises(RevisionConflict):
            await entity_type.of(unit).save(changed, expected_revision=7)
        await entity_type.of(unit).save(entity_type.record("other"))

    await repositories.write(work)

    assert await entity_type.load(repositories, "key") == before
    assert await entity_type.load(repositories, "other") == entity_type.record("other")


async def test_a_deleted_entity_has_revision_0_again(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))
    await entity_type.delete(repositories, "key")

    with pytest.raises(RevisionConflict) as raised:
        await entity_type.save(repositories, entity_type.record("key"), expected_revision=1)

    assert raised.value.actual == 0
