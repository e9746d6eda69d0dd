"""Introspection is answered once for each operation and its variables."""

from typing import Any

import pytest
from graphql import get_introspection_query

from repositories.cache import Cache
from repositories.factory import PersistenceMode, create_storage
from schema.root import create_schema
from tests.support.graphql import InProcess

TYPE = "query($name: String!, $no: Boolean!) { __type(name: $name) { name kind @skip(if: $no) } }"


@pytest.fixture
def api() -> InProcess:
    return InProcess(create_schema(), create_storage(PersistenceMode.INMEMORY))


async def test_the_schema_is_told_again_without_being_looked_up(api: InProcess) -> None:
    query = get_introspection_query()

    first, second = [await api.send(query) for _ in range(2)]

    assert first == second
    assert len(first["data"]["__schema"]["types"]) > 50
    assert api.schema.engine.counts.by_plan == 1


async def test_other_variables_have_another_response(api: InProcess) -> None:
    for _ in range(2):
        assert await api.ask(TYPE, name="Draft", no=False) == {
            "__type": {"name": "Draft", "kind": "OBJECT"}
        }
        assert await api.ask(TYPE, name="Draft", no=True) == {"__type": {"name": "Draft"}}
        assert await api.ask(TYPE, name="Missing", no=True) == {"__type": None}
    assert api.schema.engine.counts.by_plan == 3


@pytest.mark.parametrize(
    "value",
    ["\ud800", 10**30, float("inf"), [[[]]], {"a": {"\ud800": [None]}}],
    ids=["text without bytes", "large integer", "infinity", "lists", "objects"],
)
async def test_variables_that_nobody_defined_make_no_difference(api: InProcess, value: Any) -> None:
    for given in ({}, {"other": value}):
        response = await api.send(TYPE, {"name": "Draft", "no": True, **given})
        assert response == {"data": {"__type": {"name": "Draft"}}}
    assert api.schema.engine.counts.by_plan == 1


@pytest.mark.parametrize("name", ["\ud800", "n" * 100_000], ids=["no bytes", "long"])
async def test_types_are_looked_up_by_whatever_text(api: InProcess, name: str) -> None:
    for _ in range(2):
        assert await api.ask(TYPE, name=name, no=True) == {"__type": None}


async def test_beside_anything_else_it_is_looked_up_each_time(api: InProcess) -> None:
    query = '{ __typename __schema { queryType { name } } draft(draftId: "x") { title } }'

    for _ in range(2):
        assert (await api.ask(query))["draft"] is None
    assert api.schema.engine.counts.by_plan == 2


async def test_no_more_is_kept_than_fits() -> None:
    cache = Cache(4_000_000)
    repositories = create_storage(PersistenceMode.INMEMORY)
    api = InProcess(create_schema(cache=cache), repositories)

    for place in range(40):
        await api.ask(get_introspection_query().replace("IntrospectionQuery", f"Q{place}"))

    assert 3_000_000 < cache.weight <= 4_000_000
    await api.ask(get_introspection_query().replace("IntrospectionQuery", "Q39"))
    assert api.schema.engine.counts.by_plan == 40


async def test_other_operations_of_a_document_have_other_responses(api: InProcess) -> None:
    query = "query A { __typename } query B { b: __typename }"

    for _ in range(2):
        assert (await api.send(query, operation_name="A"))["data"] == {"__typename": "Query"}
        assert (await api.send(query, operation_name="B"))["data"] == {"b": "Query"}
    assert api.schema.engine.counts.by_plan == 2
