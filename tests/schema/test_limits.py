"""How much one operation may ask for, and that finding out costs little."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    get_introspection_query,
    get_operation_ast,
    parse,
    visit,
)
from hypothesis import given
from hypothesis import strategies as st

from repositories.cache import Cache
from schema.documents import Documents
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.limits import CHILDREN, SORTED, Limits, Measuring, count_values, measure
from schema.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from schema.root import CompiledSchema, create_schema
from server.graphiql import graphiql_tabs
from tests.support.graphql import EVERYTHING, Json

CLIENTS = Path(__file__).parents[2] / "clients"


def limited(schema: CompiledSchema, **limits: int) -> CompiledSchema:
    """The schema with other limits."""
    documents = Documents(schema.graphql, Limits(**limits), introspection=True)
    return replace(schema, documents=documents)


def refusal(schema: CompiledSchema, query: str, variables: Json | None = None) -> Json | None:
    """The one error of an operation that is refused; None when it may be executed."""
    prepared = parse_and_validate(schema, GraphQLRequest(query, variables))
    if isinstance(prepared, ExecutableOperation):
        return None
    assert prepared.is_refused
    [error] = prepared.as_json()["errors"]
    assert isinstance(error, dict)
    return error


def refusal_of(schema: CompiledSchema, query: str, operation_name: str) -> Json | None:
    """What extensions say of why one of a document's operations is refused."""
    prepared = parse_and_validate(schema, GraphQLRequest(query, operation_name=operation_name))
    return None if isinstance(prepared, ExecutableOperation) else prepared.errors[0].extensions


def cost_of(schema: CompiledSchema, query: str, variables: Json | None = None) -> int:
    prepared = parse_and_validate(schema, GraphQLRequest(query, variables, wants_cost=True))
    assert isinstance(prepared, ExecutableOperation), prepared.errors
    cost: int = prepared.extensions["cost"]
    return cost


# Each limit: as much is allowed, and not one more

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


# Cost

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


# Measuring takes as long as the document, not as what it expands to


def bomb(levels: int, on: str = "Query", last: str = "__typename") -> str:
    """Each fragment spreads the next one twice."""
    names = [f"F{level}" for level in range(levels)]
    return "".join(
        [
            "{...F0}",
            *(
                f"fragment {name} on {on}{{...{next_}...{next_}}}"
                for name, next_ in pairwise(names)
            ),
            f"fragment {names[-1]} on {on}{{{last}}}",
        ]
    )


def selections_in(document: Node) -> int:
    """How many fields, spreads and inline fragments it has as it's written."""
    found = 0

    class Count(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            nonlocal found
            found += isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode)

    visit(document, Count())
    return found


LARGE = {
    "a bomb": bomb(60),
    "a bomb of pages": bomb(60, last="briefs(first: 7) { nodes { briefId } }"),
    "a fragment on pages of all sizes": (
        "{" + "".join(f"p{size}: briefs(first: {size}) {{ ...Page }} " for size in range(100)) + "}"
        "fragment Page on BriefConnection {" + "totalCount nodes { briefId }" * 300 + "}"
    ),
    "many operations with one fragment": (
        "".join(f"query Q{number} {{ ...Some }} " for number in range(400))
        + "fragment Some on Query {"
        + "__typename " * 1_000
        + "}"
    ),
    "a fragment in itself": "{ ...A } fragment A on Query { ...A __typename ...A }",
}


@pytest.mark.parametrize("query", LARGE.values(), ids=LARGE)
def test_every_selection_is_measured_once(schema: CompiledSchema, query: str) -> None:
    document = parse(query)
    measuring = Measuring(schema.graphql, document)

    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            measuring.operation(definition)

    assert measuring.selections <= selections_in(document)


def test_equal_selections_are_measured_once(schema: CompiledSchema) -> None:
    fields = " ".join(
        f'a{number}: draft(draftId: "{number}") {{ title qcResult {{ issues {{ severity }} }} }}'
        f" b{number}: qcResult(draftId: {number}) {{ issues {{ position }} }}"
        for number in range(20)
    )
    document = parse(f"{{ {fields} }}")
    measuring = Measuring(schema.graphql, document)
    operation = get_operation_ast(document)
    assert operation is not None
    measures = measuring.operation(operation)
    assert measures.fields == 20 * (5 + 3)
    assert measuring.selections == 40 + 4 + 2


def test_a_bomb_of_few_bytes_is_refused_by_what_it_expands_to(schema: CompiledSchema) -> None:
    small = bomb(23)
    assert len(small) < 800

    error = refusal(schema, small)

    assert error is not None
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "rootFields",
        "allowed": 100,
        "amount": 2**22,
    }


def test_numbers_that_nobody_can_read_are_not_written(schema: CompiledSchema) -> None:
    error = refusal(schema, bomb(150))

    assert error is not None
    assert "more than a billion" in error["message"]
    assert error["extensions"]["amount"] == 2**53


# Documents that aren't valid are refused, whatever they are like

INVALID = {
    "a fragment in itself": "{ ...A } fragment A on Query { ...A }",
    "fragments in each other": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ... { ...A } }"
    ),
    "cycles that are not used": (
        "{ __typename } fragment A on Query { ...B } fragment B on Query { ...A }"
    ),
    "a fragment that is not there": "{ ...Nothing }",
    "a fragment of an unknown type": "{ ...A } fragment A on Nothing { a }",
    "an inline fragment of an unknown type": "{ ... on Nothing { a { b } } }",
    "a fragment of a scalar": "{ ...A } fragment A on String { a }",
    "an unknown field": "{ nothing { nothing { nothing } } }",
    "a fragment on another type": "{ briefs { ...A } } fragment A on Draft { body }",
    "a page of a scalar": "{ briefs(first: 1) { totalCount { nodes { a } } } }",
    "a list where a number belongs": "{ briefs(first: [1, 2]) { totalCount } }",
    "a variable that is not declared": "{ briefs(first: $size) { totalCount } }",
    "a subscription that is not there": "subscription { nothing { nothing } }",
    "two names of one fragment": (
        "{ ...A } fragment A on Query { __typename } fragment A on Query { __typename }"
    ),
    "a type": "type Brief { id: ID }",
    "an operation without a name among others": "{ __typename } query A { __typename }",
}


@pytest.mark.parametrize("query", INVALID.values(), ids=INVALID)
def test_what_is_not_valid_is_told_so(schema: CompiledSchema, query: str) -> None:
    prepared = parse_and_validate(schema, GraphQLRequest(query))

    assert not isinstance(prepared, ExecutableOperation)
    codes = {error.extensions["code"] for error in prepared.errors if error.extensions}
    assert codes == {"GRAPHQL_VALIDATION_FAILED"}


def chain(length: int) -> str:
    """Each fragment spreads the next one once."""
    return (
        "{...F0}"
        + "".join(f"fragment F{i} on Query{{...F{i + 1}}}" for i in range(length))
        + f"fragment F{length} on Query{{__typename}}"
    )


TOO_MUCH = {
    "brackets in brackets": ("{ a" * 300 + "}" * 300, "nesting"),
    "lists in lists": ("{ a(b: " + "[" * 300 + "]" * 300 + ") }", "nesting"),
    "brackets that never end": ("{ a" * 300, "nesting"),
    "inline fragments in each other": ("{ " + "... {" * 300 + "a" + "}" * 300 + "}", "nesting"),
    "a long chain of fragments": (chain(250), "complexity"),
    "a longer chain of fragments": (chain(600), "complexity"),
    "the same field again and again": (
        '{ brief(briefId: "1") {' + "scope { timelineWeeks } " * 1_000 + "} }",
        "complexity",
    ),
    "tokens": ("{ " + "a " * 5_000 + "}", "tokens"),
    "tokens that end in an error": ("{ " + "a " * 5_000 + "'", "tokens"),
    "characters": ("#" * 200_001, "characters"),
}


@pytest.mark.parametrize(("query", "limit"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_takes_too_much_to_check_is_told_so(
    schema: CompiledSchema, query: str, limit: str
) -> None:
    error = refusal(schema, query)

    assert error is not None
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert error["extensions"]["limit"] == limit
    if limit != "complexity":
        assert error["extensions"]["amount"] > error["extensions"]["allowed"]


def test_a_syntax_error_that_speaks_of_limits_is_still_one(schema: CompiledSchema) -> None:
    error = refusal(schema, '{ a "more than 1 tokens. Parsing aborted" }')

    assert error is not None
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


# Documents are kept, heavy ones aren't


class Watched(Documents):
    """Tells how often a document had to be prepared."""

    prepared = 0

    def _parse_and_validate(self, text: str) -> Any:
        self.prepared += 1
        return super()._parse_and_validate(text)


@pytest.fixture
def documents(schema: CompiledSchema) -> Watched:
    return Watched(schema.graphql, Limits(), introspection=True, cache=Cache(100_000))


def test_a_document_is_prepared_once(documents: Watched) -> None:
    assert documents.parse_and_validate("{ __typename }") is documents.parse_and_validate(
        "{ __typename }"
    )
    assert documents.prepared == 1


@pytest.mark.parametrize("text", ["{ nothing }", "{", "{ __typename }" + " " * 20_000])
def test_documents_that_are_invalid_or_heavy_are_not_kept(documents: Watched, text: str) -> None:
    for _ in range(2):
        documents.parse_and_validate(text)

    assert documents.prepared == 2


def test_the_documents_used_last_are_kept(documents: Watched) -> None:
    texts = [f"query Q{number} {{ __typename }}" for number in range(100)]
    for text in texts:
        documents.parse_and_validate(text)
        documents.parse_and_validate(texts[0])
    assert documents.prepared == 100

    for text in (texts[0], texts[-1]):
        documents.parse_and_validate(text)
    assert documents.prepared == 100
    documents.parse_and_validate(texts[1])
    assert documents.prepared == 101


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
