"""An operation is planned once, and again only for what its variables select."""

from itertools import pairwise
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, parse

from execution import DocumentPlans, Engine
from execution.document_plans import MAX_PLANS
from tests.execution.asking import (
    Request,
    request,
    response_to,
    run,
    run_by_graphql_core,
    schema_of,
)
from tests.support.weighing import weight_of

SDL = """
type Query { name: String  other: String  child: Query  greeting(of: String!, times: Int): String }
type Mutation { rename: String }
type Subscription { renamed: String }
"""

ENDLESS: dict[str, Any] = {"name": "N", "other": "O"}
ENDLESS["child"] = ENDLESS

ROOT = {"name": "N", "other": "O", "child": {"name": "n", "child": {"name": "m"}}}


@pytest.fixture
def schema() -> GraphQLSchema:
    def greeting(_source: Any, _info: Any, of: str, times: int | None = None) -> str:
        return " ".join(["hello", *[of] * (times or 1)])

    return schema_of(SDL, Query={"greeting": greeting})


@pytest.fixture
def engine(schema: GraphQLSchema) -> Engine:
    return Engine(schema)


# What is kept


async def test_an_operation_is_planned_once(engine: Engine) -> None:
    asked = request("{ name }")

    for _ in range(3):
        assert (await run(engine, asked, root_value=ROOT)).data == {"name": "N"}

    assert (engine.counts.planned, engine.counts.by_plan) == (1, 3)


async def test_each_operation_of_a_document_has_its_plan(engine: Engine) -> None:
    document = "query A { name } query B { other }"
    a, b = request(document, "A"), request(document, "B")

    assert (await run(engine, a, root_value=ROOT)).data == {"name": "N"}
    assert (await run(engine, b, root_value=ROOT)).data == {"other": "O"}


async def test_a_fragment_is_that_of_the_operations_own_document(engine: Engine) -> None:
    """Two documents may share an operation's node."""
    asked = request("{ ...It } fragment It on Query { name }")
    [_, fragment] = request("{ ...It } fragment It on Query { other }").document.definitions
    mixed = Request(DocumentNode(definitions=(asked.operation, fragment)), asked.operation)

    assert (await run(engine, asked, root_value=ROOT)).data == {"name": "N"}
    assert (await run(engine, mixed, root_value=ROOT)).data == {"other": "O"}


async def test_nothing_is_kept_but_in_the_plans_that_were_given(engine: Engine) -> None:
    asked = request("{ name }")

    for _ in range(2):
        await engine.execute(asked.document, asked.operation, root_value=ROOT)

    assert engine.counts.planned == 2


async def test_plans_for_what_variables_select_are_as_many_at_most(engine: Engine) -> None:
    """However many ways there are to combine them."""
    names = [f"v{number}" for number in range(6)]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    asked = request(f"query ({variables}) {{ {fields} }}")
    grown = list[int]()
    plans = DocumentPlans(grown.append)

    for number in range(2 ** len(names)):
        chosen = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        result = await run(engine, asked, chosen, root_value=ROOT, plans=plans)
        assert result.data == {name: "N" for name in names if chosen[name]}

    let_go = [weight for weight in grown if weight < 0]
    assert len(let_go) == 2 ** len(names) - MAX_PLANS


# What is selected alike is planned once


def nested(levels: int, aliases: int = 2) -> str:
    """Fragments within each other, each of which is spread under all aliases of the one before."""
    fragments = (
        f"fragment F{level} on Query {{ name other "
        + " ".join(f"a{level}x{number}: child {{ ...F{level + 1} }}" for number in range(aliases))
        + " } "
        for level in range(levels)
    )
    return f"{{ ...F0 }} {' '.join(fragments)} fragment F{levels} on Query {{ name other }}"


async def planned(engine: Engine, query: str) -> int:
    """How much the plan of an operation weighs when all of it has run."""
    plans = DocumentPlans()
    await run(engine, query, root_value=ENDLESS, plans=plans)
    [operation] = plans.operations.values()
    [plan] = operation.plans.values()
    return plan.weight


async def test_a_plan_is_as_large_as_its_document_and_not_as_what_that_expands_to(
    engine: Engine,
) -> None:
    """A level more has twice as many fields as all before, and is one fragment more to plan."""
    weights = [await planned(engine, nested(levels)) for levels in range(1, 9)]

    added = [more - fewer for fewer, more in pairwise(weights)]
    assert max(added) == min(added)


async def test_aliases_of_the_same_fragment_share_what_is_below(engine: Engine) -> None:
    few, many = [await planned(engine, nested(4, aliases=aliases)) for aliases in (1, 6)]

    assert many < 6 * few  # though it has 6 ** 4 times as many fields


async def test_the_same_part_of_a_document_may_be_spread_where_more_is_selected(
    engine: Engine,
) -> None:
    query = """{
        a: child { ...It } b: child { ...It } c: child { ...It other }
        d: child { ...It } d: child { child { other } }
    } fragment It on Query { name child { name } }"""

    result = await response_to(engine._schema, query, root_value=ROOT)

    it = {"name": "n", "child": {"name": "m"}}
    assert result["data"] == {
        "a": it,
        "b": it,
        "c": {**it, "other": None},
        "d": {"name": "n", "child": {"name": "m", "other": None}},
    }


async def test_errors_below_shared_fields_have_their_own_paths_and_places(
    schema: GraphQLSchema,
) -> None:
    query = """{
        a: child { ...It }
        b: child { child { greeting(of: "x") } }
        c: child { ...It }
    } fragment It on Query { child { greeting(of: "x") } }"""
    field = schema.type_map["Query"].fields["greeting"]  # type: ignore[attr-defined]
    field.resolve = lambda *_, **__: 1 / 0

    result = await response_to(schema, query, root_value=ROOT)

    assert [error["path"][0] for error in result["errors"]] == ["a", "b", "c"]
    assert [error["locations"][0]["line"] for error in result["errors"]] == [5, 3, 5]


# What plans weigh

WEIGHED = {
    "small": "{ name }",
    "levels": nested(6),
    "aliases": "{ " + " ".join(f"a{n}: child {{ b{n}: name }}" for n in range(50)) + " }",
    "leaves": "{ " + " ".join(f"a{n}: name" for n in range(90)) + " }",
    "arguments": (
        "{ " + " ".join(f'a{n}: greeting(of: "{n}", times: 2)' for n in range(90)) + " }"
    ),
}


@pytest.mark.parametrize("query", WEIGHED.values(), ids=WEIGHED)
async def test_plans_know_what_they_weigh(schema: GraphQLSchema, query: str) -> None:
    engine, asked = Engine(schema), request(query)
    await run(engine, query, root_value=ENDLESS)
    told = list[int]()
    plans = DocumentPlans(told.append)

    for _ in range(2):
        await run(engine, asked, root_value=ENDLESS, plans=plans)

    beside = [schema, engine, asked.document, DocumentPlans().__dict__]
    assert 0.5 < sum(told) / weight_of(plans, beside=[*beside, told, told.append]) < 2


# What variables select


async def test_values_of_variables_need_no_plan_of_their_own(engine: Engine) -> None:
    asked = request("query ($of: String!) { greeting(of: $of) }")

    for name in ("Ada", "Grace"):
        result = await run(engine, asked, {"of": name})
        assert result.data == {"greeting": f"hello {name}"}

    assert engine.counts.planned == 1


@pytest.mark.parametrize(
    "query",
    [
        "query ($on: Boolean!) { other name @include(if: $on) }",
        "query ($on: Boolean!) { other ... @include(if: $on) { name } }",
        """query ($on: Boolean!) { other ...Named @include(if: $on) }
        fragment Named on Query { name }""",
        """query ($on: Boolean!) { other ...Named }
        fragment Named on Query { ...Deeper }
        fragment Deeper on Query { name @include(if: $on) }""",
    ],
    ids=["of a field", "of an inline fragment", "of a spread", "in a fragment's fragment"],
)
async def test_a_variable_that_steers_a_directive_selects_the_plan(
    engine: Engine, query: str
) -> None:
    asked = request(query)

    for _ in range(2):
        for on, data in ((True, {"other": "O", "name": "N"}), (False, {"other": "O"})):
            assert (await run(engine, asked, {"on": on}, root_value=ROOT)).data == data

    assert engine.counts.planned == 2


async def test_a_variable_steers_below_the_root_too(engine: Engine) -> None:
    asked = request(
        "query ($off: Boolean!) { child { name child @skip(if: $off) { name } } }",
    )

    for _ in range(2):
        off = await run(engine, asked, {"off": True}, root_value=ROOT)
        assert off.data == {"child": {"name": "n"}}
        on = await run(engine, asked, {"off": False}, root_value=ROOT)
        assert on.data == {"child": {"name": "n", "child": {"name": "m"}}}


async def test_the_default_of_a_variable_steers_as_well(engine: Engine) -> None:
    asked = request("query ($on: Boolean! = true) { other name @include(if: $on) }")

    assert (await run(engine, asked, root_value=ROOT)).data == {"other": "O", "name": "N"}
    assert (await run(engine, asked, {"on": False}, root_value=ROOT)).data == {"other": "O"}
    assert (await run(engine, asked, {"on": True}, root_value=ROOT)).data == {
        "other": "O",
        "name": "N",
    }
    assert engine.counts.planned == 2


async def test_a_plan_keeps_no_more_of_a_request_than_what_steers_it(engine: Engine) -> None:
    asked = request(
        "query ($of: String!, $on: Boolean!) { greeting(of: $of) @include(if: $on) }",
    )

    await run(engine, asked, {"of": "x" * 1_000_000, "on": True})

    assert weight_of(asked.plans_of(engine)) < 1_000_000


# Requests that can't be executed


async def test_invalid_variables_are_told_as_graphql_core_tells_them(
    schema: GraphQLSchema, engine: Engine
) -> None:
    asked = request("query ($of: String!, $times: Int) { greeting(of: $of, times: $times) }")
    variables = {"of": None, "times": "many"}

    ours = await run(engine, asked, variables)
    theirs = await run_by_graphql_core(schema, asked, variables)

    assert ours.data is None
    assert ours.errors is not None
    assert [error.formatted for error in ours.errors] == [
        error.formatted for error in theirs.errors or ()
    ]


async def test_a_first_request_with_invalid_variables_harms_nothing(engine: Engine) -> None:
    asked = request("query ($of: String!) { greeting(of: $of) }")

    assert (await run(engine, asked, {"of": 1})).errors
    assert (await run(engine, asked, {"of": "Ada"})).data == {"greeting": "hello Ada"}

    counts = engine.counts
    assert (counts.planned, counts.by_plan, counts.by_graphql_core) == (1, 1, 0)


async def test_no_more_than_fifty_errors_in_variables_are_told(schema: GraphQLSchema) -> None:
    names = [f"v{number}" for number in range(60)]
    variables = ", ".join(f"${name}: String!" for name in names)
    fields = " ".join(f"{name}: greeting(of: ${name})" for name in names)

    result = await response_to(schema, f"query ({variables}) {{ {fields} }}")

    assert len(result["errors"]) == 51


async def test_a_null_that_steers_a_directive_fails_as_with_graphql_core(
    schema: GraphQLSchema, engine: Engine
) -> None:
    """Its default lets a nullable variable stand where a Boolean! is needed."""
    asked = request("query ($on: Boolean = true) { other name @include(if: $on) }")

    ours = await run(engine, asked, {"on": None}, root_value=ROOT)
    theirs = await run_by_graphql_core(schema, asked, {"on": None}, root_value=ROOT)

    assert ours.errors
    assert ours.formatted == theirs.formatted
    assert (await run(engine, asked, {"on": False}, root_value=ROOT)).data == {"other": "O"}
    assert (await run(engine, asked, root_value=ROOT)).data == {"other": "O", "name": "N"}


async def test_below_the_root_such_a_null_fails_its_field(schema: GraphQLSchema) -> None:
    query = "query ($on: Boolean = true) { other child { name @include(if: $on) } }"

    result = await response_to(schema, query, {"on": None}, root_value=ROOT)

    assert result["data"] == {"other": "O", "child": None}
    assert [error["path"] for error in result["errors"]] == [["child"]]


async def test_each_event_of_a_subscription_is_a_root_of_its_plan(engine: Engine) -> None:
    asked = request("subscription ($with: Boolean!) { renamed __typename @include(if: $with) }")
    execution = engine.plan(asked.document, asked.operation, variable_values={"with": True})

    results = [(await execution.run({"renamed": event})).data for event in ("R", "S")]

    assert results == [{"renamed": event, "__typename": "Subscription"} for event in ("R", "S")]
    counts = engine.counts
    assert (counts.planned, counts.by_plan, counts.by_graphql_core) == (1, 2, 0)


# What isn't planned


@pytest.mark.parametrize(
    ("sdl", "query", "data"),
    [
        (SDL, "query @experimental_disableErrorPropagation { name }", {"name": "N"}),
        (
            SDL + "directive @loud on FIELD",
            "{ name @loud child { name } }",
            {"name": "N", "child": {"name": "n"}},
        ),
        (
            SDL + "directive @defer(if: Boolean! = true) on INLINE_FRAGMENT",
            "{ name ... @defer { other } }",
            {"name": "N", "other": "O"},
        ),
    ],
    ids=["no error propagation", "a directive of its own", "@defer"],
)
async def test_graphql_core_executes_what_is_not_supported(
    sdl: str, query: str, data: dict[str, Any]
) -> None:
    engine = Engine(schema_of(sdl))
    asked = request(query)

    for _ in range(2):
        assert (await run(engine, asked, root_value=ROOT | {"renamed": "R"})).data == data

    counts = engine.counts
    assert (counts.planned, counts.by_plan, counts.by_graphql_core) == (0, 0, 2)


async def test_fragment_variables_are_graphql_cores(engine: Engine) -> None:
    document = parse(
        '{ ...Greeting(of: "Ada") } fragment Greeting($of: String!) on Query { greeting(of: $of) }',
        experimental_fragment_arguments=True,
    )
    [operation, _] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    result = await engine.execute(document, operation)

    assert result.data == {"greeting": "hello Ada"}
    assert engine.counts.by_graphql_core == 1


async def test_an_operation_that_the_schema_lacks_is_an_error() -> None:
    schema = schema_of("type Query { name: String }")
    engine = Engine(schema)

    result = await run(engine, "mutation { rename }")

    assert result.data is None
    assert [error.message for error in result.errors or ()] == [
        "Schema is not configured to execute mutation operation."
    ]


def test_an_invalid_schema_is_refused() -> None:
    with pytest.raises(TypeError, match="Query root type"):
        Engine(GraphQLSchema())
