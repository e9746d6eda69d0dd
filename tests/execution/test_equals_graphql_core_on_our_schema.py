"""Random operations of the API, over the demo's data: the responses are graphql-core's.

They are the same, but for what is told of several failures that coincide: docs/decisions/0017.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import graphql
import pytest
from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.context import Context
from schema.encoding import encode
from schema.export import exported_schema
from schema.root import CompiledSchema, create_schema
from server.seed.agency import seed_agency
from tests import builders as build
from tests.conftest import close_database, open_emptied
from tests.execution.documents import documents, told
from tests.execution.equality import (
    are_same,
    assert_equivalent,
    by_graphql_core,
    everything,
    never_awaited,
    operation_of,
)
from tests.execution.hostile_inputs import values_of
from tests.support.graphql import EVERYTHING, OUTCOMES, InProcess, mutation
from tests.support.sources import CountedKeys, SettableClock

pytestmark = never_awaited

CONNECTION: Final = (
    "first: $first",
    "first: 3, orderBy: {field: CREATED_AT, direction: ASC}",
    "last: 2",
    "first: 0",
    'filter: {not: {createdAt: {lt: "2026-01-20T00:00:00Z"}}}',
    "first: 2, last: 2",
    'after: "garbage"',
)
"""Also what is refused."""

VARIABLES: Final = (
    {"yes": True, "no": False},
    {"yes": False, "no": True, "perhaps": False, "first": 2},
)

KEYS: Final = {
    "brief": "briefId",
    "strategyPlan": "strategyId",
    "campaign": "campaignId",
    "draft": "draftId",
    "qcResult": "resultId",
    "deliveryPackage": "packageId",
}


def arguments_of(stored: dict[str, Any]) -> dict[str, Sequence[str]]:
    """Arguments that find something, and some that don't."""
    arguments: dict[str, Sequence[str]] = {"__type": ['name: "Brief"', 'name: "Missing"']}
    ids: list[str] = []
    for name, key in KEYS.items():
        nodes = stored[f"{name}s"]["nodes"]
        ids.append(nodes[0]["id"])
        keys = [*(node[key] for node in nodes[:2]), "missing"]
        arguments[name] = [f'{key}: "{one}"' for one in keys]
        arguments[f"{name}s"] = CONNECTION
    arguments["node"] = [f'id: "{one}"' for one in (*ids, "garbage")]
    arguments["nodes"] = [f"ids: {json.dumps(ids)}", f"ids: {json.dumps([ids[0], 'x'])}"]
    return arguments


@dataclass(frozen=True, slots=True)
class Both:
    """Both executors over the same data, and what was seen of their responses."""

    schema: CompiledSchema
    storage: Storage
    runner: asyncio.Runner
    seen: Counter[str]
    is_in_memory: bool

    def compare(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        with told(document):
            self.runner.run(self._compare(document, variables))

    async def _compare(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        ours = await self._by_plan(document, variables)
        rendered = await self._by_plan(document, variables, with_renderers=True)
        assert json.loads(encode(rendered.formatted)) == ours.formatted
        async with Context(self.storage, build.caller()) as context:
            theirs = await by_graphql_core(self.schema.graphql, document, variables, context)
        if are_same(ours, theirs):
            self.seen["the same"] += 1
        else:
            async with Context(self.storage, build.caller()) as context:
                there = await everything(self.schema.graphql, document, variables, context)
            assert_equivalent(ours, theirs, there)
        self.seen["cases"] += 1
        self.seen["with errors"] += bool(ours.errors)
        self.seen["bytes"] += len(json.dumps(ours.data))

    async def _by_plan(
        self, document: DocumentNode, variables: Mapping[str, Any], *, with_renderers: bool = False
    ) -> ExecutionResult:
        async with Context(self.storage, build.caller()) as context:
            return await self.schema.engine.execute(
                document,
                operation_of(document),
                variable_values=variables,
                context_value=context,
                with_renderers=with_renderers,
                unrestricted=True,
            )


@pytest.fixture
def both(runner: asyncio.Runner, _storage: str | None) -> Iterator[Both]:
    """On each implementation in turn: what is rendered as JSON, databases render."""
    database = None if _storage is None else runner.run(open_emptied(_storage))
    mode = PersistenceMode.INMEMORY if database is None else PersistenceMode.DB
    storage = create_storage(mode, database)
    runner.run(seed_agency(storage.as_(build.caller())))
    yield Both(create_schema(), storage, runner, Counter(), database is None)
    if database is not None:
        runner.run(close_database(database))


bounded = settings(phases=[Phase.generate])


def test_random_queries(both: Both) -> None:
    examples = 250 if both.is_in_memory else 100
    stored = both.runner.run(InProcess(both.schema, both.storage).ask(EVERYTHING))

    for document in documents(
        both.schema.graphql, examples, depth=5, arguments=arguments_of(stored)
    ):
        for variables in VARIABLES:
            both.compare(document, variables)

    assert both.seen["cases"] == 2 * examples
    assert both.seen["with errors"] >= examples / 10
    assert both.seen["the same"] >= 1.95 * examples
    assert both.seen["bytes"] >= 1_500 * examples
    assert both.schema.engine.counts.by_graphql_core == 0


def test_queries_of_which_most_is_skipped(both: Both) -> None:
    """Nothing may be left of anything: of an entity, a page, an edge, or what belongs to them."""
    stored = both.runner.run(InProcess(both.schema, both.storage).ask(EVERYTHING))
    arguments = {
        name: [one for one in given if "garbage" not in one and "last: 2," not in one]
        for name, given in arguments_of(stored).items()
    }

    for document in documents(both.schema.graphql, 60, depth=5, arguments=arguments, steered=2):
        for variables in VARIABLES:
            both.compare(document, variables)

    assert both.seen["cases"] == 120
    assert both.schema.engine.counts.by_graphql_core == 0


@pytest.fixture(scope="module")
def with_random_arguments() -> Sequence[DocumentNode]:
    """Documents with filters above all, as deep as they come. They take long to be made."""
    moments = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text()
    made: list[DocumentNode] = []

    @bounded
    @given(queries(exported_schema(), custom_scalars={"DateTime": moments.map(nodes.String)}))
    def make(text: str) -> None:
        made.append(graphql.parse(text))

    make()
    return made


def test_queries_with_random_arguments(
    both: Both, with_random_arguments: Sequence[DocumentNode]
) -> None:
    """Most find nothing."""
    for document in with_random_arguments:
        both.compare(document, {})

    assert both.seen["cases"] == 100
    assert both.seen["with errors"] >= 10
    assert both.seen["the same"] >= 90
    assert both.schema.engine.counts.by_graphql_core == 0


@st.composite
def mutations(draw: st.DrawFn, schema: GraphQLSchema) -> tuple[str, Any]:
    """A mutation and its input, which is right most of the time."""
    name = draw(st.sampled_from(sorted(OUTCOMES)))
    assert schema.mutation_type is not None
    return name, draw(values_of(schema.mutation_type.fields[name].args["input"].type))


def test_random_mutations(runner: asyncio.Runner) -> None:
    """Mutations store the same, too."""
    schema = create_schema()
    ours, theirs = (
        create_storage(PersistenceMode.INMEMORY, clock=SettableClock(), new_key=CountedKeys())
        for _ in range(2)
    )
    seen: Counter[str] = Counter()

    async def compare(name: str, given: Any) -> None:
        document = graphql.parse(mutation(name))
        async with Context(ours, build.caller()) as context:
            result = await schema.engine.execute(
                document,
                operation_of(document),
                variable_values={"input": given},
                context_value=context,
                unrestricted=True,
            )
        async with Context(theirs, build.caller()) as context:
            expected = await by_graphql_core(schema.graphql, document, {"input": given}, context)
        assert result.formatted == expected.formatted
        seen["cases"] += 1
        payload = (result.data or {}).get(name)
        seen["carried out"] += payload is not None and not payload["errors"]

    @settings(bounded, max_examples=600)
    @given(mutations(schema.graphql))
    def check(drawn: tuple[str, Any]) -> None:
        runner.run(compare(*drawn))

    check()
    assert seen["cases"] == 600
    assert seen["carried out"] >= 20
    stored = [runner.run(InProcess(schema, one).ask(EVERYTHING)) for one in (ours, theirs)]
    assert stored[0] == stored[1]
