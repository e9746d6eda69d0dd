"""A save that expects a revision is done on that revision or not at all."""

from dataclasses import replace

import pytest

from domain.errors import RevisionConflict
from repositories.unit_of_work import Repositories, UnitOfWork
from tests.persistence.kinds import Kind


async def test_the_stored_revision_is_replaced(repositories: Repositories, kind: Kind) -> None:
    latest = replace(kind.record("key"), **kind.changed)
    await kind.save(repositories, kind.record("key"))

    await kind.save(repositories, latest, expected_revision=1)

    assert await kind.load(repositories, "key") == replace(latest, revision=2)


async def test_revision_0_is_one_that_is_not_stored(repositories: Repositories, kind: Kind) -> None:
    await kind.save(repositories, kind.record("key"), expected_revision=0)

    assert await kind.load(repositories, "key") == kind.record("key")


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_another_revision_is_refused(
    repositories: Repositories, kind: Kind, expected: int
) -> None:
    record = kind.record("key")
    await kind.save(repositories, record, record)

    with pytest.raises(RevisionConflict) as raised:
        await kind.save(repositories, replace(record, **kind.changed), expected_revision=expected)

    assert (raised.value.expected, raised.value.actual) == (expected, 2)
    assert await kind.load(repositories, "key") == replace(record, revision=2)


async def test_a_revision_of_what_is_not_stored_is_refused(
    repositories: Repositories, kind: Kind
) -> None:
    with pytest.raises(RevisionConflict) as raised:
        await kind.save(repositories, kind.record("key"), expected_revision=1)

    assert (raised.value.expected, raised.value.actual) == (1, 0)
    assert await kind.load(repositories, "key") is None


@pytest.mark.parametrize("stored", [True, False])
async def test_a_refused_save_leaves_no_trace_though_the_unit_of_work_goes_on(
    repositories: Repositories, kind: Kind, stored: bool
) -> None:
    before = kind.record("key") if stored else None
    if before:
        await kind.save(repositories, before)

    async def work(unit: UnitOfWork) -> None:
        changed = replace(kind.record("key"), **kind.changed)
        with pytest.raises(RevisionConflict):
            await kind.of(unit).save(changed, expected_revision=7)
        await kind.of(unit).save(kind.record("other"))

    await repositories.write(work)

    assert await kind.load(repositories, "key") == before
    assert await kind.load(repositories, "other") == kind.record("other")


async def test_a_deleted_entity_has_revision_0_again(
    repositories: Repositories, kind: Kind
) -> None:
    await kind.save(repositories, kind.record("key"))
    await kind.delete(repositories, "key")

    with pytest.raises(RevisionConflict) as raised:
        await kind.save(repositories, kind.record("key"), expected_revision=1)

    assert raised.value.actual == 0
