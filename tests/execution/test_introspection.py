"""Introspection runs on plans like any other operation."""

import graphql
import pytest

from execution import Engine
from schema.root import create_schema
from tests.execution.asking import request, response_to, run, run_by_graphql_core, schema_of

SDL = """
"A thing"
interface Thing { "Its name" name(upper: Boolean = false, list: [Int!] = [1, 2]): String! }
type Query implements Thing @marked {
  name(upper: Boolean = false, list: [Int!] = [1, 2]): String!
  old: Int @deprecated
}
enum Colour { RED GREEN @deprecated(reason: "grey") }
input Wish { colour: Colour = RED, wishes: [Wish!] }
union Any = Query
scalar Time @specifiedBy(url: "https://example.com/time")
directive @marked repeatable on OBJECT
"""


async def test_the_standard_query() -> None:
    await response_to(schema_of(SDL), graphql.get_introspection_query(specified_by_url=True))


async def test_of_the_whole_api() -> None:
    schema = create_schema().graphql
    asked = request(graphql.get_introspection_query(input_value_deprecation=True))
    engine = Engine(schema)

    for _ in range(2):
        ours = await run(engine, asked)
        theirs = await run_by_graphql_core(schema, asked)
        assert ours.errors is None
        assert ours.data == theirs.data

    assert (engine.counts.planned, engine.counts.by_graphql_core) == (1, 0)


@pytest.mark.parametrize(
    "query",
    [
        '{ __type(name: "Wish") { kind inputFields { name type { name ofType { name } } } } }',
        '{ __type(name: "Nothing") { kind } __typename }',
        "{ __schema { __typename types { __typename name } } }",
        '{ name __type(name: "Thing") { possibleTypes { name } fields { args { name } } } }',
        """query ($of: String!, $old: Boolean) {
          __type(name: $of) { fields(includeDeprecated: $old) { name } }
        }""",
    ],
)
async def test_parts_of_it(query: str) -> None:
    variables = {"of": "Query", "old": True}

    await response_to(schema_of(SDL), query, variables, root_value={"name": "the name"})
