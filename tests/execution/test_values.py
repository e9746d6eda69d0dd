"""The engine completes the values that resolvers return."""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLScalarType, GraphQLSchema, Undefined

from execution import Engine
from tests.execution.asking import response_to, run, schema_of

SDL = """
scalar Money
enum Colour { RED GREEN }
type Query {
  text: String  id: ID  int: Int  float: Float  flag: Boolean  money: Money  colour: Colour
  texts: [String]  ints: [Int!]  ids: [ID]  floats: [Float]  flags: [Boolean]  moneys: [Money]
  colours: [Colour]  must: String!  child: Query  children: [Query]  cube: [[[Int]]]
  strict: [[String!]!]
}
"""


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> GraphQLSchema:
    schema = schema_of(SDL)

    def money(value: Any) -> Any:
        if value == "void":
            return None
        if value == "undefined":
            return Undefined
        return f"{Decimal(value):.2f}"

    scalar = schema.type_map["Money"]
    assert isinstance(scalar, GraphQLScalarType)
    monkeypatch.setattr(scalar, "coerce_output_value", money)
    return schema


# Scalars and enums


@pytest.mark.parametrize("field", ["text", "id", "int", "float", "flag", "money", "colour"])
@pytest.mark.parametrize(
    "value",
    [
        *("text", "", "12", 0, 12, -1, True, 1.0, 1.5, 2**31 - 1, -(2**31), 2**31, -(2**31) - 1),
        *(2**70, float("nan"), float("inf"), b"bytes", [], {}, object, None, Undefined),
        *(ValueError("a value"), "RED", "void", "undefined", Decimal("1.5"), ["text"], {"a": 1}),
    ],
    ids=repr,
)
async def test_a_value_is_coerced_as_graphql_core_coerces_it(
    schema: GraphQLSchema, field: str, value: Any
) -> None:
    await response_to(schema, f"{{ {field} }}", root_value={field: value})


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("texts", ["a", None, "b", ""]),
        ("texts", ["a", 1, True, 1.5, {}, "b"]),
        ("ids", ["a", 1, None]),
        ("ids", [1, 2.5]),
        ("ints", [1, 2**31 - 1, -(2**31)]),
        ("ints", [1, 2**31]),
        ("ints", [1, None]),
        ("ints", [True, 1, 2.0, "3"]),
        ("floats", [1.5, None, 2.5]),
        ("floats", [1.5, float("inf")]),
        ("floats", [1, 1.5, True]),
        ("flags", [True, False, None]),
        ("flags", [True, 1, 0, "x"]),
        ("moneys", ["1", 2, None, "void", "many"]),
        ("colours", ["RED", "GREEN", "RED", "BLUE", None, [], "RED"]),
    ],
    ids=repr,
)
async def test_values_are_coerced_together_as_each_would_be(
    schema: GraphQLSchema, field: str, values: list[Any]
) -> None:
    await response_to(schema, f"{{ {field} }}", root_value={field: values})


async def test_the_kind_of_a_scalar_stays(schema: GraphQLSchema) -> None:
    """Values that are equal in Python may be different in JSON."""
    root = {"int": 1.0, "float": 1, "texts": [1, True], "flags": [True, 1, 0]}

    result = await response_to(schema, "{ int float texts flags }", root_value=root)

    assert repr(result["data"]["int"]) == "1"
    assert repr(result["data"]["float"]) == "1.0"
    assert result["data"]["texts"] == ["1", "true"]
    assert repr(result["data"]["flags"]) == "[True, True, False]"


async def test_equal_values_of_an_enum_keep_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Level(Enum):
        ONE = 1

    schema = schema_of("enum Level { ONE TWO } type Query { levels: [Level] }")
    enum = schema.type_map["Level"]
    assert isinstance(enum, GraphQLEnumType)
    monkeypatch.setattr(
        enum, "coerce_output_value", lambda value: f"{type(value).__name__} {value}"
    )

    result = await response_to(
        schema, "{ levels }", root_value={"levels": [1, True, 1.0, Level.ONE, 1]}
    )

    assert result["data"]["levels"] == [
        "int 1",
        "bool True",
        "float 1.0",
        "Level Level.ONE",
        "int 1",
    ]


async def test_an_enums_value_is_coerced_once_however_often_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coerced: list[str] = []
    schema = schema_of("enum Level { ONE TWO } type Query { levels: [Level] }")
    enum = schema.type_map["Level"]
    assert isinstance(enum, GraphQLEnumType)
    original = enum.coerce_output_value

    def counted(value: Any) -> Any:
        coerced.append(value)
        return original(value)

    monkeypatch.setattr(enum, "coerce_output_value", counted)

    result = await run(Engine(schema), "{ levels }", root_value={"levels": ["ONE", "TWO"] * 50})

    assert result.data == {"levels": ["ONE", "TWO"] * 50}
    assert coerced == ["ONE", "TWO"]


# Lists


class Countdown:
    """Iterable, but not a sequence."""

    def __iter__(self) -> Iterator[int]:
        return iter((3, 2, 1))


@pytest.mark.parametrize(
    "value",
    [
        *([], [1, 2], (1, 2), range(3), {1: "a"}, "text", 5, Countdown(), iter([1, 2]), b"bytes"),
        *(
            {4},
            [None, 1],
            [1, ValueError("an item"), 2],
            [Undefined, 1],
            dict.fromkeys("ab").keys(),
        ),
    ],
)
async def test_a_list_is_whatever_can_be_iterated_but_text_and_mappings(
    schema: GraphQLSchema, value: Any
) -> None:
    engine = Engine(schema)
    again = list(value) if isinstance(value, Iterator) else value

    ours = await run(engine, "{ cube ints }", root_value={"ints": value})
    theirs = await response_to(schema, "{ cube ints }", root_value={"ints": again})

    if not isinstance(value, Iterator):
        assert ours.formatted == theirs


async def test_a_generator_is_a_list(schema: GraphQLSchema) -> None:
    result = await response_to(
        schema,
        "{ ints texts }",
        root_value={
            "ints": lambda _: (number for number in range(3)),
            "texts": lambda _: (text for text in ("a", "b")),
        },
    )

    assert result["data"] == {"ints": [0, 1, 2], "texts": ["a", "b"]}


async def test_a_list_that_breaks_off_is_an_error(schema: GraphQLSchema) -> None:
    def broken(_: Any) -> Iterator[int]:
        yield 1
        raise ValueError("out of numbers")

    result = await response_to(schema, "{ ints }", root_value={"ints": broken})

    assert result["data"] == {"ints": None}
    assert result["errors"][0]["message"] == "out of numbers"


async def test_lists_of_lists(schema: GraphQLSchema) -> None:
    cube = [[[1, 2], []], [], None, [None, [None, 3]], [[2**31], 5]]

    result = await response_to(schema, "{ cube }", root_value={"cube": cube})

    assert result["data"]["cube"] == [[[1, 2], []], [], None, [None, [None, 3]], [[None], None]]
    assert [error["path"] for error in result["errors"]] == [["cube", 4, 0, 0], ["cube", 4, 1]]


async def test_a_null_item_that_may_not_be_nulls_its_list(schema: GraphQLSchema) -> None:
    good, bad = [["a"], []], [["a"], ["b", None]]

    assert (await response_to(schema, "{ strict }", root_value={"strict": good}))["data"] == {
        "strict": [["a"], []]
    }
    result = await response_to(schema, "{ strict }", root_value={"strict": bad})

    assert result["data"] == {"strict": None}
    assert [error["path"] for error in result["errors"]] == [["strict", 1, 1]]


async def test_empty_lists_of_objects_stay_empty(schema: GraphQLSchema) -> None:
    result = await response_to(
        schema, "{ children { text children { text } } }", root_value={"children": []}
    )

    assert result["data"] == {"children": []}


async def test_what_is_returned_is_not_what_was_given(schema: GraphQLSchema) -> None:
    """A response can't be used to change what a resolver keeps."""
    kept = ["a", "b"]

    result = await run(Engine(schema), "{ texts }", root_value={"texts": kept})

    assert result.data is not None
    assert result.data["texts"] == kept
    assert result.data["texts"] is not kept


# Nothing


async def test_null_and_undefined_are_null(schema: GraphQLSchema) -> None:
    root = {
        "text": Undefined,
        "child": Undefined,
        "texts": Undefined,
        "children": [None, Undefined, {"text": None}],
    }

    result = await response_to(
        schema, "{ text child { text } texts children { text } int }", root_value=root
    )

    assert result == {
        "data": {
            "text": None,
            "child": None,
            "texts": None,
            "children": [None, None, {"text": None}],
            "int": None,
        }
    }


@pytest.mark.parametrize("value", [None, Undefined])
async def test_where_neither_may_be_the_object_is_null(schema: GraphQLSchema, value: Any) -> None:
    root = {"children": [{"must": "a"}, {"must": value}], "must": "b"}

    result = await response_to(schema, "{ children { must } must }", root_value=root)

    assert result["data"] == {"children": [{"must": "a"}, None], "must": "b"}
    assert result["errors"][0]["message"] == (
        "Cannot return null for non-nullable field Query.must."
    )


async def test_an_object_without_fields_is_empty(schema: GraphQLSchema) -> None:
    query = "query ($on: Boolean!) { child { text @include(if: $on) } }"

    result = await response_to(schema, query, {"on": False}, root_value={"child": {}})

    assert result["data"] == {"child": {}}


async def test_no_depth_is_too_deep(schema: GraphQLSchema) -> None:
    depth = 150
    root: dict[str, Any] = {"text": "deep"}
    for _ in range(depth):
        root = {"child": root}
    query = "{ child " * depth + "{ text }" + " }" * depth

    result = await run(Engine(schema), query, root_value=root)

    found = result.data
    for _ in range(depth):
        assert found is not None
        found = found["child"]
    assert found == {"text": "deep"}
