"""Bulks at once, and beside single saves: no errors, no mixtures, and no deadlocks."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from domain.errors import RevisionConflict
from repositories import factory
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, DRAFT, PACKAGE, SAVED, TypeUnderTest
from tests.support.tasks import together

WRITERS = 16
KEYS = "abcdefghijkl"


def _records(entity_type: TypeUnderTest, writer: int, keys: Sequence[str]) -> list[Any]:
    records = [entity_type.record(key) for key in keys]
    if entity_type.children:
        children = [entity_type.child(f"{writer} {n}", position=n) for n in range(writer % 7)]
        return [entity_type.with_children(record, *children) for record in records]
    if entity_type is BRIEF:
        return [replace(record, target_audience=str(writer)) for record in records]
    return [replace(record, title=str(writer)) for record in records]


def _mark(entity_type: TypeUnderTest, record: Any) -> Any:
    if entity_type.children:
        return entity_type.children_of(record)
    return record.target_audience if entity_type is BRIEF else record.title


async def _save_many(
    repositories: Repositories, entity_type: TypeUnderTest, records: Sequence[Any]
) -> Any:
    revisions = [None for _ in records]
    return await repositories.write(lambda unit: entity_type.of(unit).save_many(records, revisions))


def _repositories_of(database: Database) -> Repositories:
    return create_storage(PersistenceMode.DB, database).as_(build.caller())


async def _require_wholes(
    repositories: Repositories, entity_type: TypeUnderTest, sent: Sequence[Sequence[Any]]
) -> None:
    """Each entity is one writer's, and was saved as often as it was sent."""
    for key in KEYS:
        of_key = [
            record for records in sent for record in records if entity_type.key_of(record) == key
        ]
        stored = await entity_type.load(repositories, key)
        assert stored.revision == len(of_key)
        assert _mark(entity_type, stored) in [_mark(entity_type, record) for record in of_key]


def _overlapping(entity_type: TypeUnderTest, seed: int) -> list[list[Any]]:
    random = Random(seed)
    return [
        _records(
            entity_type,
            writer,
            random.sample(KEYS, random.randrange(len(KEYS) // 2, len(KEYS) + 1)),
        )
        for writer in range(WRITERS)
    ]


@pytest.mark.parametrize("entity_type", SAVED, ids=lambda entity_type: entity_type.name)
async def test_bulks_of_the_same_keys_in_any_order_are_all_stored_whole(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    sent = [*_overlapping(entity_type, 1), _records(entity_type, 0, KEYS)]

    outcomes = await together(*(_save_many(repositories, entity_type, records) for records in sent))

    assert [it for it in outcomes if isinstance(it, BaseException)] == []
    await _require_wholes(repositories, entity_type, sent)


@pytest.mark.parametrize("entity_type", SAVED, ids=lambda entity_type: entity_type.name)
@pytest.mark.parametrize("seed", range(3))
async def test_bulks_of_several_processes_never_wait_for_each_other_in_a_circle(
    processes: tuple[Database, Database],
    entity_type: TypeUnderTest,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once all keys are there, nothing has to be repeated: a deadlock would have to be."""
    monkeypatch.setattr(factory, "MAX_ATTEMPTS", 1)
    several = [*map(_repositories_of, processes)]
    first = _records(entity_type, 0, KEYS)
    await _save_many(several[0], entity_type, first)
    sent = _overlapping(entity_type, seed)

    outcomes = await together(
        *(
            _save_many(several[writer % 2], entity_type, records)
            for writer, records in enumerate(sent)
        )
    )

    assert [it for it in outcomes if isinstance(it, BaseException)] == []
    await _require_wholes(several[0], entity_type, [first, *sent])


async def test_bulks_that_insert_the_same_keys_are_repeated_until_all_are_stored(
    processes: tuple[Database, Database],
) -> None:
    several = [*map(_repositories_of, processes)]
    sent = [*_overlapping(PACKAGE, 7), _records(PACKAGE, 0, KEYS)]

    outcomes = await together(
        *(_save_many(several[writer % 2], PACKAGE, records) for writer, records in enumerate(sent))
    )

    assert [it for it in outcomes if isinstance(it, BaseException)] == []
    await _require_wholes(several[0], PACKAGE, sent)


@pytest.mark.parametrize("entity_type", SAVED, ids=lambda entity_type: entity_type.name)
async def test_bulks_beside_single_saves_and_deletes_leave_wholes(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    async def delete(key: str) -> None:
        await entity_type.delete(repositories, key)

    works = []
    for writer in range(WRITERS):
        keys = Random(writer).sample(KEYS, 6)
        works.append(_save_many(repositories, entity_type, _records(entity_type, writer, keys)))
        works.append(entity_type.save(repositories, *_records(entity_type, writer, keys[:1])))
        works.append(delete(keys[1]))

    outcomes = await together(*works)

    assert [it for it in outcomes if isinstance(it, BaseException)] == []
    marks = [_mark(entity_type, _records(entity_type, writer, "a")[0]) for writer in range(WRITERS)]
    for key in KEYS:
        stored = await entity_type.load(repositories, key)
        assert stored is None or _mark(entity_type, stored) in marks


async def test_of_bulks_that_expect_the_same_revisions_each_row_is_stored_once(
    repositories: Repositories,
) -> None:
    async def save(writer: int) -> Any:
        records = _records(PACKAGE, writer, Random(writer).sample(KEYS, len(KEYS)))
        return await repositories.write(
            lambda unit: unit.delivery_packages.save_many(records, [0] * len(records))
        )

    outcomes = await together(*map(save, range(WRITERS)))

    rows = [row for rows in outcomes for row in rows]
    assert sum(not isinstance(row, RevisionConflict) for row in rows) == len(KEYS)
    assert {(row.expected, row.actual) for row in rows if isinstance(row, RevisionConflict)} == {
        (0, 1)
    }


async def _save_packages_and_their_drafts(
    several: Sequence[Repositories], plans: int
) -> Sequence[Any]:
    """Bulks of both at once; drafts go to so many plans, packages to whatever drafts."""

    async def owners(unit: UnitOfWork) -> None:
        for n in range(plans):
            await unit.briefs.save(build.brief(f"brief {n}", client_id=f"client {n}"))
            await unit.strategy_plans.save(build.plan(f"plan {n}", brief_id=f"brief {n}"))

    await several[0].write(owners)
    await _save_many(several[0], DRAFT, [build.draft(key, strategy_id="plan 0") for key in KEYS])
    await _save_many(several[0], PACKAGE, [build.package(key, draft_id=key) for key in KEYS])

    def bulk(writer: int) -> Any:
        random = Random(writer)
        keys = random.sample(KEYS, len(KEYS))
        if writer % 2:
            plan = f"plan {writer // 2 % plans}"
            return _save_many(
                several[0], DRAFT, [build.draft(key, strategy_id=plan) for key in keys]
            )
        packages = [build.package(key, draft_id=random.choice(KEYS)) for key in keys]
        return _save_many(several[1], PACKAGE, packages)

    return await together(*map(bulk, range(WRITERS)))


async def test_packages_and_their_drafts_are_saved_at_once_without_deadlocks(
    processes: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "MAX_ATTEMPTS", 1)

    outcomes = await _save_packages_and_their_drafts([*map(_repositories_of, processes)], 1)

    assert [it for it in outcomes if isinstance(it, BaseException)] == []


async def test_packages_saved_while_their_drafts_change_hands_have_the_clients_of_their_drafts(
    processes: tuple[Database, Database],
) -> None:
    several = [*map(_repositories_of, processes)]

    outcomes = await _save_packages_and_their_drafts(several, 2)

    assert [it for it in outcomes if isinstance(it, BaseException)] == []
    async with several[0].read() as snapshot:
        drafts = await snapshot.drafts.get_many(KEYS)
        packages = await snapshot.delivery_packages.get_many(KEYS)
    for package in packages.values():
        assert package.client_id == drafts[package.draft_id].client_id
