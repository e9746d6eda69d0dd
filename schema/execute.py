"""Running one GraphQL operation."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    map_source_to_response_event,
)
from graphql.execution.values import VariableValues

from execution import Execution
from schema.context import Context
from schema.documents import AT_ONCE, Document
from schema.errors import BadUserInput, LimitExceeded, execution_failure
from schema.root import CompiledSchema


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asks for."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    wants_cost: bool = False
    size: int | None = None
    """How many bytes it came in, as JSON, where that is known."""
    sha256: str | None = None
    """What the client says is the query's hash, to ask for it by that from now on."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the client gets, to be written by `encode`.

    `is_refused`: nothing was executed, so there is no `data`.
    """

    data: Any
    errors: list[GraphQLError]
    is_refused: bool = False
    extensions: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The response format of the GraphQL specification, section 7.1."""
        answer: dict[str, Any] = {}
        if self.errors:
            answer["errors"] = [error.formatted for error in self.errors]
        if not self.is_refused:
            answer["data"] = self.data
        if self.extensions:
            answer["extensions"] = self.extensions
        return answer


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that may be executed."""

    document: Document
    node: OperationDefinitionNode
    request: Operation
    extensions: dict[str, Any]

    @property
    def kind(self) -> OperationType:
        return self.node.operation


def prepare(
    schema: CompiledSchema, request: Operation, document: Document | None = None
) -> Prepared | Response:
    """The operation, or the response that refuses it. Executes nothing.

    The `document` is that of its query, where it's prepared already.
    """
    if document is None:
        document = schema.documents.prepare(request.query)
    if document.node is None or document.errors:
        return refused(*document.errors)
    node = document.operation(request.operation_name)
    if node is None:
        return refused(BadUserInput(_unknown_operation(request.operation_name)))
    try:
        cost = schema.documents.cost(document, node, request.variables, request.size)
    except LimitExceeded as error:
        return refused(error)
    return Prepared(document, node, request, {"cost": cost} if request.wants_cost else {})


async def execute(schema: CompiledSchema, operation: Operation, context: Context) -> Response:
    """Prepare and run a query or mutation."""
    prepared = prepare(schema, operation)
    if isinstance(prepared, Response):
        return prepared
    return await run(schema, prepared, context)


async def run(schema: CompiledSchema, prepared: Prepared, context: Context) -> Response:
    """Run a query or mutation; whatever goes wrong is in the response.

    The snapshot that was read from is given back before this returns.
    """
    request, execution = prepared.request, _execution(schema, prepared)
    if len(request.query) > AT_ONCE:
        await asyncio.sleep(0)  # it may have been planned just now
    context.selected = prepared.document.selected
    context.single_statement = execution.single_statement
    plan = execution.plan
    async with context:
        if plan is not None and plan.is_introspection:
            assert isinstance(execution.variables, VariableValues)
            result = await schema.introspections.result(
                request.query,
                request.operation_name,
                execution.variables,
                partial(execution.run, context_value=context),
            )
        else:
            result = await execution.run(context_value=context)
        return _response(prepared, result, context)


@asynccontextmanager
async def subscribe(
    schema: CompiledSchema, prepared: Prepared, new_context: Callable[[], Context]
) -> AsyncIterator[AsyncIterator[Response]]:
    """The responses of a subscription, one for each event; or the one that refuses it.

    No event is missed from the start of this context to its end. Each is executed in a context of
    its own, so it reads the state of its time.
    """
    context = new_context()
    with context.watching:
        arguments = _arguments(schema, prepared)
        executor = Executor.build(
            raw_variable_values=arguments.pop("variable_values"),
            context_value=context,
            **arguments,
        )
        if isinstance(executor, list):
            yield _only(_response(prepared, ExecutionResult(None, executor), context))
            return
        stream = create_source_event_stream(executor)
        source = await stream if isawaitable(stream) else stream
        if isinstance(source, ExecutionResult):
            yield _only(_response(prepared, source, context))
            return
        execution = _execution(schema, prepared)
        responses = _responses(prepared, execution, executor, source, new_context)
        async with aclosing(responses):
            yield responses


async def _only(response: Response) -> AsyncIterator[Response]:
    yield response


async def _responses(
    prepared: Prepared,
    execution: Execution,
    executor: Executor[Any],
    source: AsyncIterable[Any],
    new_context: Callable[[], Context],
) -> AsyncGenerator[Response, None]:
    context = new_context()

    async def execute_event(event: Executor[Any]) -> ExecutionResult:
        nonlocal context
        context = new_context()
        context.selected = prepared.document.selected
        async with context:
            return await execution.run(event.root_value, context)

    results = map_source_to_response_event(executor, source, execute_event)
    async with aclosing(results):
        async for result in results:
            yield _response(prepared, result, context)


def _execution(schema: CompiledSchema, prepared: Prepared) -> Execution:
    assert prepared.document.node is not None
    return schema.engine.plan(
        prepared.document.node,
        prepared.node,
        variable_values=prepared.request.variables,
        hide_suggestions=schema.documents.hides_names,
        with_renderers=True,
        plans=prepared.document.plans,
    )


def refused(*errors: GraphQLError) -> Response:
    """A response without data: the request itself is at fault."""
    return Response(None, list(errors), is_refused=True)


def _arguments(schema: CompiledSchema, prepared: Prepared) -> dict[str, Any]:
    return {
        "schema": schema.graphql,
        "document": prepared.document.node,
        "variable_values": dict(prepared.request.variables or {}),
        "operation_name": prepared.request.operation_name or None,
        "hide_suggestions": schema.documents.hides_names,
    }


def _response(prepared: Prepared, result: ExecutionResult, context: Context) -> Response:
    if not result.errors and result.data is not None:
        return Response(result.data, [], extensions=prepared.extensions)
    errors = [execution_failure(error, context.caller.request_id) for error in result.errors or ()]
    # What the executor finds before it executes anything, such as wrong variables, has no path.
    never_began = result.data is None and all(error.path is None for error in errors)
    if errors and never_began:
        return refused(*errors)
    return Response(result.data, errors, extensions=prepared.extensions)


def _unknown_operation(name: str | None) -> str:
    if name:
        return f"operationName: the document has no operation named {name!r}."
    return "operationName: the document has several operations, or none; name the one to run."
