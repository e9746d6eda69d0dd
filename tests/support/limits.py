"""Refusals of operations by a schema with other limits."""

from dataclasses import replace

from schema.documents import Documents
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate
from schema.limits import Limits
from schema.root import CompiledSchema
from tests.support.graphql import Json


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
