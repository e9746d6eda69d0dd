"""Asking the engine, and graphql-core beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
)

from execution import DocumentPlans, Engine

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """An operation of a parsed document; the same one when it's asked for again."""

    document: DocumentNode
    operation: OperationDefinitionNode
    _plans: dict[int, DocumentPlans] = field(default_factory=dict)

    def plans_of(self, engine: Engine) -> DocumentPlans:
        """The engine's analysis of the document."""
        return self._plans.setdefault(id(engine), DocumentPlans())


def request(query: str, operation_name: str | None = None) -> Request:
    document = graphql.parse(query)
    operation = get_operation_ast(document, operation_name)
    assert operation is not None
    return Request(document, operation)


def schema_of(sdl: str, **resolvers: Mapping[str, Any]) -> GraphQLSchema:
    """A schema with the resolvers of these types: `Query={"name": resolve}`."""
    schema = graphql.build_schema(sdl)
    for type_name, of_fields in resolvers.items():
        type_ = schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        for name, resolve in of_fields.items():
            type_.fields[name].resolve = resolve
    return schema


async def run(
    engine: Engine,
    asked: str | Request,
    variables: Json | None = None,
    *,
    root_value: Any = None,
    context_value: Any = None,
    plans: DocumentPlans | None = None,
    **options: Any,
) -> ExecutionResult:
    """The engine's result, with the plans of the request unless there are others."""
    if isinstance(asked, str):
        asked = request(asked)
    execution = engine.plan(
        asked.document,
        asked.operation,
        variable_values=variables,
        plans=plans or asked.plans_of(engine),
        **options,
    )
    return await execution.run(root_value, context_value)


async def run_by_graphql_core(
    schema: GraphQLSchema, asked: str | Request, variables: Json | None = None, **options: Any
) -> ExecutionResult:
    if isinstance(asked, str):
        asked = request(asked)
    name = asked.operation.name.value if asked.operation.name else None
    result = graphql.execute(
        schema, asked.document, variable_values=variables, operation_name=name, **options
    )
    return await result if isawaitable(result) else result


async def response_to(
    schema: GraphQLSchema,
    asked: str | Request,
    variables: Json | None = None,
    *,
    in_order: bool = True,
    **options: Any,
) -> Json:
    """The engine's response by a plan: the same as graphql-core's, with the same errors.

    Where several things are waited for at the same time, their errors are in no certain order.
    """
    engine = Engine(schema)
    ours = await run(engine, asked, variables, **options)
    theirs = await run_by_graphql_core(schema, asked, variables, **options)
    assert ours.data == theirs.data
    order = None if in_order else repr
    assert _formatted(ours, order) == _formatted(theirs, order)
    assert engine.counts.by_graphql_core == 0
    return dict(ours.formatted)


def _formatted(result: ExecutionResult, order: Callable[[Any], str] | None) -> list[Any]:
    errors = [error.formatted for error in result.errors or ()]
    return sorted(errors, key=order) if order else errors
