"""Whose entities are holds under races: of saves, moves and deletes, by several processes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import pytest

from domain.entity import Owned
from repositories.criteria import PageRequest
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.concurrency.conftest import until_waiting_or_done
from tests.persistence.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    PACKAGE,
    PLAN,
    RESULT,
    SAVED,
    TypeUnderTest,
)
from tests.support.tasks import elsewhere, together

Work = Callable[[UnitOfWork], Awaitable[Any]]

BEFORE = (
    (BRIEF, build.brief("brief", client_id="a")),
    (BRIEF, build.brief("other brief", client_id="b")),
    (PLAN, build.plan("plan", brief_id="brief")),
    (PLAN, build.plan("other plan", brief_id="other brief")),
    (DRAFT, build.draft("draft", strategy_id="plan")),
    (DRAFT, build.draft("lost draft", strategy_id="new plan")),
    (PACKAGE, build.package("package", draft_id="draft")),
    (PACKAGE, build.package("lost package", draft_id="new draft")),
)


def saves(entity_type: TypeUnderTest, record: Any) -> Work:
    return lambda unit: entity_type.of(unit).save(record)


def deletes(entity_type: TypeUnderTest, key: str) -> Work:
    return lambda unit: entity_type.of(unit).delete(key)


ABOVE = {
    "a brief gets another client": saves(BRIEF, build.brief("brief", client_id="b")),
    "a brief is deleted": deletes(BRIEF, "brief"),
    "a plan is deleted": deletes(PLAN, "plan"),
    "a plan is new": saves(PLAN, build.plan("new plan", brief_id="brief", version=4)),
    "a plan leads nowhere": saves(PLAN, build.plan("new plan", brief_id="new brief")),
    "a draft moves": saves(DRAFT, build.draft("draft", strategy_id="other plan")),
    "a draft is deleted": deletes(DRAFT, "draft"),
    "a draft is new": saves(DRAFT, build.draft("new draft", strategy_id="plan")),
}
BELOW = {
    "a draft is saved": saves(DRAFT, build.draft("draft", strategy_id="plan", title="Rye")),
    "a draft is added": saves(DRAFT, build.draft("added", strategy_id="plan")),
    "a draft is added to a new plan": saves(DRAFT, build.draft("added", strategy_id="new plan")),
    "a draft moves away": saves(DRAFT, build.draft("draft", strategy_id="other plan")),
    "a draft moves to a new plan": saves(DRAFT, build.draft("draft", strategy_id="new plan")),
    "a draft comes from elsewhere": saves(DRAFT, build.draft("lost draft", strategy_id="plan")),
    "a draft is removed": deletes(DRAFT, "draft"),
    "a package is added": saves(PACKAGE, build.package("added", draft_id="draft")),
    "a package is added to a new draft": saves(PACKAGE, build.package("n", draft_id="new draft")),
    "a package moves": saves(PACKAGE, build.package("package", draft_id="new draft")),
    "a package comes": saves(PACKAGE, build.package("lost package", draft_id="draft")),
    "a brief is new": saves(BRIEF, build.brief("new brief", client_id="b")),
}


def repositories_of(database: Database) -> Repositories:
    return create_storage(PersistenceMode.DB, database).as_(build.caller())


async def require_true_clients(repositories: Repositories) -> None:
    """All that is stored has the client that following its references leads to."""
    async with repositories.read() as snapshot:
        stored = {
            (entity_type.type.name, entity_type.key_of(record)): record
            for entity_type in SAVED
            for record in (await entity_type.reads_of(snapshot).page(PageRequest(1_000))).items
        }

    def client_of(name: str, key: str) -> str | None:
        record = stored.get((name, key))
        if not isinstance(record, Owned):
            return record and record.client_id
        return client_of(record.owner.type_name, getattr(record, record.owner.attribute))

    assert {name: record.client_id for name, record in stored.items()} == {
        name: client_of(*name) for name in stored
    }


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize("first", ["above", "below"])
async def test_nobody_keeps_a_client_that_its_owner_lost_meanwhile(
    processes: tuple[Database, Database], above: str, below: str, first: str
) -> None:
    earlier, later = (
        (ABOVE[above], BELOW[below]) if first == "above" else (BELOW[below], ABOVE[above])
    )
    one, other = map(repositories_of, processes)
    for entity_type, record in BEFORE:
        await entity_type.save(one, record)
    has_written, may_commit = asyncio.Event(), asyncio.Event()

    async def slowly(unit: UnitOfWork) -> None:
        await earlier(unit)
        has_written.set()
        await may_commit.wait()

    slow = elsewhere(one.write(slowly))
    written = asyncio.create_task(has_written.wait())
    await asyncio.wait([slow, written], return_when=asyncio.FIRST_COMPLETED)
    quick = elsewhere(other.write(later))
    await until_waiting_or_done(processes[0], quick)
    may_commit.set()
    await asyncio.gather(slow, quick)

    await require_true_clients(one)


def _random_change(random: Random) -> Work:
    entity_type = random.choice(SAVED)
    key, reference = random.choice("123"), random.choice("123")
    if random.random() < 0.2:
        return deletes(entity_type, key)
    if entity_type is BRIEF:
        return saves(entity_type, build.brief(key, client_id=random.choice("abc")))
    if entity_type is PLAN:
        return saves(entity_type, build.plan(key, brief_id=key))
    if entity_type is RESULT:
        return saves(entity_type, build.result(key, draft_id=key))
    attribute = "strategy_id" if entity_type in (CAMPAIGN, DRAFT) else "draft_id"
    return saves(entity_type, entity_type.record(key, **{attribute: reference}))


@pytest.mark.parametrize("seed", range(4))
async def test_many_writers_leave_all_with_the_clients_that_they_lead_to(
    repositories: Repositories, seed: int
) -> None:
    random = Random(seed)
    changes = [_random_change(random) for _ in range(200)]

    outcomes: Sequence[object] = await together(*(repositories.write(it) for it in changes))

    assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []
    await require_true_clients(repositories)
