"""Random operations on a hostile schema: the responses are graphql-core's.

Without anything to wait for they are the same, errors and their order included. With it, they are
equivalent: which of several failures under a place that becomes null are told depends on time, in
graphql-core even on how an exception travels through tasks (docs/decisions/0017).
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any, Final

from graphql import DocumentNode, ExecutionResult

from execution import Engine
from tests.execution.documents import documents, told
from tests.execution.equality import (
    are_same,
    assert_equivalent,
    by_graphql_core,
    errors_of,
    everything,
    never_awaited,
    operation_of,
)
from tests.execution.hostile import World, binding_of, hostile_schema

SCHEMA: Final = hostile_schema()

ARGUMENTS: Final = {
    "bs": ["first: $first", "first: 1, odd: 7", "odd: null"],
    "nodes": ["first: $first", "first: null", "first: 3"],
    "b": ["first: $first", "first: 1"],
}

VARIABLES: Final[list[dict[str, Any]]] = [
    {"yes": True, "no": False},
    {"yes": False, "no": True, "perhaps": False, "first": 2},
    {"yes": True, "no": False, "perhaps": True, "first": None},
]

SEEDS: Final = 4
FAILING: Final = (0, 0.1, 0.4)

pytestmark = never_awaited

KINDS: Final = ("query", "query", "query", "mutation")


def test_at_once(runner: asyncio.Runner) -> None:
    seen: Counter[str] = Counter()

    async def compare(engine: Engine, document: DocumentNode, seed: int, failing: float) -> None:
        world = World(seed, failing, 0, SCHEMA)
        variables = VARIABLES[seed % len(VARIABLES)]
        operation = operation_of(document)
        ours = await engine.execute(
            document, operation, variable_values=variables, context_value=world
        )
        theirs = await by_graphql_core(SCHEMA, document, variables, world)

        assert ours.data == theirs.data
        assert errors_of(ours) == errors_of(theirs)
        seen.update(types_of(ours))

    for document in documents(SCHEMA, 250, kinds=KINDS, arguments=ARGUMENTS):
        engine = Engine(SCHEMA)
        with told(document):
            for seed, failing in product(range(SEEDS), FAILING):
                runner.run(compare(engine, document, seed, failing))
            assert engine.counts.by_graphql_core == 0

    assert seen["cases"] >= 3_000
    assert seen["with errors"] >= 1_000
    assert seen["without data"] >= 100


def test_over_time(runner: asyncio.Runner) -> None:
    """By a resolver for each object, and by batch resolvers where there are some."""
    seen: Counter[str] = Counter()

    async def compare(
        engines: Sequence[Engine], document: DocumentNode, seed: int, failing: float
    ) -> None:
        world = World(seed, failing, 0.4, SCHEMA)
        variables = VARIABLES[seed % len(VARIABLES)]
        operation = operation_of(document)
        theirs = await by_graphql_core(SCHEMA, document, variables, world)
        for engine in engines:
            ours = await engine.execute(
                document, operation, variable_values=variables, context_value=world
            )
            seen.update(types_of(ours))
            if are_same(ours, theirs):
                seen["the same"] += 1
            else:
                there = await everything(SCHEMA, document, variables, world)
                assert_equivalent(ours, theirs, there)

    for document in documents(SCHEMA, 150, kinds=KINDS, arguments=ARGUMENTS):
        engines = [Engine(SCHEMA), Engine(SCHEMA, binding_of=binding_of(SCHEMA))]
        with told(document):
            for seed, failing in product(range(SEEDS), FAILING):
                runner.run(compare(engines, document, seed, failing))
            assert [engine.counts.by_graphql_core for engine in engines] == [0, 0]

    assert seen["cases"] >= 3_600
    assert seen["with errors"] >= 1_000
    assert seen["without data"] >= 100
    assert seen["the same"] >= 0.85 * seen["cases"]


def types_of(result: ExecutionResult) -> list[str]:
    kinds = {"cases": True, "with errors": result.errors, "without data": result.data is None}
    return [kind for kind, holds in kinds.items() if holds]
