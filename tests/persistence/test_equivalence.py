"""Memory, SQLite and PostgreSQL answer the same to anything, and keep the same."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.entity import Owned
from domain.errors import DomainError
from domain.history import Event
from domain.onboarding import BriefScope
from domain.strategy import ApprovalState
from repositories.criteria import (
    AllOf,
    AnyOf,
    Comparison,
    Direction,
    Filter,
    IsNull,
    Not,
    Operator,
    Order,
    PageRequest,
    Position,
)
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from resolvers.delivery.commands import save_delivery_package
from resolvers.onboarding.commands import normalize_brief, submit_intake
from resolvers.production.commands import save_campaign, save_draft
from resolvers.qc.commands import record_qc_result
from resolvers.strategy.commands import (
    approve_strategy_plan,
    reject_strategy_plan,
    save_strategy_plan,
)
from tests import builders as build
from tests.conftest import empty_database
from tests.persistence.types_under_test import DRAFT, PLAN, RESULT, TYPES_UNDER_TEST, TypeUnderTest
from tests.support.commands import delete
from tests.support.history import as_of
from tests.support.sources import START, CountedKeys, SettableClock

T = TypeVar("T")
Run = Callable[[UnitOfWork, Any], Awaitable[Any]]

sparing = settings(max_examples=60, phases=[Phase.generate, Phase.shrink])


class Stores:
    """The three implementations, emptied for each example, on one clock."""

    def __init__(self, runner: asyncio.Runner, databases: Sequence[Database]) -> None:
        self._runner = runner
        self._databases = databases

    def run(self, scenario: Callable[[Storage, SettableClock], Awaitable[T]]) -> list[T]:
        """The outcome of the scenario on each of them."""
        return self._runner.run(self._run(scenario))

    async def _run(self, scenario: Callable[[Storage, SettableClock], Awaitable[T]]) -> list[T]:
        results = []
        for database in (None, *self._databases):
            clock, keys = SettableClock(), CountedKeys()
            mode = PersistenceMode.DB if database else PersistenceMode.INMEMORY
            if database:
                await empty_database(database)
            storage = create_storage(mode, database, clock=clock, new_key=keys)
            results.append(await scenario(storage, clock))
        return results


@pytest.fixture
def stores(sqlite_url: str, _postgresql_url: str) -> Iterator[Stores]:
    with asyncio.Runner() as runner:
        databases = [open_database(sqlite_url), open_database(_postgresql_url)]
        yield Stores(runner, databases)
        for database in databases:
            runner.run(database.close())


# Any sequence of commands


@dataclass(frozen=True)
class Step:
    """Commands of one unit of work, the last of which may be followed by an error."""

    commands: tuple[tuple[Run, Any], ...]
    then_fails: bool
    clock_moves: float


class Broken(Exception):
    """Something that nobody expects."""


keys = st.sampled_from(["a", "\U0001f600"])
optional_keys = st.sampled_from(["a", "\U0001f600", None])
revisions = st.sampled_from([*[None] * 8, 0, 1, 2, 3])
names = st.sampled_from(["A", "b", "\u00e9", "c", "D", " "])
numbers = st.integers(min_value=0, max_value=3)


def _children(child: Callable[..., Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(names.map(child), max_size=3).map(tuple)


def _command(run: Run, builder: Callable[..., Any], **fields: Any) -> st.SearchStrategy[Any]:
    commands = st.builds(builder, expected_revision=revisions, **fields)
    return commands.map(lambda command: (run, command))


def _deletion(key_name: str) -> st.SearchStrategy[Any]:
    return _command(delete, partial(build.delete, key_name), key=keys)


saving_a_brief = _command(
    submit_intake, build.submit_intake, brief_id=optional_keys, client_id=keys
)
saving_a_plan = _command(
    save_strategy_plan,
    build.save_plan,
    strategy_id=optional_keys,
    brief_id=keys,
    version=st.none() | numbers,
    recommendations=_children(build.recommendation),
)
saving_a_campaign = _command(
    save_campaign,
    build.save_campaign,
    campaign_id=optional_keys,
    tactics=_children(build.tactic),
)
saving_a_draft = _command(
    save_draft, build.save_draft, draft_id=optional_keys, campaign_id=optional_keys, title=names
)
recording_a_result = _command(
    record_qc_result,
    build.record_result,
    result_id=optional_keys,
    draft_id=keys,
    score=st.sampled_from([0, 0.5, 1, 1.5]),
    issues=_children(build.issue),
)
saving_a_package = _command(
    save_delivery_package,
    build.save_package,
    package_id=optional_keys,
    artifacts=_children(build.artifact),
)
scopes = st.builds(BriefScope, timeline_weeks=st.none() | numbers)

MODULES = {
    "onboarding": [
        saving_a_brief,
        saving_a_brief,
        _command(normalize_brief, build.normalize_brief, brief_id=keys, scope=scopes),
        _deletion("brief_id"),
    ],
    "strategy": [
        *[saving_a_plan] * 5,
        _command(approve_strategy_plan, build.decide_plan, strategy_id=keys, decided_by=names),
        _command(reject_strategy_plan, build.decide_plan, strategy_id=keys, decided_by=names),
        _deletion("strategy_id"),
    ],
    "production": [
        *(saving_a_campaign, saving_a_campaign, saving_a_draft, saving_a_draft),
        _deletion("campaign_id"),
        _deletion("draft_id"),
    ],
    "qc": [*[recording_a_result] * 5, _deletion("result_id")],
    "delivery": [*[saving_a_package] * 5, _deletion("package_id")],
}


@st.composite
def _steps(draw: st.DrawFn) -> list[Step]:
    """Of few modules and few keys, so that commands meet what earlier ones left."""
    modules = draw(st.lists(st.sampled_from(sorted(MODULES)), min_size=1, max_size=2, unique=True))
    commands = [command for module in modules for command in MODULES[module]]
    step = st.builds(
        Step,
        commands=st.lists(st.one_of(commands), min_size=1, max_size=2).map(tuple),
        then_fails=st.sampled_from([False, False, False, False, True]),
        clock_moves=st.sampled_from([0, 1, 60, -30]),
    )
    return draw(st.lists(step, min_size=8, max_size=20))


async def _perform(step: Step, repositories: Repositories) -> Any:
    """The outcome: records, or an error with all its details."""

    async def work(unit: UnitOfWork) -> list[Any]:
        results = [await run(unit, command) for run, command in step.commands]
        if step.then_fails:
            raise Broken
        return results

    try:
        return await repositories.write(work)
    except (DomainError, Broken) as error:
        return type(error), vars(error), str(error)


async def _state(repositories: Repositories) -> Mapping[str, Any]:
    """Everything that is stored, by type: entities in the order of their keys, with children."""
    state = {}
    async with repositories.read() as snapshot:
        for entity_type in TYPES_UNDER_TEST:
            by_key = PageRequest(1_000, order=Order(entity_type.key_name, Direction.ASC))
            page = await entity_type.reads_of(snapshot).page(by_key)
            loaded = await entity_type.load_many(snapshot, *map(entity_type.key_of, page.items))
            state[entity_type.name] = [loaded[entity_type.key_of(record)] for record in page.items]
    return state


async def _log(repositories: Repositories) -> Sequence[Event]:
    """All of it, but for the ids of events, of which units that failed took some."""
    async with repositories.read() as snapshot:
        page = await snapshot.events.page(0, 1_000)
    assert [event.position for event in page.items] == [*range(1, len(page.items) + 1)]
    return [replace(event, event_id="") for event in page.items]


async def _replayed(log: Sequence[Event], repositories: Repositories) -> Mapping[str, Any]:
    """The entities that are stored after all events of the log, from its start."""
    state: dict[str, dict[str, Any]] = {entity_type.name: {} for entity_type in TYPES_UNDER_TEST}
    types = {entity_type.type.record.entity_type: entity_type for entity_type in TYPES_UNDER_TEST}
    revisions: dict[Any, int] = {}
    async with repositories.read() as snapshot:
        for event in log:
            entity_type = types[event.entity_type]
            entities = state[entity_type.name]
            before = entities.pop(event.entity_key, None)
            assert event.revision_before == (before.revision if before else 0)
            if not event.is_deletion:
                entity: Any = await as_of(
                    snapshot,
                    entity_type.type.record,
                    event.entity_key,
                    revision=event.revision_after,
                )
                assert entity is not None
                assert entity.revision > revisions.get((entity_type.name, event.entity_key), 0)
                revisions[entity_type.name, event.entity_key] = entity.revision
                assert entity.client_id == event.client_id
                entities[event.entity_key] = entity
    return {name: [entities[key] for key in sorted(entities)] for name, entities in state.items()}


def _without_clients(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entities without what others decide: the log has the clients of its events' times."""
    return {
        name: [
            replace(entity, client_id=None) if isinstance(entity, Owned) else entity
            for entity in entities
        ]
        for name, entities in state.items()
    }


@sparing
@given(_steps())
def test_any_sequence_of_commands_has_the_same_outcomes_state_and_log(
    stores: Stores, steps: list[Step]
) -> None:
    async def scenario(storage: Storage, clock: SettableClock) -> Any:
        repositories = storage.as_(build.caller())
        outcomes = []
        for step in steps:
            clock.move(seconds=step.clock_moves)
            outcomes.append(await _perform(step, repositories))
        await storage.sequence_events()
        state, log = await _state(repositories), await _log(repositories)
        assert _without_clients(await _replayed(log, repositories)) == _without_clients(state)
        return outcomes, state, log

    in_memory, on_sqlite, on_postgresql = stores.run(scenario)

    assert on_sqlite == in_memory
    assert on_postgresql == in_memory


# Any filter, order and page

TEXT = ["", "a", "A", "ab", "Ab", "%b", "_", "\\", "\u00e4", "\U0001f600", "\uff46"]
UNSTORABLE_TEXT = ["a\x00", "\ud800"]
MOMENTS = [START + timedelta(microseconds=n) for n in (-1, 0, 1)]
ELSEWHERE = timezone(timedelta(hours=-7))

# What may be in each field that isn't absent.
FIELDS: dict[str, tuple[TypeUnderTest, dict[str, st.SearchStrategy[Any]]]] = {
    entity_type.name: (entity_type, fields)
    for entity_type, fields in [
        (
            DRAFT,
            {
                "title": st.sampled_from(TEXT),
                "campaign_id": st.sampled_from(TEXT),
                "created_at": st.sampled_from(MOMENTS),
            },
        ),
        (
            PLAN,
            {
                "version": st.integers(1, 4),
                "approval": st.sampled_from(ApprovalState),
                "decided_by": st.sampled_from(TEXT),
                "decided_at": st.sampled_from(MOMENTS),
            },
        ),
        (
            RESULT,
            {
                "passed": st.booleans(),
                "score": st.sampled_from([0.0, 0.1, 0.3, 0.1 + 0.2, 1.0]),
                "evaluated_at": st.sampled_from(MOMENTS),
            },
        ),
    ]
}
NULLABLE = {"campaign_id", "decided_by", "decided_at"}
EQUALITY = [Operator.EQ, Operator.NE]
MEMBERSHIP = [Operator.IN, Operator.NOT_IN]
ORDERING = [Operator.GT, Operator.GTE, Operator.LT, Operator.LTE]
SEARCH = [Operator.CONTAINS, Operator.STARTS_WITH]


def _comparisons(field: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
    if field in ("title", "campaign_id", "decided_by"):
        values = values | st.sampled_from(UNSTORABLE_TEXT)
    if field.endswith("_at"):
        values = values.map(lambda time: time.astimezone(ELSEWHERE))
    lists = st.lists(values, max_size=3).map(tuple)

    def comparing(operators: list[Operator], by: st.SearchStrategy[Any]) -> Any:
        return st.builds(Comparison, st.just(field), st.sampled_from(operators), by)

    equal = comparing(EQUALITY, values)
    if field in NULLABLE:
        equal = st.one_of(equal, st.just(IsNull(field)))
    if field == "passed":
        return st.one_of(equal)
    if field in ("version", "score") or field.endswith("_at"):
        return st.one_of(equal, comparing(ORDERING, values))
    if field == "approval":
        return st.one_of(equal, comparing(MEMBERSHIP, lists))
    return st.one_of(equal, comparing(MEMBERSHIP, lists), comparing(SEARCH, values))


@st.composite
def _filters(draw: st.DrawFn, comparisons: st.SearchStrategy[Filter], depth: int = 2) -> Filter:
    form = (
        draw(st.sampled_from([Comparison, Comparison, Not, AllOf, AnyOf])) if depth else Comparison
    )
    inner = _filters(comparisons, depth - 1)
    if form is Not:
        return Not(draw(inner))
    if form is Comparison:
        return draw(comparisons)
    conditions = tuple(draw(inner) for _ in range(draw(st.integers(0, 3))))
    return AllOf(conditions) if form is AllOf else AnyOf(conditions)


@st.composite
def _requests(
    draw: st.DrawFn,
    fields: dict[str, st.SearchStrategy[Any]],
    comparisons: st.SearchStrategy[Filter],
) -> PageRequest:
    field = draw(st.sampled_from(sorted(fields.keys() - NULLABLE)))
    places = st.none() | st.builds(Position, fields[field], st.sampled_from("acegik"))
    return PageRequest(
        limit=draw(st.integers(0, 4)),
        order=Order(field, draw(st.sampled_from(Direction))),
        filter=draw(_filters(comparisons)) if draw(st.booleans()) else None,
        after=draw(places),
        before=draw(places),
        backwards=draw(st.booleans()),
    )


@st.composite
def _questions(
    draw: st.DrawFn, type_name: str
) -> tuple[list[Any], list[PageRequest], list[Filter]]:
    """Records to store, pages to ask for, and comparisons to count by."""
    entity_type, fields = FIELDS[type_name]
    columns = {
        name: st.none() | values if name in NULLABLE else values for name, values in fields.items()
    }
    rows = draw(st.lists(st.fixed_dictionaries(columns), min_size=3, max_size=10))
    records = [
        replace(entity_type.record(key), **row)
        for key, row in zip("abcdefghij", rows, strict=False)
    ]
    comparisons = st.one_of(*(_comparisons(name, values) for name, values in fields.items()))
    return (
        records,
        draw(st.lists(_requests(fields, comparisons), min_size=2, max_size=4)),
        draw(st.lists(comparisons, min_size=10, max_size=20)),
    )


@pytest.mark.parametrize("type_name", FIELDS)
@settings(sparing, max_examples=25)
@given(st.data())
def test_any_filter_order_and_page_gives_the_same(
    stores: Stores, type_name: str, data: st.DataObject
) -> None:
    entity_type = FIELDS[type_name][0]
    records, requests, filters = data.draw(_questions(type_name))
    filters += [request.filter for request in requests if request.filter]

    async def scenario(storage: Storage, _: SettableClock) -> Any:
        repositories = storage.as_(build.caller())
        for record in records:
            await entity_type.save(repositories, record)
        async with repositories.read() as snapshot:
            reads = entity_type.reads_of(snapshot)
            pages = [await reads.page(request) for request in requests]
            counts = [await reads.count(filter) for filter in filters]
            complements = [await reads.count(Not(filter)) for filter in filters]
        return pages, counts, complements

    in_memory, on_sqlite, on_postgresql = stores.run(scenario)

    assert on_sqlite == in_memory
    assert on_postgresql == in_memory
    _, counts, complements = in_memory
    assert [sum(both) for both in zip(counts, complements, strict=True)] == (
        [len(records)] * len(filters)
    )
