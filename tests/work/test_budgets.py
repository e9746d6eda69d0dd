"""The budgets of the benchmark's operations, in calls, statements and resolvers.

Calls are of functions written in Python or C. They are no time, but they are the same on every
machine, however busy: what costs more for each object or field breaks a budget at once.

A budget is a tenth above what was measured on CPython 3.11. Whoever makes something cheaper
lowers it here.
"""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from uvicorn.server import ServerState

from benchmarks.filling import add_chains
from benchmarks.scenarios import Scenario, chain, package_input, scenarios
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from schema.context import Context
from schema.encoding import encode, is_small
from schema.execute import GraphQLRequest, execute
from schema.root import CompiledSchema, create_schema, define_schema
from server.app import create_app
from server.http_protocol import BoundedHttp
from server.listening import Listener
from server.seed.bulk import seed_bulk
from server.settings import load_settings
from tests import builders as build
from tests.conftest import close_database
from tests.support.http_cycles import Sink
from tests.support.statements import watched
from tests.support.wire import request
from tests.work.counting import counted_calls, counting_resolvers, with_engine, without

PACKAGES: Final = 60
SCENARIOS: Final = {scenario.name: scenario for scenario in scenarios(PACKAGES)}

CALLS: Final = {
    ("memory", "list"): 2_400,
    ("memory", "small"): 167,
    # Ten of them find the owner, whose client the package gets, and six ask whether the caller is
    # bound to clients. Each of ten artifacts is asked whether it's a file that is kept here.
    # Each artifact is made once more, when it's known what it's made from: by two calls.
    ("memory", "save"): 633,
    # In two calls a package, addresses of files are looked for.
    ("sqlite", "list"): 544,
    ("sqlite", "small"): 175,
    ("sqlite", "save"): 803,
}
"""For the whole operation; the list has 50 packages."""

CALLS_FOR_CHAIN: Final = 1_540
"""On SQLite, for 41 pages with both their cursors."""

CALLS_LEVEL_BY_LEVEL: Final = {"memory": 4_125, "sqlite": 7_130}
"""For the list when its objects are not written as JSON, as where a connection is within it. A busy
machine wakes the loop a few times more for the threads of SQLite."""

CALLS_FOR_HTTP: Final = 134
"""From the bytes of a request to those of its response, without what it asks for."""

CALLS_FOR_A_PACKAGE_MORE: Final = {"memory": 34, "sqlite": 5.1}
"""With its ten artifacts, its draft, and the draft's result with five issues."""

CALLS_FOR_AN_ARTIFACT_MORE: Final = {"memory": 0, "sqlite": 0}

CALLS_FOR_A_SAVED_ARTIFACT_MORE: Final = {"memory": 15, "sqlite": 23}

STATEMENTS: Final = {"list": 1, "small": 1, "save": 5}

RESOLVERS: Final = {
    "list": {"Query.deliveryPackages"},
    "small": {"Query.deliveryPackage"},
    "save": {"Mutation.saveDeliveryPackage"},
}
"""Each is called once, and writes all that is selected below."""

RESOLVERS_LEVEL_BY_LEVEL: Final = {
    *("Query.deliveryPackages", "DeliveryPackageConnection.totalCount"),
    *("DeliveryPackageConnection.pageInfo", "DeliveryPackageConnection.nodes"),
    *("DeliveryPackage.artifacts", "DeliveryPackage.draft", "Draft.qcResult", "QcResult.issues"),
    "DeliveryArtifact.url",
}
"""Each is called once, for however many objects; what else is selected are attributes."""


@dataclass(frozen=True, slots=True)
class Backend:
    name: str
    storage: Storage
    database: Database | None = None


@pytest.fixture
async def memory() -> Backend:
    return Backend("memory", create_storage(PersistenceMode.INMEMORY))


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Backend]:
    database = open_database(sqlite_url)
    yield Backend("sqlite", create_storage(PersistenceMode.DB, database), database)
    await close_database(database)


@pytest.fixture(params=["memory", "sqlite"])
def empty(request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.getfixturevalue(request.param)
    return backend


async def filled(backend: Backend) -> Backend:
    async for _ in seed_bulk(backend.storage.as_(build.caller()), PACKAGES):
        pass
    return backend


@pytest.fixture
async def backend(empty: Backend) -> Backend:
    return await filled(empty)


@pytest.fixture(scope="module")
def made_once() -> CompiledSchema:
    return create_schema()


@pytest.fixture
def schema(made_once: CompiledSchema) -> CompiledSchema:
    """It has no plans yet."""
    return with_engine(made_once)


def own_schema() -> CompiledSchema:
    """One that may be changed."""
    return create_schema(definition=define_schema())


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    """The garbage collector's callbacks run at any time.

    What is there before a test isn't looked through when the test asks for a collection: that is
    all that the tests before it have imported and keep.
    """
    gc.disable()
    gc.collect()
    gc.freeze()
    yield
    gc.enable()


async def run(
    schema: CompiledSchema, backend: Backend, query: str, variables: dict[str, Any]
) -> dict[str, Any]:
    context = Context(backend.storage, build.caller())
    response = await execute(schema, GraphQLRequest(query, variables), context)
    assert response.errors == []
    data: dict[str, Any] = response.data
    return data


def as_read(data: dict[str, Any]) -> dict[str, Any]:
    """The response as clients parse it."""
    found: dict[str, Any] = json.loads(encode(data))
    return found


async def calls(
    schema: CompiledSchema, backend: Backend, query: str, variables: dict[str, Any]
) -> int:
    """The calls of an operation that is planned already.

    The least of several: on a slow machine, others get a turn more often while it's executed.
    """
    made = []
    for _ in range(5):
        with counted_calls() as counted:
            await run(schema, backend, query, variables)
        made.append(counted.made)
    return min(made)


def level_by_level(schema: CompiledSchema, *others: str) -> CompiledSchema:
    """The schema with an engine that has no renderers, and none of these other ways."""
    return without(schema, "renderer", *others)


async def calls_of(schema: CompiledSchema, backend: Backend, scenario: Scenario) -> int:
    return await calls(schema, backend, scenario.query, scenario.variables[0])


@pytest.mark.parametrize("name", SCENARIOS)
async def test_an_operation_keeps_to_its_calls(
    schema: CompiledSchema, backend: Backend, name: str
) -> None:
    assert await calls_of(schema, backend, SCENARIOS[name]) <= CALLS[backend.name, name]
    assert (schema.engine.counts.planned, schema.engine.counts.by_graphql_core) == (1, 0)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_an_operation_leaves_nothing_to_the_collector(
    schema: CompiledSchema, backend: Backend, name: str
) -> None:
    scenario = SCENARIOS[name]
    await calls_of(schema, backend, scenario)

    async def left() -> int:
        gc.collect()
        await run(schema, backend, scenario.query, scenario.variables[0])
        return gc.collect()

    # What other tests left, such as a thread that only ends now, is gone after a while.
    assert 0 in [await left() for _ in range(3)]


async def test_the_calls_are_the_same_each_time(schema: CompiledSchema, memory: Backend) -> None:
    await filled(memory)

    for scenario in SCENARIOS.values():
        assert await calls_of(schema, memory, scenario) == await calls_of(schema, memory, scenario)


async def test_http_keeps_to_its_calls() -> None:
    settings = load_settings(persistence_mode=PersistenceMode.INMEMORY)
    app = create_app(settings)
    config = Listener(app, settings).config
    config.load()
    connection = BoundedHttp(config=config, server_state=ServerState(), app_state={})
    sink = Sink()
    connection.connection_made(sink)
    asking = request(query="{ __typename }")

    async with app.router.lifespan_context(app):
        for _ in range(3):
            sink.written.clear()
            with counted_calls() as counted:
                connection.data_received(asking)
                await asyncio.gather(*connection.tasks)
        service = app.state.service
        backend = Backend("memory", service.storage)
        of_operation = await calls(service.schema, backend, "{ __typename }", {})
    connection.connection_lost(None)

    [response] = sink.written
    assert response.endswith(b'{"data":{"__typename":"Query"}}')
    assert counted.made - of_operation <= CALLS_FOR_HTTP


async def test_a_package_more_costs_no_more_than_its_share(
    schema: CompiledSchema, backend: Backend
) -> None:
    query = SCENARIOS["list"].query

    few, many = [await calls(schema, backend, query, {"first": first}) for first in (10, 50)]

    assert many - few <= 40 * CALLS_FOR_A_PACKAGE_MORE[backend.name]


async def test_an_artifact_more_costs_next_to_nothing(
    schema: CompiledSchema, empty: Backend
) -> None:
    async def store(unit: UnitOfWork) -> None:
        for key, count in (("few", 1), ("many", 101)):
            artifacts = tuple(build.artifact(position=position) for position in range(count))
            await unit.delivery_packages.save(build.package(key, artifacts=artifacts))

    await empty.storage.as_(build.caller()).write(store)
    query = SCENARIOS["small"].query

    few, many = [await calls(schema, empty, query, {"packageId": key}) for key in ("few", "many")]

    assert many - few <= 100 * CALLS_FOR_AN_ARTIFACT_MORE[empty.name]


async def test_saving_an_artifact_more_costs_no_more_than_its_share(
    schema: CompiledSchema, backend: Backend
) -> None:
    query = SCENARIOS["save"].query
    given = package_input(1)

    few, many = [
        await calls(schema, backend, query, {"input": given | {"artifacts": artifacts}})
        for artifacts in (given["artifacts"], given["artifacts"] * 11)
    ]

    assert many - few <= 100 * CALLS_FOR_A_SAVED_ARTIFACT_MORE[backend.name]


async def test_the_response_to_a_save_is_not_looked_through(
    schema: CompiledSchema, backend: Backend
) -> None:
    """However many texts it has, it's told by the request's size that it's small."""
    query, given = SCENARIOS["save"].query, package_input(1)

    async def calls_with(artifacts: list[Any]) -> int:
        variables = {"input": given | {"artifacts": artifacts}}
        request = GraphQLRequest(query, variables, size=len(json.dumps([query, variables])))
        response = await execute(schema, request, Context(backend.storage, build.caller()))
        with counted_calls() as counted:
            assert is_small(response.data)
        return counted.made

    few, many = [await calls_with(given["artifacts"] * times) for times in (1, 4)]

    assert few == many


async def test_pages_within_pages_keep_to_their_calls_and_statements(
    schema: CompiledSchema, sqlite: Backend, sqlite_url: str
) -> None:
    await filled(sqlite)
    await add_chains(sqlite_url)
    scenario = chain()
    assert sqlite.database is not None

    with watched(sqlite.database) as statements:
        data = await run(schema, sqlite, scenario.query, scenario.variables[0])

    scenario.check(as_read(data))
    assert len(statements) == 1
    assert await calls_of(schema, sqlite, scenario) <= CALLS_FOR_CHAIN


@pytest.mark.parametrize("name", SCENARIOS)
async def test_an_operation_keeps_to_its_statements(
    schema: CompiledSchema, sqlite: Backend, name: str
) -> None:
    await filled(sqlite)
    scenario = SCENARIOS[name]
    assert sqlite.database is not None

    with watched(sqlite.database) as statements:
        data = await run(schema, sqlite, scenario.query, scenario.variables[0])

    scenario.check(as_read(data))

    assert 0 < len(statements) <= STATEMENTS[name]


@pytest.mark.parametrize("name", SCENARIOS)
async def test_each_resolver_is_called_once(memory: Backend, name: str) -> None:
    await filled(memory)
    scenario = SCENARIOS[name]
    counting, called = counting_resolvers(own_schema())

    scenario.check(as_read(await run(counting, memory, scenario.query, scenario.variables[0])))

    assert called == dict.fromkeys(RESOLVERS[name], 1)


async def test_each_resolver_is_called_once_for_all_objects_of_a_level(memory: Backend) -> None:
    await filled(memory)
    scenario = SCENARIOS["list"]
    counting, called = counting_resolvers(level_by_level(own_schema()))

    scenario.check(as_read(await run(counting, memory, scenario.query, scenario.variables[0])))

    assert called == dict.fromkeys(RESOLVERS_LEVEL_BY_LEVEL, 1)


async def test_levels_keep_to_their_calls(schema: CompiledSchema, backend: Backend) -> None:
    made = await calls_of(level_by_level(schema), backend, SCENARIOS["list"])

    assert made <= CALLS_LEVEL_BY_LEVEL[backend.name]


# What the budgets are for: each of these would go unseen otherwise.


async def test_writing_nothing_breaks_the_budget(schema: CompiledSchema, backend: Backend) -> None:
    for name, scenario in SCENARIOS.items():
        made = await calls_of(level_by_level(schema), backend, scenario)

        assert made > CALLS[backend.name, name]


async def test_a_call_for_each_field_breaks_the_budget(
    schema: CompiledSchema, backend: Backend
) -> None:
    await require_more_calls(level_by_level(schema, "attribute"), backend)


async def test_asking_each_object_for_its_type_breaks_the_budget(
    schema: CompiledSchema, backend: Backend
) -> None:
    await require_more_calls(with_engine(level_by_level(schema), class_of=lambda _: None), backend)


async def test_a_resolver_for_each_object_breaks_the_budget(
    schema: CompiledSchema, backend: Backend
) -> None:
    await require_more_calls(level_by_level(schema, "resolve_batch"), backend)


async def test_calling_resolvers_costs_less_than_by_strawberry(
    schema: CompiledSchema, memory: Backend
) -> None:
    ours = level_by_level(schema, "resolve_batch")
    by_strawberry = level_by_level(schema, "resolve_batch", "resolve")
    await filled(memory)

    for scenario in SCENARIOS.values():
        more = await calls_of(by_strawberry, memory, scenario)
        assert more >= await calls_of(ours, memory, scenario) + 30


async def require_more_calls(schema: CompiledSchema, backend: Backend) -> None:
    made = await calls_of(schema, backend, SCENARIOS["list"])

    assert made > CALLS_LEVEL_BY_LEVEL[backend.name]


async def test_planning_each_time_breaks_the_budget(
    schema: CompiledSchema, backend: Backend
) -> None:
    scenario = SCENARIOS["small"]
    await calls_of(schema, backend, scenario)
    without_plans = with_engine(schema)
    without_plans.documents.parse_and_validate(scenario.query)

    with counted_calls() as counted:
        await run(without_plans, backend, scenario.query, scenario.variables[0])

    assert counted.made > CALLS[backend.name, "small"]
