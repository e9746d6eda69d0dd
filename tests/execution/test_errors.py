"""Failed fields report errors, and become null with the fields around them."""

from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, Source
from graphql.language import FieldNode

from execution import Engine
from tests.execution.asking import response_to, run, schema_of

SDL = """
type Query { a: Node  b: Node  list: [Node]  strict: [Node!]!  must: Node!  text: String }
type Node { text: String  must: String!  node: Node  strictNode: Node!  nodes: [Node!] }
"""


class Refused(Exception):
    """With the extensions that a client gets."""

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.extensions = extensions


def failing(error: Exception) -> Any:
    def fail(*_: Any) -> Any:
        raise error

    return fail


@pytest.fixture
def schema() -> GraphQLSchema:
    return schema_of(SDL)


# What an error tells


async def test_an_error_tells_where_and_why(schema: GraphQLSchema) -> None:
    error = Refused("not you", code="FORBIDDEN")
    query = "{\n  a { node { text again: text } }\n}"

    ours = await run(Engine(schema), query, root_value={"a": {"node": {"text": failing(error)}}})
    theirs = await response_to(schema, query, root_value={"a": {"node": {"text": failing(error)}}})

    assert ours.data == {"a": {"node": {"text": None, "again": None}}}
    assert [one.formatted for one in ours.errors or ()] == theirs["errors"]
    first, second = ours.errors or []
    assert first.formatted == {
        "message": "not you",
        "locations": [{"line": 2, "column": 14}],
        "path": ["a", "node", "text"],
        "extensions": {"code": "FORBIDDEN"},
    }
    assert second.path == ["a", "node", "again"]
    assert first.original_error is error
    [node] = first.nodes or []
    assert isinstance(node, FieldNode)


async def test_merged_fields_are_all_located(schema: GraphQLSchema) -> None:
    result = await response_to(
        schema, "{ text ... { text } }", root_value={"text": failing(ValueError("no"))}
    )

    assert len(result["errors"][0]["locations"]) == 2


async def test_a_graphql_error_keeps_what_it_has(schema: GraphQLSchema) -> None:
    placed = GraphQLError(
        "elsewhere", source=Source("some text"), positions=[5], path=["x", 1], extensions={"k": "v"}
    )
    plain = GraphQLError("here", extensions={"code": "C"})

    result = await response_to(
        schema,
        "{ a { text } b { text } }",
        root_value={"a": {"text": failing(placed)}, "b": {"text": failing(plain)}},
    )

    assert result["errors"] == [
        {
            "message": "elsewhere",
            "locations": [{"line": 1, "column": 6}],
            "path": ["x", 1],
            "extensions": {"k": "v"},
        },
        {
            "message": "here",
            "locations": [{"line": 1, "column": 18}],
            "path": ["b", "text"],
            "extensions": {"code": "C"},
        },
    ]


async def test_an_exception_that_is_returned_counts_as_raised(schema: GraphQLSchema) -> None:
    root = {
        "text": ValueError("a scalar"),
        "a": ValueError("an object"),
        "list": [{"text": ValueError("below")}, ValueError("an item"), {"text": "x"}],
    }

    result = await response_to(schema, "{ text a { text } list { text } }", root_value=root)

    assert result["data"] == {
        "text": None,
        "a": None,
        "list": [{"text": None}, None, {"text": "x"}],
    }
    assert [error["message"] for error in result["errors"]] == [
        *("a scalar", "an object", "below", "an item")
    ]


async def test_one_error_may_be_reported_in_several_places(schema: GraphQLSchema) -> None:
    error = Refused("the same", code="C")

    result = await response_to(
        schema, "{ list { text } }", root_value={"list": [{"text": error}, {"text": error}]}
    )

    assert [one["path"] for one in result["errors"]] == [["list", 0, "text"], ["list", 1, "text"]]


# What becomes null


async def test_a_null_that_may_not_be_goes_up_to_where_it_may(schema: GraphQLSchema) -> None:
    node: dict[str, Any] = {"text": "t", "strictNode": {"strictNode": {"must": None}}}

    result = await response_to(
        schema,
        "{ a { text node { text strictNode { strictNode { must } } } } text }",
        root_value={"a": {"text": "t", "node": node}, "text": "T"},
    )

    assert result["data"] == {"a": {"text": "t", "node": None}, "text": "T"}
    assert [error["path"] for error in result["errors"]] == [
        ["a", "node", "strictNode", "strictNode", "must"]
    ]


async def test_up_to_an_item_or_a_list(schema: GraphQLSchema) -> None:
    nodes = [{"must": "a"}, {"must": None}]

    result = await response_to(
        schema,
        "{ list { must } a { nodes { must } text } }",
        root_value={"list": nodes, "a": {"nodes": nodes, "text": "t"}},
    )

    assert result["data"] == {"list": [{"must": "a"}, None], "a": {"nodes": None, "text": "t"}}


@pytest.mark.parametrize(
    "root",
    [
        {"must": None},
        {"must": {"must": None}},
        {"must": {"must": "m"}, "strict": None},
        {"must": {"must": "m"}, "strict": [{"must": "m"}, None]},
        {"must": {"must": "m"}, "strict": [{"must": failing(ValueError("no"))}]},
    ],
)
async def test_up_to_all_of_the_data(schema: GraphQLSchema, root: dict[str, Any]) -> None:
    result = await response_to(schema, "{ text must { must } strict { must } }", root_value=root)

    assert result["data"] is None
    assert len(result["errors"]) == 1


async def test_what_becomes_null_already_gets_no_second_error(schema: GraphQLSchema) -> None:
    broken = {"must": None, "strictNode": None, "text": failing(ValueError("late"))}

    result = await response_to(
        schema, "{ a { must strictNode { text } text } }", root_value={"a": broken}
    )

    assert result["data"] == {"a": None}
    assert [error["path"] for error in result["errors"]] == [["a", "must"]]


async def test_what_came_before_in_the_document_is_still_reported(schema: GraphQLSchema) -> None:
    broken = {"must": None, "text": failing(ValueError("early"))}

    result = await response_to(schema, "{ a { text must } }", root_value={"a": broken})

    assert result["data"] == {"a": None}
    assert [error["path"] for error in result["errors"]] == [["a", "text"], ["a", "must"]]


async def test_errors_come_in_the_order_of_the_document(schema: GraphQLSchema) -> None:
    """Though the engine meets those of a level before those below it."""
    fails = {"text": failing(ValueError("no"))}
    root = {
        "a": {"node": {"node": fails, **fails}, **fails},
        "list": [fails, {"node": fails}],
        **fails,
    }

    result = await response_to(
        schema,
        "{ a { node { node { text } text } text } list { node { text } text } text }",
        root_value=root,
    )

    assert [error["path"] for error in result["errors"]] == [
        ["a", "node", "node", "text"],
        ["a", "node", "text"],
        ["a", "text"],
        ["list", 0, "text"],
        ["list", 1, "node", "text"],
        ["text"],
    ]


async def test_an_error_after_a_wait_comes_after_those_before_it(schema: GraphQLSchema) -> None:
    async def later(_: Any) -> str:
        raise ValueError("later")

    root = {"a": {"text": later}, "b": {"text": failing(ValueError("at once"))}}

    result = await response_to(schema, "{ a { text } b { text } }", root_value=root)

    assert [error["message"] for error in result["errors"]] == ["at once", "later"]


async def test_what_no_resolver_may_raise_ends_the_operation(schema: GraphQLSchema) -> None:
    """Only exceptions are errors of a field, as with graphql-core."""
    with pytest.raises(KeyboardInterrupt):
        await run(
            Engine(schema),
            "{ text }",
            root_value={"text": failing(KeyboardInterrupt())},  # type: ignore[arg-type]
        )
