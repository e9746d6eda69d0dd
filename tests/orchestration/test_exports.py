"""Entities become lines of a file, and an import of that file gives the same entities."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.entity import Entity
from domain.errors import NotAllowed, ValidationFailed
from domain.json_object import JsonObject
from domain.onboarding import submitted
from domain.scopes import ALL_SCOPES, Scope
from domain.strategy import ApprovalState
from domain.transfers import CancelExport, Export, TransferEntity, TransferStatus
from files.memory import MemoryStore
from orchestration import exports as exports_module
from repositories.criteria import PageRequest
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.transfers.commands import ENTITIES, cancel_export
from schema.root import CompiledSchema, create_schema
from tests import builders as build
from tests.conftest import close_database, empty_database, open_emptied
from tests.support.graphql import InProcess
from tests.support.sources import START, SettableClock
from tests.support.transfers import (
    OPERATOR,
    MovedClock,
    add_file,
    export,
    export_of,
    import_of,
    jsonl,
    result_of,
    server,
    start,
)


class System:
    """A storage, a store, and a server that carries out exports."""

    def __init__(self, storage: Storage, clock: SettableClock) -> None:
        self.storage = storage
        self.clock = clock
        self.store = MemoryStore(clock=clock)
        self.server = server(storage, self.store, MovedClock())

    async def change(self, work: Any) -> Any:
        return await self.storage.as_(OPERATOR).write(work)

    async def save_drafts(self, count: int, **changes: Any) -> None:
        async def work(unit: UnitOfWork) -> None:
            drafts = [build.draft(f"draft-{number:04}", **changes) for number in range(count)]
            for at in range(0, count, 100):
                some = drafts[at : at + 100]
                await unit.drafts.save_many(some, [None for _ in some])

        await self.change(work)

    async def exported(self, entity: TransferEntity, **changes: Any) -> Export:
        return await self.done(await export(self.storage, entity, **changes))

    async def done(self, started: Export) -> Export:
        await self.server.settle()
        return await export_of(self.storage, started.export_id)

    async def lines(self, stored: Export) -> list[dict[str, Any]]:
        return await result_of(self.storage, self.store, stored)


@pytest.fixture
def system(storage: Storage, clock: SettableClock) -> System:
    return System(storage, clock)


async def test_each_entity_is_a_line_in_the_order_of_keys(system: System) -> None:
    await system.save_drafts(450)

    done = await system.exported(TransferEntity.DRAFT)

    assert (done.status, done.row_count, done.last_key) == (
        TransferStatus.SUCCEEDED,
        450,
        "draft-0449",
    )
    lines = await system.lines(done)
    assert [line["draftId"] for line in lines] == [f"draft-{n:04}" for n in range(450)]
    assert lines[0] == {
        "draftId": "draft-0000",
        "strategyId": "plan-1",
        "campaignId": "campaign-1",
        "contentType": build.draft().content_type,
        "title": build.draft().title,
        "body": build.draft().body,
        "metadata": build.draft().metadata.to_python(),
    }


async def test_entities_that_are_too_large_to_be_read_together_are_read_one_by_one(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_module, "MAX_PAGE_SIZE", 1_500)
    monkeypatch.setattr(exports_module, "MAX_CHUNK_SIZE", 500)
    await system.save_drafts(15, body="x" * 1_000)

    done = await system.exported(TransferEntity.DRAFT)

    assert [line["draftId"] for line in await system.lines(done)] == [
        f"draft-{n:04}" for n in range(15)
    ]


async def test_nothing_is_exported_to_an_empty_file(system: System) -> None:
    done = await system.exported(TransferEntity.DRAFT)

    assert (done.status, done.row_count, await system.lines(done)) == (
        TransferStatus.SUCCEEDED,
        0,
        [],
    )


async def test_only_what_matches_is_exported(system: System) -> None:
    await system.save_drafts(20)

    done = await system.exported(
        TransferEntity.DRAFT, filter={"draftId": {"in": ["draft-0003", "draft-0007", "another"]}}
    )

    assert [line["draftId"] for line in await system.lines(done)] == ["draft-0003", "draft-0007"]


@pytest.fixture
def schema() -> CompiledSchema:
    return create_schema()


@pytest.mark.parametrize(
    ("filter", "path"),
    [
        ({"colour": {"eq": "red"}}, ["filter", "colour"]),
        ({"title": {"eq": 1}}, ["filter", "title", "eq"]),
        ({"createdAt": {"gt": "today"}}, ["filter", "createdAt", "gt"]),
        ({"or": [{"title": {"eq": "a"}}] * 201}, ["filter"]),
    ],
)
async def test_a_wrong_filter_is_refused_by_its_field(
    schema: CompiledSchema, storage: Storage, filter: Any, path: list[str]
) -> None:
    api = InProcess(schema, storage)

    [error] = (
        await api.ask(
            """mutation ($filter: JSON!) {
              startExport(input: { entity: DRAFT, filter: $filter }) {
                export { exportId } errors { code path }
              }
            }""",
            filter=filter,
        )
    )["startExport"]["errors"]

    assert error == {"code": "VALIDATION", "path": path}


async def test_an_export_has_what_its_caller_sees_of_the_client_that_it_names(
    system: System,
) -> None:
    async def store(unit: UnitOfWork) -> None:
        for key in ("a", "b"):
            await unit.briefs.save(build.brief(key, client_id=key))

    await system.change(store)
    a = build.caller(clients=frozenset({"a"}))

    with pytest.raises(ValidationFailed):
        await export(system.storage, TransferEntity.BRIEF, caller=a)
    with pytest.raises(ValidationFailed):
        await export(system.storage, TransferEntity.BRIEF, caller=a, client_id="b")
    by_a = await system.exported(TransferEntity.BRIEF, caller=a, client_id="a")
    of_b = await system.exported(TransferEntity.BRIEF, client_id="b")
    of_all = await system.exported(TransferEntity.BRIEF)

    assert [line["briefId"] for line in await system.lines(by_a)] == ["a"]
    assert [line["briefId"] for line in await system.lines(of_b)] == ["b"]
    assert [line["briefId"] for line in await system.lines(of_all)] == ["a", "b"]


async def test_who_may_not_read_such_entities_may_not_export_them(system: System) -> None:
    caller = OPERATOR._replace(scopes=ALL_SCOPES - {Scope.QC_READ})

    with pytest.raises(NotAllowed, match=Scope.QC_READ):
        await export(system.storage, TransferEntity.QC_RESULT, caller=caller)


async def test_a_cancelled_export_goes_no_further(system: System) -> None:
    await system.save_drafts(3)
    started = await export(system.storage, TransferEntity.DRAFT)
    command = CancelExport(export_id=started.export_id)
    await system.change(lambda unit: cancel_export(unit, command))

    done = await system.done(started)

    assert (done.status, done.row_count) == (TransferStatus.CANCELLED, 0)
    assert await system.lines(done) == []


# There and back

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20
).filter(lambda text: text.strip())
keys = st.sampled_from([f"key-{n}" for n in range(6)])
numbers = st.floats(allow_nan=False, allow_infinity=False)
objects = st.dictionaries(texts, st.one_of(st.none(), st.booleans(), st.integers(-9, 9), texts))


def _numbered(children: list[Any]) -> tuple[Any, ...]:
    return tuple(child.at(position) for position, child in enumerate(children))


def _lists(child: Any) -> Any:
    return st.lists(child, max_size=3).map(_numbered)


def _records(entity: TransferEntity) -> Any:
    match entity:
        case TransferEntity.DRAFT:
            return st.builds(
                lambda **given: build.draft(
                    **{**given, "metadata": JsonObject.of(given["metadata"])}
                ),
                draft_id=keys,
                strategy_id=keys,
                campaign_id=st.none() | keys,
                title=texts,
                body=texts,
                metadata=objects,
            )
        case TransferEntity.CAMPAIGN:
            tactics = _lists(st.builds(build.tactic, texts, channel=texts))
            return st.builds(build.campaign, campaign_id=keys, name=texts, tactics=tactics)
        case TransferEntity.QC_RESULT:
            return st.builds(
                lambda key, **given: build.result(key, draft_id=f"draft of {key}", **given),
                keys,
                passed=st.booleans(),
                score=st.floats(0, 1),
                issues=_lists(st.builds(build.issue, texts)),
            )
        case TransferEntity.DELIVERY_PACKAGE:
            artifacts = _lists(st.builds(build.artifact, texts))
            return st.builds(build.package, package_id=keys, artifacts=artifacts)
        case TransferEntity.BRIEF:
            return st.builds(_intake, keys, objects)
        case TransferEntity.STRATEGY_PLAN:
            return st.builds(
                lambda key, summary, recommendations: build.plan(
                    key,
                    brief_id=f"brief of {key}",
                    executive_summary=summary,
                    recommendations=recommendations,
                    approval=ApprovalState.PENDING,
                    decided_by=None,
                    decided_at=None,
                ),
                keys,
                texts,
                _lists(st.builds(build.recommendation, texts, budget_percent=st.floats(0, 30))),
            )


def _intake(key: str, responses: dict[str, Any]) -> Any:
    """As it's before it's normalized: that isn't part of a line."""
    return submitted(build.submit_intake(brief_id=key, responses=responses), key, START)


@asynccontextmanager
async def opened(url: str | None) -> AsyncIterator[Storage]:
    """An empty storage."""
    if url is None:
        yield create_storage(PersistenceMode.INMEMORY)
        return
    database = await open_emptied(url)
    await empty_database(database)
    yield create_storage(PersistenceMode.DB, database)
    await close_database(database)


async def _all(storage: Storage, entity: TransferEntity) -> list[Entity]:
    """All entities as they are, with their children, but for when and how often they were saved."""
    type_ = ENTITIES[entity]

    async def work(unit: UnitOfWork) -> list[Entity]:
        reads = getattr(unit, type_.attribute)
        found = (await reads.page(PageRequest(100))).items
        # A save without children gives them back.
        has_children = type_.in_database.mapping.children is not None
        return [await reads.save(it) if has_children else it for it in found]

    records = await storage.as_(OPERATOR).write(work)
    same = [replace(it, revision=1, created_at=START, updated_at=START) for it in records]
    return sorted(same, key=lambda it: str(getattr(it, it.key_name)))


@pytest.fixture
def place(_storage: str | None) -> str | None:
    """Where things are stored: the URL of a database, or None for memory."""
    return _storage


@pytest.mark.parametrize("entity", TransferEntity)
@given(data=st.data())
@settings(max_examples=4)
async def test_an_import_of_an_export_gives_the_same_entities(
    place: str | None, entity: TransferEntity, data: st.DataObject
) -> None:
    records = data.draw(st.lists(_records(entity), max_size=6))
    store = MemoryStore()

    async def save(unit: UnitOfWork) -> None:
        for record in records:
            await unit.of(record).save(record)

    async with opened(place) as storage:
        await storage.as_(OPERATOR).write(save)
        started = await export(storage, entity)
        await server(storage, store).settle()
        lines = await result_of(storage, store, await export_of(storage, started.export_id))
        wanted = await _all(storage, entity)
    async with opened(place) as storage:
        await add_file(storage, store, jsonl(lines))
        imported = await start(storage, entity)
        await server(storage, store).settle()
        found = await import_of(storage, imported.import_id)
        assert (found.status, found.rejected_count) == (TransferStatus.SUCCEEDED, 0)
        assert await _all(storage, entity) == wanted
