"""An operation may have as much as each limit allows, and not one more."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    get_introspection_query,
)
from hypothesis import given
from hypothesis import strategies as st

from schema.documents import Documents
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.limits import Limits, count_values
from schema.root import CompiledSchema
from server.graphiql import graphiql_tabs
from tests.support.graphql import EVERYTHING, Json
from tests.support.limits import limited, refusal

CLIENTS = Path(__file__).parents[2] / "clients"


def refusal_of(schema: CompiledSchema, query: str, operation_name: str) -> Json | None:
    """The extensions of the error that refuses one of a document's operations; None without it."""
    prepared = parse_and_validate(schema, GraphQLRequest(query, operation_name=operation_name))
    return None if isinstance(prepared, ExecutableOperation) else prepared.errors[0].extensions


PLAN_AND_CAMPAIGN = (
    "strategyPlan { drafts(first: 0) { nodes { ...F } } }"
    " campaign { drafts(first: 0) { nodes { ...F } } }"
)

FORMS = {
    "fields": "{{ {0} }}",
    "an inline fragment": "{{ ... on Query {{ {0} }} }}",
    "an inline fragment of no type": "{{ ... {{ {0} }} }}",
    "a named fragment": "{{ ...Some }} fragment Some on Query {{ {0} }}",
    "nested fragments": (
        "{{ ...A }} fragment A on Query {{ ... {{ ...B }} }}"
        " fragment B on Query {{ ... on Query {{ ...C }} }} fragment C on Query {{ {0} }}"
    ),
}

AMOUNTS = {
    "depth": ("briefs { nodes { strategyPlans { edges { node { strategyId } } } } }", 6),
    "aliases": ("a: __typename b: briefs { c: totalCount }", 3),
    "fields": ("a: __typename b: briefs { c: totalCount nodes { briefId } }", 5),
    "directives": (
        "__typename @include(if: true) @skip(if: false) ... @include(if: true) { __typename }",
        3,
    ),
    "rootFields": ('__typename briefs { totalCount } brief(briefId: "1") { briefId }', 3),
    "listNesting": ("briefs { nodes { strategyPlans { edges { node { kpis { name } } } } } }", 3),
    "cost": ("briefs(first: 3) { nodes { briefId } }", 4),
}
every_amount = pytest.mark.parametrize(
    ("limit", "fields", "amount"),
    [(limit, *amount) for limit, amount in AMOUNTS.items()],
    ids=AMOUNTS,
)


def named(limit: str) -> str:
    return {"rootFields": "root_fields", "listNesting": "list_nesting"}.get(limit, limit)


@every_amount
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_as_much_as_the_limit_is_allowed(
    schema: CompiledSchema, form: str, limit: str, fields: str, amount: int
) -> None:
    assert refusal(limited(schema, **{named(limit): amount}), form.format(fields)) is None


@every_amount
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_is_above_the_limit_is_refused_with_limit_and_amount(
    schema: CompiledSchema, form: str, limit: str, fields: str, amount: int
) -> None:
    error = refusal(limited(schema, **{named(limit): amount - 1}), form.format(fields))

    assert error == {
        "message": f"{limit}: at most {amount - 1} allowed, but the operation has {amount}.",
        "extensions": {
            "code": "LIMIT_EXCEEDED",
            "limit": limit,
            "allowed": amount - 1,
            "amount": amount,
        },
    }


@every_amount
def test_a_fragment_counts_as_often_as_it_is_spread(
    schema: CompiledSchema, limit: str, fields: str, amount: int
) -> None:
    query = f"{{ ...A ...A }} fragment A on Query {{ ...B }} fragment B on Query {{ {fields} }}"
    found = amount if limit in ("depth", "listNesting") else 2 * amount

    assert refusal(limited(schema, **{named(limit): found}), query) is None
    error = refusal(limited(schema, **{named(limit): found - 1}), query)
    assert error is not None
    assert (error["extensions"]["limit"], error["extensions"]["amount"]) == (limit, found)


def test_tokens(schema: CompiledSchema) -> None:
    query = "{ a: __typename } # they end here"

    assert refusal(limited(schema, tokens=5), query) is None
    error = refusal(limited(schema, tokens=4), query)
    assert error is not None
    assert error["message"] == "tokens: at most 4 allowed, but the operation has 5."


def test_comments_are_counted_beside_tokens(schema: CompiledSchema) -> None:
    query = "{ # 1\n a: __typename # 2\n }"
    assert refusal(limited(schema, tokens=5), query) is None
    few = "{ __typename " + "# comment\n" * 6
    for query in (f"{few} }}", f"{few} ? }}"):
        error = refusal(limited(schema, tokens=5), query)
        assert error is not None
        assert error["message"] == "tokens: at most 5 allowed, but the operation has 6."


def test_characters(schema: CompiledSchema) -> None:
    query = "{ __typename } #…"

    assert refusal(limited(schema, characters=17), query) is None
    error = refusal(limited(schema, characters=16), query)
    assert error is not None
    assert error["message"] == "characters: at most 16 allowed, but the operation has 17."


def test_values_of_variables(schema: CompiledSchema) -> None:
    query = "query ($filter: BriefFilter) { briefs(filter: $filter) { totalCount } }"
    variables = {"filter": {"briefId": {"in": ["a", "b"]}}}

    assert refusal(limited(schema, variable_values=5), query, variables) is None
    error = refusal(limited(schema, variable_values=4), query, variables)
    assert error is not None
    assert error["message"] == "variableValues: at most 4 allowed, but the operation has 5."


def test_input_objects(schema: CompiledSchema) -> None:
    """Not those within JSON, and however many other values there are."""
    query = """
        mutation ($input: NormalizeBriefInput!) {
          normalizeBrief(input: $input) { errors { code } }
        }
    """
    guidelines: Json = {"a": {"b": [{}, {}, {}]}}
    brief = {"scope": {"deliverables": ["a", "b"]}, "brandGuidelines": guidelines}

    assert refusal(limited(schema, input_objects=2), query, {"input": brief}) is None
    error = refusal(limited(schema, input_objects=1), query, {"input": brief})
    assert error is not None
    assert error["message"] == "inputObjects: at most 1 allowed, but the operation has 2."


@pytest.mark.parametrize(
    ("variables", "values"),
    [
        (None, 0),
        ({}, 0),
        ({"a": None, "b": "text", "c": 1.5}, 3),
        ({"a": []}, 1),
        ({"a": [1, [2, {"b": 3}]]}, 6),
    ],
)
def test_a_value_is_whatever_stands_somewhere(variables: Json | None, values: int) -> None:
    assert count_values(variables) == values


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.just(""),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=50,
)


@given(st.dictionaries(st.text("ab", max_size=2), VALUES))
def test_a_value_takes_two_bytes_of_a_request_at_least(variables: Json) -> None:
    """So nothing has to be counted in small ones."""
    request = json.dumps({"query": "{a}", "variables": variables}, separators=(",", ":"))

    assert count_values(variables) <= len(request) / 2


def test_what_comes_in_a_small_request_is_not_counted(schema: CompiledSchema) -> None:
    query = "query ($filter: BriefFilter) { briefs(filter: $filter) { totalCount } }"
    variables = {"filter": {"briefId": {"in": ["a", "b"]}}}
    few = limited(schema, variable_values=4)

    def limit_of(size: int | None) -> str | None:
        prepared = parse_and_validate(few, GraphQLRequest(query, variables, size=size))
        if isinstance(prepared, ExecutableOperation):
            return None
        [error] = prepared.errors
        return str((error.extensions or {})["limit"])

    assert [limit_of(size) for size in (None, 9, 8)] == ["variableValues", "variableValues", None]


def test_values_are_counted_however_deep_they_are() -> None:
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]

    assert count_values({"deep": deep}) == 100_001


def test_directives_of_the_operation_count(schema: CompiledSchema) -> None:
    error = refusal(limited(schema, directives=2), "query @a @b @c { __typename }")

    assert error is not None
    assert error["extensions"]["amount"] == 3


def test_each_operation_of_a_document_is_within_limits(schema: CompiledSchema) -> None:
    query = "query A { __typename } query B { a: __typename b: __typename }"

    prepared = parse_and_validate(
        limited(schema, aliases=1), GraphQLRequest(query, operation_name="A")
    )

    assert not isinstance(prepared, ExecutableOperation)
    assert prepared.errors[0].message.startswith("aliases: at most 1")


def test_fields_of_all_operations_count_together(schema: CompiledSchema) -> None:
    query = "query A { ...It } query B { ...It } fragment It on Query { briefs { totalCount } }"

    assert refusal_of(limited(schema, fields=4), query, "A") is None
    assert refusal_of(limited(schema, fields=3), query, "A") == {
        "code": "LIMIT_EXCEEDED",
        "limit": "fields",
        "allowed": 3,
        "amount": 4,
    }


def test_pages_without_items_cost_nothing_but_have_fields(schema: CompiledSchema) -> None:
    query = "{ drafts(first: 0) { nodes { ...F0 } } }" + "".join(
        f"fragment F{level} on Draft {{ {PLAN_AND_CAMPAIGN.replace('F', f'F{level + 1}')} }}"
        for level in range(4)
    )
    query += "fragment F4 on Draft { title }"

    assert refusal(limited(schema, cost=1, fields=108), query) is None
    error = refusal(limited(schema, cost=1, fields=107), query)
    assert error is not None
    assert error["extensions"]["amount"] == 108


# What real clients send is within the limits


@pytest.mark.parametrize("tab", graphiql_tabs(), ids=lambda tab: tab.file)
def test_graphiqls_tabs_are_within_the_limits(schema: CompiledSchema, tab: Any) -> None:
    assert (
        not Documents(schema.graphql, Limits(), introspection=True)
        .parse_and_validate(tab.query)
        .errors
    )


@pytest.mark.parametrize(
    "query",
    [
        get_introspection_query(),
        get_introspection_query(
            specified_by_url=True,
            directive_is_repeatable=True,
            schema_description=True,
            input_value_deprecation=True,
        ),
        EVERYTHING,
    ],
    ids=["introspection", "all of introspection", "everything"],
)
def test_large_queries_are_within_the_limits(schema: CompiledSchema, query: str) -> None:
    assert refusal(schema, query) is None


def test_the_operations_of_our_clients_are_within_the_limits(schema: CompiledSchema) -> None:
    files = sorted(CLIENTS.glob("operations/*.graphql"))
    assert files

    document = "\n".join(file.read_text("utf-8") for file in files)

    assert schema.documents.parse_and_validate(document).errors == ()


# Conditions of filters


MANY = {"or": [{"title": {"eq": "a"}}] * 200}


WRITTEN = "{ or: [" + '{ title: { eq: "a" } } ' * 134 + "] }"


def filtered(aliases: int, filter: str = "$filter") -> str:
    fields = " ".join(
        f"a{number}: drafts(first: 1, filter: {filter}) {{ totalCount }}"
        for number in range(aliases)
    )
    return f"query Filtered($filter: DraftFilter) {{ {fields} }}"


def test_filters_of_all_fields_have_400_conditions_together(schema: CompiledSchema) -> None:
    assert refusal(schema, filtered(2), {"filter": MANY}) is None
    error = refusal(schema, filtered(3), {"filter": MANY})
    assert error is not None
    assert error["message"] == "conditions: at most 400 allowed, but the operation has 600."


def test_long_lists_in_filters_count_by_their_length(schema: CompiledSchema) -> None:
    some = {"draftId": {"in": ["a"] * 500}}
    assert refusal(schema, filtered(36), {"filter": some}) is None
    assert refusal(schema, filtered(37), {"filter": some}) is not None


@pytest.mark.parametrize(
    "query",
    [
        filtered(3, "{ and: [$filter] }").replace("DraftFilter", "DraftFilter!"),
        filtered(3, '{ title: { ne: "b" }, not: $filter }'),
        filtered(3).replace("DraftFilter", f"DraftFilter = {WRITTEN}"),
        filtered(3, WRITTEN).replace("($filter: DraftFilter)", ""),
        "query($filter: DraftFilter) { ...All } fragment All on Query { a: ...One }".replace(
            "a: ...One", " ".join(f"a{n}: drafts(filter: $filter) {{ totalCount }}" for n in "123")
        ),
    ],
    ids=["in a list", "in an object", "by default", "written", "in a fragment"],
)
def test_conditions_count_wherever_they_are(schema: CompiledSchema, query: str) -> None:
    given = {"filter": MANY} if "$filter" in query and WRITTEN not in query else {}
    error = refusal(schema, query, given)
    assert error is not None
    assert error["message"].startswith("conditions: at most 400 allowed")
