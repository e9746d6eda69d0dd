"""Arguments are what graphql-core makes of them; variables and plain constants, without it."""

from collections import Counter
from functools import partial
from random import Random
from typing import Any, Final

import pytest
from graphql import FieldNode, parse
from graphql.execution.values import VariableValues, get_argument_values

from execution.arguments import Arguments, Parameters
from tests.execution.equality import operation_of, outcome
from tests.execution.hostile_inputs import inputs_schema

SCHEMA: Final = inputs_schema()
assert SCHEMA.query_type is not None
FIELD: Final = SCHEMA.query_type.fields["f"]
CASES: Final = 2_000

LITERALS: Final = (
    *("null", "1", "1.5", "-0", "3000000000", '"a"', "true", "RED", "PINK", "[]", "[1]", "[RED]"),
    *("{x: 1}", "{x: $i}", "{x: 1, next: null}", "{more: 1}", "[[{x: $i}]]", "$i", "$missing"),
    *("$null", "[$i]", "[$missing]", "{names: [$s]}", "{someName: $s}", "$s", "$point"),
)
MUST: Final = ("must: 1", "must: $i", "must: $null", "must: $missing", "must: null", "")

VARIABLES: Final = VariableValues({}, {"i": 3, "s": "text", "null": None, "point": {"x": 1}})


def field_of(arguments: str) -> FieldNode:
    text = f"{{ f({arguments}) }}" if arguments else "{ f }"
    [field] = operation_of(parse(text)).selection_set.selections
    assert isinstance(field, FieldNode)
    return field


def given_arguments(random: Random) -> str:
    names = [name for name in FIELD.args if name != "must"]
    chosen = random.sample(names, random.randint(0, 2))
    given = [f"{name}: {random.choice(LITERALS)}" for name in chosen]
    return ", ".join([random.choice(("must: 1", *MUST)), *given])


def test_arguments_are_coerced_as_by_graphql_core(asked: Counter[str]) -> None:
    seen: Counter[str] = Counter()
    texts: set[str] = set()
    random = Random(CASES)

    while len(texts) < CASES:
        arguments = given_arguments(random)
        if arguments in texts:
            continue
        texts.add(arguments)
        node = field_of(arguments)
        told: dict[str, Any] = {"hide_suggestions": random.choice((True, False))}
        before = asked.total()

        ours = outcome(partial(Arguments(Parameters(FIELD), node).values, VARIABLES, **told))

        seen["right"] += isinstance(ours, str)
        seen["right, without graphql-core"] += isinstance(ours, str) and asked.total() == before
        theirs = outcome(partial(get_argument_values, FIELD, node, VARIABLES, **told))
        assert ours == theirs, arguments

    assert 0.1 * CASES <= seen["right"] <= 0.8 * CASES
    assert seen["right, without graphql-core"] >= 0.5 * seen["right"]


@pytest.mark.parametrize(
    "arguments",
    [
        *("must: 1", "must: $i", "must: 1, x: $missing, y: $missing, z: $null"),
        *("must: 1, made: null", "must: 2, colour: BLUE, name: $s, flag: true"),
        "must: $i, point: $point, points: null",
    ],
)
def test_variables_and_plain_constants_need_no_graphql_core(
    asked: Counter[str], arguments: str
) -> None:
    found = Arguments(Parameters(FIELD), field_of(arguments)).values(
        VARIABLES, hide_suggestions=False
    )

    assert asked.total() == 0
    assert found == get_argument_values(FIELD, field_of(arguments), VARIABLES)


def test_what_can_be_changed_is_made_anew() -> None:
    arguments = Arguments(Parameters(FIELD), field_of("must: 1, point: {x: 1}, colours: [RED]"))

    first, second = [arguments.values(VARIABLES, hide_suggestions=False) for _ in range(2)]

    first["point"]["x"] = 2
    first["colours"].clear()
    assert second["point"]["x"] == 1
    assert len(second["colours"]) == 1
