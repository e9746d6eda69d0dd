"""The cost of an operation is the number of objects that it may load."""

import pytest
from graphql import (
    DocumentNode,
    get_operation_ast,
    parse,
)

from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.limits import CHILDREN, SORTED, measure
from schema.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from schema.root import CompiledSchema, create_schema
from tests.support.graphql import Json
from tests.support.limits import limited, refusal


def cost_of(schema: CompiledSchema, query: str, variables: Json | None = None) -> int:
    prepared = parse_and_validate(schema, GraphQLRequest(query, variables, wants_cost=True))
    assert isinstance(prepared, ExecutableOperation), prepared.errors
    cost: int = prepared.extensions["cost"]
    return cost


PAGE = DEFAULT_PAGE_SIZE
ITEMS = CHILDREN
COSTS: dict[str, int] = {
    "{ __typename }": 0,
    '{ brief(briefId: "1") { briefId } }': 1,
    '{ a: brief(briefId: "1") { briefId } b: brief(briefId: "1") { briefId } }': 2,
    '{ node(id: "1") { id } }': 1,
    '{ nodes(ids: ["1", "2", "3"]) { id } }': 3,
    "{ nodes(ids: []) { id } }": 0,
    "{ briefs { totalCount } }": 1,
    "{ briefs { pageInfo { hasNextPage } } }": 2,
    "{ briefs { nodes { briefId } } }": 1 + PAGE,
    "{ briefs(first: 3) { nodes { briefId } } }": 1 + 3,
    "{ briefs(last: 3) { nodes { briefId } } }": 1 + 3,
    "{ briefs(first: 0) { nodes { briefId } } }": 1,
    "{ briefs(first: null) { nodes { briefId } } }": 1 + PAGE,
    "{ briefs(first: -1) { nodes { briefId } } }": 1,
    "{ briefs(first: 2000000000) { nodes { briefId } } }": 1 + MAX_PAGE_SIZE,
    "{ briefs(first: 2, last: 5) { nodes { briefId } } }": 1 + 5,
    "{ briefs(first: 3) { edges { cursor node { briefId } } } }": 1 + 3 * 2,
    "{ briefs(first: 3) { nodes { briefId } edges { cursor } } }": 1 + 3 + 3,
    '{ strategyPlan(strategyId: "1") { kpis { name } timeline { durationWeeks } } }': 1 + ITEMS + 1,
    "{ briefs(first: 3) { nodes { strategyPlans(first: 4) { nodes { kpis { name } } } } } }": (
        1 + 3 * (1 + 1 + 4 * (1 + ITEMS))
    ),
    "{ briefs(first: 3) { ...Page } } fragment Page on BriefConnection { nodes { briefId } }": 4,
    "{ a: briefs(first: 3) { ...Page } b: briefs(first: 5) { ... { ...Page } } }"
    " fragment Page on BriefConnection { nodes { briefId } totalCount }": 4 + 6,
    "{ __typename briefs(first: 3) { __typename nodes { __typename briefId } } }": 4,
    'mutation { deleteBrief(input: { briefId: "1" }) { errors { message } } }': 1 + ITEMS,
    "{ __schema { types { name } } }": 1 + ITEMS,
    '{ __type(name: "Brief") { fields { name } } }': 1 + ITEMS,
}


@pytest.mark.parametrize(("query", "cost"), COSTS.items())
def test_the_cost_is_the_number_of_objects_that_may_be_loaded(
    schema: CompiledSchema, query: str, cost: int
) -> None:
    assert cost_of(schema, query) == cost


BY_VARIABLE = "query ($size: Int) { briefs(first: $size) { nodes { briefId } } }"
BY_DEFAULT = "query ($size: Int = 7) { briefs(first: $size) { nodes { briefId } } }"
BY_NULL = "query ($size: Int = null) { briefs(first: $size) { nodes { briefId } } }"
BY_IDS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


@pytest.mark.parametrize(
    ("query", "variables", "allowed"),
    [
        (BY_VARIABLE, {"size": 49}, True),
        (BY_VARIABLE, {"size": 50}, False),
        (BY_VARIABLE, {"size": None}, True),
        (BY_VARIABLE, {}, True),
        (BY_VARIABLE, {"size": "50"}, False),
        (BY_VARIABLE, {"size": 10**30}, False),
        (BY_DEFAULT, {}, True),
        (BY_DEFAULT, {"size": 50}, False),
        (BY_NULL, {}, True),
        (BY_IDS, {"ids": ["1"] * 50}, True),
        (BY_IDS, {"ids": ["1"] * 51}, False),
        (BY_IDS, {"ids": "1"}, False),
    ],
)
def test_sizes_by_variables_count_as_they_come(
    schema: CompiledSchema, query: str, variables: Json, allowed: bool
) -> None:
    error = refusal(limited(schema, cost=50), query, variables)

    assert (error is None) is allowed
    assert error is None or error["extensions"]["limit"] == "cost"


def test_sizes_count_as_they_come_whatever_came_before(schema: CompiledSchema) -> None:
    """And a truth is no size, though it's equal to one."""
    schema = limited(schema, cost=50)
    costs: list[tuple[Json, int]] = [
        ({}, 8),
        ({"size": None}, 21),
        ({"size": 1}, 2),
        ({"size": True}, 2),
        ({"size": 5}, 6),
        ({"other": 5}, 8),
    ]

    for _ in range(2):
        for variables, cost in costs:
            assert cost_of(schema, BY_DEFAULT, variables) == cost
        for size in ("5", 5.0, 100, [5]):
            assert refusal(schema, BY_DEFAULT, {"size": size}) is not None


def test_the_amount_is_told_with_the_variables_that_came(schema: CompiledSchema) -> None:
    error = refusal(limited(schema, cost=50), BY_VARIABLE, {"size": 60})

    assert error is not None
    assert error["extensions"]["amount"] == 61


def test_the_cost_is_told_on_request_alone(schema: CompiledSchema) -> None:
    told = parse_and_validate(schema, GraphQLRequest("{ __typename }", wants_cost=True))
    untold = parse_and_validate(schema, GraphQLRequest("{ __typename }"))

    assert isinstance(told, ExecutableOperation)
    assert isinstance(untold, ExecutableOperation)
    assert (told.extensions, untold.extensions) == ({"cost": 0}, {})


@pytest.mark.parametrize(
    ("order", "more"),
    [
        ("", 0),
        ("(orderBy: {field: CREATED_AT, direction: ASC})", 0),
        ("(orderBy: {field: UPDATED_AT, direction: ASC})", 0),
        ("(orderBy: {field: DRAFT_ID, direction: DESC})", 0),
        ("(orderBy: {field: TITLE, direction: ASC})", SORTED),
        ("(orderBy: $order)", SORTED),
        ("(orderBy: {field: $field, direction: ASC})", SORTED),
    ],
)
def test_a_list_of_all_that_has_to_be_sorted_counts_more(order: str, more: int) -> None:
    schema = create_schema().graphql
    variables = "$order: DraftOrder, $field: DraftOrderField!"
    plain, sorted_ = [
        parse(f"query({variables}) {{ drafts{each} {{ nodes {{ draftId }} }} }}")
        for each in ("", order)
    ]

    def cost(document: DocumentNode, variables: Json | None = None) -> int:
        operation = get_operation_ast(document)
        assert operation is not None
        return measure(schema, document, operation, variables).cost

    assert cost(sorted_) == cost(plain) + more
    kept = {"order": {"field": "CREATED_AT", "direction": "ASC"}, "field": "DRAFT_ID"}
    if "$" in order:
        assert cost(sorted_, kept) == cost(plain)
