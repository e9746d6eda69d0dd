"""Invalid documents are refused, and light valid ones are cached."""

from typing import Any

import pytest

from repositories.cache import Cache
from schema.documents import Documents
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.limits import Limits
from schema.root import CompiledSchema
from tests.support.limits import refusal

# Invalid documents are refused

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


# Light documents are cached


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
