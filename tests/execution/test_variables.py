"""Variables are coerced as graphql-core coerces them; what is ordinary, without it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import pytest
from graphql import (
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_input_type,
    parse,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from execution.inputs import Inputs
from execution.variables import Variables
from schema.root import create_schema
from tests.execution.equality import operation_of, outcome
from tests.execution.hostile_inputs import inputs_schema, values_of

SCHEMA: Final = inputs_schema()
CASES: Final = 1_000

bounded = settings(max_examples=CASES, phases=[Phase.generate])

DEFINITIONS: Final = (
    *("$v: Int", "$v: Int!", "$v: Int = 3", "$v: Int! = 3", "$v: Int = null", "$v: Float"),
    *("$v: String = 5", "$v: ID", "$v: Boolean!", "$v: Colour", "$v: Colour = BLUE", "$v: Odd!"),
    *("$v: Odd = 4", "$v: Odd = 9", "$v: Any", "$v: [Int!]", "$v: [Int] = [1]", "$v: [[ID!]!]!"),
    *("$v: Point", "$v: Point!", "$v: Point = {x: 1}", "$v: [Point!]", "$v: [[Point]]!"),
    *("$v: Either", "$v: Either!", "$v: [Either!]", "$v: Made", "$v: [Made]", "$v: Made = {}"),
    *("$v: Query", "$v: Missing", "$v: Point, $w: [Int!] = 2", "$v: Int!, $w: Either!"),
)


def definitions_of(text: str) -> Sequence[VariableDefinitionNode]:
    found = operation_of(parse(f"query ({text}) {{ f }}")).variable_definitions
    assert found
    return found


@st.composite
def variables(
    draw: st.DrawFn, schema: GraphQLSchema, definitions: st.SearchStrategy[str]
) -> tuple[Sequence[VariableDefinitionNode], dict[str, Any]]:
    """The definitions of an operation, and values for them."""
    nodes = definitions_of(draw(definitions))
    values: dict[str, Any] = {"unknown": 1} if draw(st.integers(0, 9)) == 0 else {}
    for node in nodes:
        type_ = type_from_ast(schema, node.type)
        if draw(st.integers(0, 9)) > 0:
            values[node.variable.name.value] = draw(
                values_of(type_) if is_input_type(type_) else st.just(1)
            )
    return nodes, values


def compare(
    schema: GraphQLSchema, definitions: st.SearchStrategy[str], asked: Counter[str]
) -> Counter[str]:
    """The cases that random values have covered."""
    seen: Counter[str] = Counter()
    inputs = Inputs()

    @bounded
    @given(variables(schema, definitions), st.booleans())
    def check(asked_for: Any, hide_suggestions: bool) -> None:
        nodes, values = asked_for
        told: dict[str, Any] = {"hide_suggestions": hide_suggestions}
        before = asked.total()

        ours = outcome(lambda: Variables(schema, nodes, inputs).values(values, **told))

        seen["cases"] += 1
        seen["right"] += isinstance(ours, str)
        seen["right, without graphql-core"] += isinstance(ours, str) and asked.total() == before
        assert ours == outcome(
            lambda: get_variable_values(schema, nodes, values, max_errors=50, **told)
        )

    check()
    assert seen["cases"] == CASES
    return seen


def test_variables_are_coerced_as_by_graphql_core(asked: Counter[str]) -> None:
    seen = compare(SCHEMA, st.sampled_from(DEFINITIONS), asked)

    assert 0.2 * CASES <= seen["right"] <= 0.8 * CASES
    assert seen["right, without graphql-core"] >= 0.5 * seen["right"]


def test_variables_of_our_schema(asked: Counter[str]) -> None:
    schema = create_schema().graphql
    types = [name for name, type_ in schema.type_map.items() if is_input_type(type_)]

    seen = compare(schema, st.sampled_from(types).map("$v: {}!".format), asked)

    assert 0.2 * CASES <= seen["right"] <= 0.8 * CASES
    assert seen["right, without graphql-core"] >= 0.8 * seen["right"]


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("Point!", {"x": 1}),
        ("Point!", {"x": 1, "next": {"x": 2, "rows": [[{"x": 3}], None]}, "colour": "BLUE"}),
        ("[[Point!]]", {"x": 1}),
        ("[Int!]! = [1]", 7),
        ("Either", {"names": ["a"]}),
        ("Made", {"someName": "a", "either": {"x": 1}}),
        ("Odd", 9),
        ("ID!", 9),
        ("Int = 5", Undefined),
        ("Int", Undefined),
        ("Point", None),
    ],
)
def test_what_is_ordinary_needs_no_graphql_core(
    asked: Counter[str], definition: str, value: Any
) -> None:
    nodes = definitions_of(f"$v: {definition}")

    values = Variables(SCHEMA, nodes, Inputs()).values({"v": value}, hide_suggestions=False)

    assert isinstance(values, VariableValues)
    assert asked.total() == 0


@pytest.mark.parametrize("depth", [25, 40, 150, 199, 200, 201, 500])
def test_no_depth_makes_a_difference(depth: int) -> None:
    """graphql-core refuses what is nested deeper than it goes."""
    nodes = definitions_of("$v: Point")
    point: dict[str, Any] = {"x": 1}
    for _ in range(depth):
        point = {"x": 1, "next": point}

    ours = outcome(
        lambda: Variables(SCHEMA, nodes, Inputs()).values({"v": point}, hide_suggestions=False)
    )

    assert ours == outcome(lambda: get_variable_values(SCHEMA, nodes, {"v": point}))


def test_what_was_given_is_not_what_resolvers_get() -> None:
    """Nor is a default that they might change."""
    given = {"v": {"x": 1, "tags": ["a"]}}
    variables = Variables(SCHEMA, definitions_of("$v: Point, $w: [Int] = [1]"), Inputs())

    first, second = [variables.values(given, hide_suggestions=False) for _ in range(2)]

    assert isinstance(first, VariableValues)
    assert isinstance(second, VariableValues)
    first.coerced["v"]["tags"].append("b")
    first.coerced["w"].append(2)
    assert given == {"v": {"x": 1, "tags": ["a"]}}
    assert second.coerced["v"]["tags"] == ["a"]
    assert second.coerced["w"] == [1]
