"""Where values come from: resolvers, and what they are given; attributes; keys and methods."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from graphql.pyutils import Path

from execution import OWN_RESOLVER, Engine, FieldBinding
from tests.execution.asking import request, response_to, run, run_by_graphql_core, schema_of

SDL = """
interface Named { name: String }
type Query implements Named {
  name: String  number(of: Int = 7, text: String): String  things: [Thing]
  rows: [[Thing]]  named: [Named]  fails: String
}
type Thing implements Named { name: String  things: [Thing]  query: Query }
"""


def query_type(schema: GraphQLSchema) -> GraphQLObjectType:
    assert schema.query_type is not None
    return schema.query_type


# What a resolver is given


def described(info: GraphQLResolveInfo[Any]) -> dict[str, Any]:
    """All of it that can be compared."""
    told = info._asdict()
    told["path"] = _of(info.path)
    told["field_nodes"] = list(info.field_nodes)
    told["variable_values"] = info.variable_values.coerced
    del told["async_helpers"]
    return told


def _of(path: Path | None) -> list[tuple[str | int, str | None]]:
    return [*_of(path.prev), (path.key, path.typename)] if path is not None else []


async def test_info_is_that_of_graphql_core() -> None:
    infos: dict[str, list[dict[str, Any]]] = {}
    who = ""

    def resolve(source: dict[str, Any], info: GraphQLResolveInfo[Any], **_: Any) -> Any:
        infos.setdefault(who, []).append(described(info))
        return source.get(info.field_name)

    schema = schema_of(
        SDL, Query=dict.fromkeys(("number", "things", "rows"), resolve), Thing={"name": resolve}
    )
    asked = request(
        "query Q($n: Int) { number(of: $n) things { n: name ...T } rows { name } } "
        "fragment T on Thing { n: name name }",
        "Q",
    )
    root = {"things": [{"name": "a"}, {"name": "b"}], "rows": [[], [{"name": "c"}]]}
    options: dict[str, Any] = {"root_value": root, "context_value": object()}

    who = "engine"
    ours = await run(Engine(schema), asked, {"n": 1}, **options)
    who = "graphql-core"
    theirs = await run_by_graphql_core(schema, asked, {"n": 1}, **options)

    assert ours.data == theirs.data
    by_path = lambda told: str(told["path"])  # noqa: E731
    assert sorted(infos["engine"], key=by_path) == sorted(infos["graphql-core"], key=by_path)


async def test_paths_have_the_indexes_of_lists() -> None:
    def resolve(_: Any, info: GraphQLResolveInfo[Any]) -> str:
        return ".".join(map(str, info.path.as_list()))

    schema = schema_of(SDL, Thing={"name": resolve})
    root = {"rows": [[], [{}, {}], None, [{}]], "things": [{"things": [{}]}, {"things": [{}, {}]}]}

    result = await response_to(
        schema, "{ rows { name } things { things { name } } }", root_value=root
    )

    assert result["data"]["rows"] == [
        [],
        [{"name": "rows.1.0.name"}, {"name": "rows.1.1.name"}],
        None,
        [{"name": "rows.3.0.name"}],
    ]
    assert result["data"]["things"][1]["things"][1] == {"name": "things.1.things.1.name"}


async def test_arguments_are_literals_variables_and_defaults() -> None:
    def number(_: Any, _info: Any, **arguments: Any) -> str:
        return str(sorted(arguments.items()))

    schema = schema_of(SDL, Query={"number": number})
    query = """query ($n: Int, $t: String) {
      none: number  literal: number(of: 1, text: "x")  variables: number(of: $n, text: $t)
      null: number(of: null)
    }"""

    result = await response_to(schema, query, {"n": 3})

    assert result["data"] == {
        "none": "[('of', 7)]",
        "literal": "[('of', 1), ('text', 'x')]",
        "variables": "[('of', 3)]",
        "null": "[('of', None)]",
    }


async def test_arguments_that_can_not_be_had_fail_the_field() -> None:
    """Documents come validated; this one didn't."""
    schema = schema_of(SDL, Query={"number": lambda *_, **__: pytest.fail("called")})

    result = await response_to(schema, '{ number(of: "many") name }', root_value={"name": "N"})

    assert result["data"] == {"number": None, "name": "N"}
    assert len(result["errors"]) == 1


# Fields without a resolver


async def test_without_a_resolver_a_field_is_a_key_an_attribute_or_a_method() -> None:
    class Thing:
        name = "attribute"

        def query(self, info: GraphQLResolveInfo[Any]) -> dict[str, str]:
            return {"name": f"method at {info.path.key}"}

    root = {"things": [{"name": "key"}, Thing(), {"name": lambda _: "called"}, {}]}

    result = await response_to(
        schema_of(SDL), "{ things { name query { name } } }", root_value=root
    )

    assert result["data"]["things"] == [
        {"name": "key", "query": None},
        {"name": "attribute", "query": {"name": "method at query"}},
        {"name": "called", "query": None},
        {"name": None, "query": None},
    ]


async def test_a_field_that_the_schema_lacks_is_left_out() -> None:
    """Documents come validated; this one didn't."""
    result = await response_to(schema_of(SDL), "{ nothing name }", root_value={"name": "N"})

    assert result["data"] == {"name": "N"}


# Attributes


async def test_an_attribute_is_read_without_calling_the_resolver() -> None:
    schema = schema_of(SDL, Thing={"name": lambda *_: pytest.fail("called")})

    def binding_of(field: GraphQLField) -> FieldBinding:
        thing = schema.type_map["Thing"]
        assert isinstance(thing, GraphQLObjectType)
        return FieldBinding(attribute="title" if field is thing.fields["name"] else None)

    things = [SimpleNamespace(title="a"), SimpleNamespace(title=None), SimpleNamespace()]

    result = await run(
        Engine(schema, binding_of=binding_of),
        "{ things { name } }",
        root_value={"things": things},
    )

    assert result.data == {"things": [{"name": "a"}, {"name": None}, {"name": None}]}
    [error] = result.errors or []
    assert error.path == ["things", 2, "name"]
    assert isinstance(error.original_error, AttributeError)


async def test_a_resolver_may_have_another_in_its_place() -> None:
    def others(of: GraphQLField) -> FieldBinding:
        return (
            FieldBinding(resolve=lambda _, info, **given: repr(given)) if of.args else OWN_RESOLVER
        )

    schema = schema_of(SDL, Query=dict.fromkeys(("name", "number"), lambda *_, **__: "its own"))
    engine = Engine(schema, binding_of=others)

    result = await run(engine, '{ name number(text: "a") }')

    assert result.data == {"name": "its own", "number": "{'of': 7, 'text': 'a'}"}


async def test_properties_that_fail_fail_their_own_place_and_are_read_once() -> None:
    reads: Counter[str] = Counter()

    class Thing:
        def __init__(self, key: str) -> None:
            self.key = key

        @property
        def title(self) -> str:
            reads[self.key] += 1
            if self.key == "bad":
                raise ValueError("no title")
            return self.key

    schema = schema_of(SDL)

    def binding_of(field: GraphQLField) -> FieldBinding:
        is_name = field is schema.type_map["Thing"].fields["name"]  # type: ignore[attr-defined]
        return FieldBinding(attribute="title" if is_name else None)

    result = await run(
        Engine(schema, binding_of=binding_of),
        "{ things { name } }",
        root_value={"things": [Thing("a"), Thing("bad"), Thing("b")]},
    )

    assert result.data == {"things": [{"name": "a"}, {"name": None}, {"name": "b"}]}
    assert [error.message for error in result.errors or ()] == ["no title"]
    assert reads == {"a": 1, "bad": 1, "b": 1}


# How often


async def test_a_resolver_runs_once_for_each_place_whatever_fails() -> None:
    calls: Counter[str] = Counter()

    def resolve(source: dict[str, Any], info: GraphQLResolveInfo[Any]) -> Any:
        calls[str(info.path.as_list())] += 1
        value = source.get(info.field_name)
        if isinstance(value, Exception):
            raise value
        return value

    async def resolve_later(source: dict[str, Any], info: GraphQLResolveInfo[Any]) -> Any:
        return resolve(source, info)

    schema = schema_of(
        SDL,
        Query=dict.fromkeys(("name", "things", "fails"), resolve_later),
        Thing={"name": resolve, "things": resolve_later},
    )
    things = [
        {"name": "a", "things": ValueError("no things")},
        {"name": ValueError("no name"), "things": 7},
        None,
        {"name": {}, "things": [{"name": "b"}, ValueError("broken")]},
    ]
    root = {"name": "N", "fails": ValueError("fails"), "things": things}

    result = await run(
        Engine(schema),
        """{ name name fails things { name ...More } }
        fragment More on Thing { name things { name } }""",
        root_value=root,
    )

    assert len(result.errors or ()) == 6
    assert set(calls.values()) == {1}
    assert len(calls) == 3 + 2 * 3 + 1


# Merged fields


async def test_fields_of_one_key_are_merged() -> None:
    schema = schema_of(SDL)
    root = {"things": [{"name": "a", "query": {"name": "q"}}]}

    result = await response_to(
        schema,
        """{
          things { name }
          ...One
          ... on Query { things { query { name } } }
          again: things { name }
        }
        fragment One on Query { things { title: name query { __typename } } }
        """,
        root_value=root,
    )

    assert result["data"] == {
        "things": [{"name": "a", "title": "a", "query": {"__typename": "Query", "name": "q"}}],
        "again": [{"name": "a"}],
    }


async def test_keys_come_in_the_order_of_the_document() -> None:
    root = {"name": "N", "things": []}

    result = await response_to(
        schema_of(SDL), "{ z: name things { name } a: name __typename }", root_value=root
    )

    assert list(result["data"]) == ["z", "things", "a", "__typename"]


async def test_typename_is_at_hand_everywhere() -> None:
    root = {"things": [{"query": {}}], "named": [{"__typename": "Thing"}, {"__typename": "Query"}]}

    result = await response_to(
        schema_of(SDL),
        "{ __typename t: __typename things { __typename query { __typename } } "
        "named { __typename ... on Thing { kind: __typename } } }",
        root_value=root,
    )

    assert result["data"] == {
        "__typename": "Query",
        "t": "Query",
        "things": [{"__typename": "Thing", "query": {"__typename": "Query"}}],
        "named": [{"__typename": "Thing", "kind": "Thing"}, {"__typename": "Query"}],
    }
