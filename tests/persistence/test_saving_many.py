"""Records that are saved together are saved as they would be one by one."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from domain.errors import DomainError, RevisionConflict
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import (
    BRIEF,
    DRAFT,
    EXPORT,
    FILE,
    IMPORT,
    PACKAGE,
    PLAN,
    RESULT,
    SAVED,
    UPLOAD,
    TypeUnderTest,
)
from tests.support.sources import CountedKeys, SettableClock
from tests.support.statements import watched

Expected = Sequence[int | None] | None


async def save_many(
    repositories: Repositories,
    entity_type: TypeUnderTest,
    records: Sequence[Any],
    expected: Expected = None,
) -> Sequence[Any]:
    revisions = [None for _ in records] if expected is None else expected
    return await repositories.write(lambda unit: entity_type.of(unit).save_many(records, revisions))


async def test_each_record_is_stored_and_given_as_it_is_stored_in_their_order(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    keys = ("b", "a", "ä", "c", "Z", "🎯")
    records = [entity_type.record(key) for key in keys]

    saved = await save_many(repositories, entity_type, records)

    assert saved == records
    for record in records:
        assert await entity_type.load(repositories, entity_type.key_of(record)) == record


async def test_stored_ones_are_replaced_and_others_added(
    repositories: Repositories, entity_type: TypeUnderTest, clock: SettableClock
) -> None:
    await entity_type.save(repositories, entity_type.record("a"))
    later = clock.move(hours=1)
    changed = replace(entity_type.record("a"), **entity_type.changed, updated_at=later)

    saved = await save_many(repositories, entity_type, [entity_type.record("b"), changed])

    assert saved == [entity_type.record("b"), replace(changed, revision=2)]
    assert await entity_type.load(repositories, "a") == replace(changed, revision=2)


async def test_a_refused_record_leaves_no_trace_and_the_others_are_saved(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("stored"))
    records = [
        replace(entity_type.record(key), **entity_type.changed) for key in ("absent", "stored")
    ]
    records += [entity_type.record("new"), entity_type.record("also new")]

    saved = await save_many(repositories, entity_type, records, [3, 0, None, 0])

    conflicts = [it for it in saved if isinstance(it, RevisionConflict)]
    assert [(it.expected, it.actual) for it in conflicts] == [(3, 0), (0, 1)]
    assert saved[2:] == records[2:]
    assert await entity_type.load(repositories, "absent") is None
    assert await entity_type.load(repositories, "stored") == entity_type.record("stored")
    assert await entity_type.load(repositories, "new") == entity_type.record("new")


async def test_of_no_records_nothing_is_saved(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    assert await save_many(repositories, entity_type, []) == []


async def test_when_all_are_refused_nothing_is_saved(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    [refused] = await save_many(repositories, entity_type, [entity_type.record("key")], [1])

    assert isinstance(refused, RevisionConflict)
    assert await entity_type.load(repositories, "key") is None


async def test_a_key_that_comes_twice_is_an_error(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    with pytest.raises(ValueError, match="different keys"):
        await save_many(
            repositories, entity_type, [entity_type.record("key"), entity_type.record("key")]
        )


async def test_a_record_without_its_children_is_an_error(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    record = replace(parent.record("key"), **{parent.children or "": None})

    with pytest.raises(ValueError, match="children"):
        await save_many(repositories, parent, [record])


async def test_children_get_into_the_order_of_their_positions(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    children = [parent.child(f"child {n}", position=n) for n in range(5)]
    ordered = parent.with_children(parent.record("key"), *children)

    [saved] = await save_many(
        repositories, parent, [parent.with_children(ordered, *reversed(children))]
    )

    assert saved == ordered
    assert await parent.load(repositories, "key") == ordered


# As one by one


def _random_record(random: Random, entity_type: TypeUnderTest, key: str) -> Any:
    record = entity_type.record(key)
    if random.random() < 0.5:
        record = replace(record, **entity_type.changed)
    if entity_type.children and random.random() < 0.7:
        names = [random.choice("abc") for _ in range(random.randrange(4))]
        children = [entity_type.child(name, position=n) for n, name in enumerate(names)]
        record = entity_type.with_children(record, *children)
    if entity_type is PLAN:
        return replace(record, brief_id=f"brief of {key}", version=1 + random.randrange(3))
    if entity_type is RESULT:
        # Another result of the draft takes the place of the one before.
        return replace(record, draft_id=f"draft of {key.rstrip('!')}")
    if entity_type in (BRIEF, FILE, UPLOAD, IMPORT, EXPORT):
        return replace(record, client_id=random.choice(("client-1", "client-2")))
    owner = "draft" if entity_type is PACKAGE else "plan"
    name = type(record).owner.attribute
    return replace(record, **{name: f"{owner}-{random.randrange(3)}"})


def _steps(random: Random, entity_type: TypeUnderTest) -> list[tuple[str, Any]]:
    """Bulks, and deletes between them."""
    steps: list[tuple[str, Any]] = []
    for _ in range(8):
        keys = random.sample("abcdefgh", random.randrange(1, 8))
        records = [_random_record(random, entity_type, key) for key in keys]
        expected = [random.choice((None, None, 0, 1, 2)) for _ in keys]
        steps.append(("save", (records, expected)))
        steps += [("delete", key) for key in random.sample("abcdefgh", 3)]
    return steps


async def _one_by_one(
    entity_type: TypeUnderTest,
    records: Sequence[Any],
    expected: Sequence[int | None],
    unit: UnitOfWork,
) -> Sequence[Any]:
    outcomes: dict[int, Any] = {}
    for n in sorted(range(len(records)), key=lambda n: entity_type.key_of(records[n])):
        try:
            outcomes[n] = await entity_type.of(unit).save(records[n], expected[n])
        except DomainError as error:
            outcomes[n] = error
    return [outcomes[n] for n in range(len(records))]


async def _all(repositories: Repositories, entity_type: TypeUnderTest) -> tuple[Any, Any]:
    """All entities, and the events of the type, without what sources make up."""
    async with repositories.read() as snapshot:
        entities = await entity_type.load_many(snapshot, *"abcdefgh")
        events = await snapshot.events.of_entities(
            entity_type.type.record.entity_type, "abcdefgh", 99
        )
    return entities, {
        key: [replace(event, position=None, event_id="") for event in found]
        for key, found in events.items()
        if found
    }


async def _owners(repositories: Repositories) -> None:
    """Owners of some of the records, of two clients."""

    async def save(unit: UnitOfWork) -> None:
        for n in range(2):
            await unit.briefs.save(build.brief(f"brief {n}", client_id=f"client-{n}"))
            await unit.strategy_plans.save(build.plan(f"plan-{n}", brief_id=f"brief {n}"))
            await unit.drafts.save(build.draft(f"draft-{n}", strategy_id=f"plan-{n}"))
            await unit.briefs.save(build.brief(f"brief of {'ab'[n]}", client_id=f"client-{n}"))
            await unit.drafts.save(build.draft(f"draft of {'ab'[n]}", strategy_id=f"plan-{n}"))

    await repositories.write(save)


def _told(outcome: Any) -> Any:
    return str(outcome) if isinstance(outcome, DomainError) else outcome


@pytest.mark.parametrize("seed", range(6))
async def test_bulks_leave_what_saves_one_by_one_leave_records_and_events(
    storage: Storage, entity_type: TypeUnderTest, clock: SettableClock, seed: int
) -> None:
    repositories = storage.as_(build.caller())
    model = create_storage(PersistenceMode.INMEMORY, clock=clock, new_key=CountedKeys()).as_(
        build.caller()
    )
    await _owners(repositories)
    await _owners(model)

    for step, given in _steps(Random(f"{entity_type.name} {seed}"), entity_type):
        clock.move(seconds=1)
        if step == "delete":
            assert await entity_type.delete(repositories, given) == await entity_type.delete(
                model, given
            )
            continue
        records, expected = given
        records = [replace(it, updated_at=clock(), created_at=clock()) for it in records]
        saved = await save_many(repositories, entity_type, records, expected)
        wanted = await model.write(partial(_one_by_one, entity_type, records, expected))
        assert [*map(_told, saved)] == [*map(_told, wanted)]
        assert await _all(repositories, entity_type) == await _all(model, entity_type)


async def test_what_new_owners_own_gets_their_clients(
    repositories: Repositories, storage: Storage
) -> None:
    await PACKAGE.save(repositories, build.package("package", draft_id="draft"))
    await BRIEF.save(repositories, build.brief("brief", client_id="client"))
    await save_many(repositories, PLAN, [build.plan("plan", brief_id="brief")])

    await save_many(
        repositories,
        DRAFT,
        [build.draft("draft", strategy_id="plan"), build.draft("other", strategy_id="none")],
    )

    package = await PACKAGE.load(repositories, "package")
    assert package.client_id == "client"


async def test_owners_that_get_another_client_pass_it_on(repositories: Repositories) -> None:
    briefs = [build.brief(key, client_id="before") for key in ("brief 1", "brief 2")]
    await save_many(repositories, BRIEF, briefs)
    plans = [build.plan(f"plan {n}", brief_id=f"brief {n}", version=1) for n in (1, 2)]
    await save_many(repositories, PLAN, plans)
    await DRAFT.save(repositories, build.draft("draft", strategy_id="plan 1"))

    await save_many(
        repositories,
        BRIEF,
        [replace(brief, client_id=f"client of {brief.brief_id}") for brief in briefs],
    )

    assert (await DRAFT.load(repositories, "draft")).client_id == "client of brief 1"
    assert (await PLAN.load(repositories, "plan 2")).client_id == "client of brief 2"


@pytest.mark.parametrize("entity_type", SAVED, ids=lambda entity_type: entity_type.name)
async def test_the_number_of_statements_does_not_depend_on_the_number_of_records(
    database: Database, entity_type: TypeUnderTest
) -> None:
    repositories = create_storage(PersistenceMode.DB, database).as_(build.caller())
    counts = []
    for count in (1, 40):
        with watched(database) as statements:
            for _ in range(2):
                records = [entity_type.record(f"{count} {n:02}") for n in range(count)]
                await save_many(repositories, entity_type, records)
        counts.append(len(statements))

    assert counts[0] == counts[1]
    if not database.is_sqlite:
        assert counts[0] == 2
