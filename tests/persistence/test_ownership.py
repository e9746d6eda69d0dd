"""Every entity has the client of the brief that its references lead to, whatever was done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.entity import Owned
from domain.production import Draft
from repositories.criteria import Comparison, Direction, IsNull, Operator, Order, PageRequest
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.conftest import empty_database
from tests.persistence.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    EXPORT,
    FILE,
    IMPORT,
    PACKAGE,
    PLAN,
    RESULT,
    RUN,
    TYPES_UNDER_TEST,
    UPLOAD,
    TypeUnderTest,
)
from tests.support.history import as_of

OWNED = tuple(
    entity_type for entity_type in TYPES_UNDER_TEST if issubclass(entity_type.type.record, Owned)
)
CHAIN: Sequence[tuple[TypeUnderTest, Any]] = (
    (BRIEF, build.brief("brief", client_id="a")),
    (PLAN, build.plan("plan", brief_id="brief")),
    (CAMPAIGN, build.campaign("campaign", strategy_id="plan")),
    (DRAFT, build.draft("draft", strategy_id="plan", campaign_id="elsewhere")),
    (RESULT, build.result("result", draft_id="draft")),
    (PACKAGE, build.package("package", draft_id="draft")),
    (RUN, build.run("run", brief_id="brief", strategy_id="elsewhere")),
)
"""An entity of each type, all of them of client a."""


def of_chain(entity_type: TypeUnderTest) -> Any:
    [record] = (record for it, record in CHAIN if it is entity_type)
    return record


async def save_all(repositories: Repositories, *records: tuple[TypeUnderTest, Any]) -> None:
    for entity_type, record in records:
        await entity_type.save(repositories, record)


async def clients_of(repositories: Repositories) -> dict[str, str | None]:
    """By key, of all that is stored."""
    async with repositories.read() as snapshot:
        return {
            entity_type.key_of(record): record.client_id
            for entity_type in TYPES_UNDER_TEST
            for record in (await entity_type.reads_of(snapshot).page(PageRequest(100))).items
        }


async def revisions_of(repositories: Repositories) -> dict[str, int]:
    async with repositories.read() as snapshot:
        return {
            entity_type.key_of(record): record.revision
            for entity_type in TYPES_UNDER_TEST
            for record in (await entity_type.reads_of(snapshot).page(PageRequest(100))).items
        }


@pytest.mark.parametrize("is_reversed", [False, True], ids=["from the brief", "to the brief"])
async def test_all_that_leads_to_a_brief_has_its_client_in_whatever_order_it_was_saved(
    repositories: Repositories, is_reversed: bool
) -> None:
    await save_all(repositories, *(reversed(CHAIN) if is_reversed else CHAIN))

    assert await clients_of(repositories) == {
        entity_type.key_of(record): "a" for entity_type, record in CHAIN
    }


async def test_what_a_save_returns_has_the_client(repositories: Repositories) -> None:
    saved = [await entity_type.save(repositories, record) for entity_type, record in CHAIN]

    assert [record.client_id for record in saved] == ["a"] * len(CHAIN)


async def test_a_client_that_a_record_claims_to_have_counts_for_nothing(
    repositories: Repositories,
) -> None:
    await save_all(repositories, *CHAIN)

    for entity_type in OWNED:
        record = replace(of_chain(entity_type), client_id="b")
        assert (await entity_type.save(repositories, record)).client_id == "a"

    assert set((await clients_of(repositories)).values()) == {"a"}


async def test_what_leads_nowhere_has_no_client(repositories: Repositories) -> None:
    await save_all(repositories, *CHAIN[1:])

    assert set((await clients_of(repositories)).values()) == {None}


async def test_a_brief_of_another_client_takes_all_with_it(repositories: Repositories) -> None:
    await save_all(repositories, *CHAIN)

    await BRIEF.save(repositories, build.brief("brief", client_id="b"))

    assert set((await clients_of(repositories)).values()) == {"b"}


@pytest.mark.parametrize(
    ("entity_type", "left"),
    [
        (BRIEF, {"plan", "campaign", "draft", "result", "package", "run"}),
        (PLAN, {"campaign", "draft", "result", "package"}),
        (CAMPAIGN, set()),
        (DRAFT, {"result", "package"}),
        (RESULT, set()),
        (PACKAGE, set()),
        (RUN, set()),
    ],
    ids=lambda value: value.name if isinstance(value, TypeUnderTest) else "",
)
async def test_what_lost_its_way_has_no_client_until_that_is_there_again(
    repositories: Repositories, entity_type: TypeUnderTest, left: set[str]
) -> None:
    await save_all(repositories, *CHAIN)
    record = of_chain(entity_type)

    await entity_type.delete(repositories, entity_type.key_of(record))
    without = await clients_of(repositories)
    await entity_type.save(repositories, record)

    assert {key for key, client_id in without.items() if client_id is None} == left
    assert set((await clients_of(repositories)).values()) == {"a"}


async def test_a_draft_of_another_plan_takes_its_results_and_packages_with_it(
    repositories: Repositories,
) -> None:
    await save_all(
        repositories,
        *CHAIN,
        (BRIEF, build.brief("other brief", client_id="b")),
        (PLAN, build.plan("other plan", brief_id="other brief")),
    )

    await DRAFT.save(repositories, build.draft("draft", strategy_id="other plan"))

    clients = await clients_of(repositories)
    assert {key for key, client_id in clients.items() if client_id == "b"} == {
        "other brief",
        "other plan",
        "draft",
        "result",
        "package",
    }


async def test_who_gets_another_client_gets_neither_a_revision_nor_an_event(
    storage: Storage,
) -> None:
    repositories = storage.as_(build.caller())
    await save_all(repositories, *reversed(CHAIN))
    await BRIEF.save(repositories, build.brief("brief", client_id="b"))
    await storage.sequence_events()

    assert await revisions_of(repositories) == {
        entity_type.key_of(record): 1 + (entity_type is BRIEF) for entity_type, record in CHAIN
    }
    async with repositories.read() as snapshot:
        events = (await snapshot.events.page(0, 100)).items
    assert len(events) == len(CHAIN) + 1


async def test_events_have_the_client_of_their_time(storage: Storage) -> None:
    repositories = storage.as_(build.caller())
    draft = of_chain(DRAFT)
    await DRAFT.save(repositories, draft)
    await save_all(repositories, *CHAIN)
    await BRIEF.save(repositories, build.brief("brief", client_id="b"))
    await DRAFT.delete(repositories, "draft")
    await storage.sequence_events()

    async with repositories.read() as snapshot:
        events = (await snapshot.events.page(0, 100)).items
        before = await as_of(snapshot, Draft, "draft", revision=2)
    assert [event.client_id for event in events if event.entity_key == "draft"] == [None, "a", "b"]
    assert before is not None
    assert before.client_id == "a"


async def test_a_client_s_entities_are_found_by_it(repositories: Repositories) -> None:
    await save_all(
        repositories,
        *CHAIN,
        (PACKAGE, build.package("lost", draft_id="nowhere")),
        (BRIEF, build.brief("other brief", client_id="b")),
        (PLAN, build.plan("other plan", brief_id="other brief")),
    )
    of_a = Comparison("client_id", Operator.EQ, "a")

    async with repositories.read() as snapshot:
        for entity_type in OWNED:
            page = await entity_type.reads_of(snapshot).page(PageRequest(10, filter=of_a))
            assert [entity_type.key_of(it) for it in page.items] == [
                entity_type.key_of(of_chain(entity_type))
            ]
            assert await entity_type.reads_of(snapshot).count(of_a) == 1
        of_nobody = await snapshot.delivery_packages.page(
            PageRequest(10, filter=IsNull("client_id"))
        )
    assert [it.package_id for it in of_nobody.items] == ["lost"]


# Any sequence

KEYS = ("1", "2")
CLIENTS = ("a", "b")


@dataclass(frozen=True)
class Change:
    """A save of the entity, or its removal."""

    entity_type: TypeUnderTest
    key: str
    record: Any | None

    async def carry_out(self, unit: UnitOfWork) -> None:
        if self.record is None:
            await self.entity_type.of(unit).delete(self.key)
        else:
            await self.entity_type.of(unit).save(self.record)


_REFERENCES = {
    CAMPAIGN.name: "strategy_id",
    DRAFT.name: "strategy_id",
    PACKAGE.name: "draft_id",
    RUN.name: "brief_id",
}


def _record(entity_type: TypeUnderTest, key: str, reference: str, client_id: str) -> Any:
    if entity_type in (BRIEF, FILE, UPLOAD, IMPORT, EXPORT):
        return entity_type.record(key, client_id=client_id)
    if entity_type is PLAN:
        return build.plan(key, brief_id=f"{reference}", version=int(key))
    if entity_type is RESULT:
        # Its draft never changes, and has no other result.
        return build.result(key, draft_id=key)
    return entity_type.record(key, **{_REFERENCES[entity_type.name]: reference})


changes = st.builds(
    lambda entity_type, key, reference, client_id, is_kept: Change(
        entity_type, key, _record(entity_type, key, reference, client_id) if is_kept else None
    ),
    st.sampled_from(TYPES_UNDER_TEST),
    st.sampled_from(KEYS),
    st.sampled_from(KEYS),
    st.sampled_from(CLIENTS),
    st.sampled_from([True, True, True, False]),
)
units = st.lists(st.lists(changes, min_size=1, max_size=3), min_size=10, max_size=30)


class _Model:
    """What is stored, as plain records; whose it is is found by following references."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], Any] = {}

    def apply(self, change: Change) -> None:
        name = change.entity_type.type.name
        if change.record is None:
            self.stored.pop((name, change.key), None)
        else:
            self.stored[name, change.key] = change.record

    def allows(self, change: Change) -> bool:
        """A plan never moves to another brief."""
        before = self.stored.get((change.entity_type.type.name, change.key))
        if change.entity_type is not PLAN or change.record is None or before is None:
            return True
        return bool(before.brief_id == change.record.brief_id)

    def client_of(self, name: str, key: str) -> str | None:
        record = self.stored.get((name, key))
        if not isinstance(record, Owned):
            return record and record.client_id
        return self.client_of(record.owner.type_name, getattr(record, record.owner.attribute))

    def clients(self) -> dict[tuple[str, str], str | None]:
        return {(name, key): self.client_of(name, key) for name, key in self.stored}


async def _clients(repositories: Repositories) -> dict[tuple[str, str], str | None]:
    by_key = {name: Order(type_.key_name, Direction.ASC) for name, type_ in ENTITY_TYPES.items()}
    async with repositories.read() as snapshot:
        return {
            (entity_type.type.name, entity_type.key_of(record)): record.client_id
            for entity_type in TYPES_UNDER_TEST
            for record in (
                await entity_type.reads_of(snapshot).page(
                    PageRequest(100, by_key[entity_type.type.name])
                )
            ).items
        }


@pytest.fixture
def run(_storage: str | None) -> Iterator[Callable[[Callable[[Storage], Awaitable[None]]], None]]:
    """Runs a scenario on an empty storage, any number of times."""
    with asyncio.Runner() as runner:
        database = None if _storage is None else open_database(_storage)

        async def on_empty(scenario: Callable[[Storage], Awaitable[None]]) -> None:
            if database is None:
                await scenario(create_storage(PersistenceMode.INMEMORY))
                return
            await empty_database(database)
            await scenario(create_storage(PersistenceMode.DB, database))

        yield lambda scenario: runner.run(on_empty(scenario))
        if database is not None:
            runner.run(database.close())


@settings(max_examples=60, phases=[Phase.generate, Phase.shrink])
@given(units)
def test_after_any_sequence_of_units_of_work_everything_has_the_client_that_it_leads_to(
    run: Callable[[Callable[[Storage], Awaitable[None]]], None],
    units: Sequence[Sequence[Change]],
) -> None:
    async def scenario(storage: Storage) -> None:
        repositories = storage.as_(build.caller())
        model = _Model()
        for unit in units:
            allowed = []
            for change in unit:
                if model.allows(change):
                    model.apply(change)
                    allowed.append(change)

            async def work(unit: UnitOfWork, allowed: list[Change] = allowed) -> None:
                for change in allowed:
                    await change.carry_out(unit)

            await repositories.write(work)
            assert await _clients(repositories) == model.clients()

    run(scenario)
