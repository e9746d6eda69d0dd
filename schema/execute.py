"""Executing one GraphQL request."""

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Hashable,
    Mapping,
)
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import isawaitable
from typing import Any, Final, Self

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
)
from graphql.execution.values import VariableValues

from domain.callers import Caller
from domain.history import Event
from execution import Execution
from repositories.history.feed import EventSubscription
from schema.context import Context
from schema.documents import MAX_INLINE_CHARACTERS, Document
from schema.encoding import encode, fits
from schema.errors import BadUserInput, LimitExceeded, execution_failure
from schema.root import CompiledSchema
from schema.sharing import ResponseGroup

Send = Callable[[bytes], bool]
"""Sends a response's JSON at once, if the client is ready for it; whether it was sent."""

MAX_SHARED_CHARACTERS: Final = 64 * 1024
"""The most text of a response that equal subscriptions share; a group keeps several."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A request, in the terms of GraphQL over HTTP."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    wants_cost: bool = False
    size: int | None = None
    """The size of the request as JSON, in bytes, where it's known."""
    sha256: str | None = None
    """The query's hash by the client, which wants the query persisted under it."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response, which `encode` turns into JSON.

    With `is_refused` nothing was executed, so there is no `data`.
    """

    data: Any
    errors: list[GraphQLError]
    is_refused: bool = False
    extensions: dict[str, Any] = field(default_factory=dict)
    encoded: bytes | None = None
    """Its JSON, if it's encoded already."""

    def as_json(self) -> dict[str, Any]:
        """The response format of the GraphQL specification, section 7.1."""
        response: dict[str, Any] = {}
        if self.errors:
            response["errors"] = [error.formatted for error in self.errors]
        if not self.is_refused:
            response["data"] = self.data
        if self.extensions:
            response["extensions"] = self.extensions
        return response


@dataclass(frozen=True, slots=True)
class ExecutableOperation:
    """An operation that may be executed."""

    document: Document
    node: OperationDefinitionNode
    request: GraphQLRequest
    extensions: dict[str, Any]
    cost: int
    """What it costs with its variables, as `cost` among the limits."""

    @property
    def kind(self) -> OperationType:
        return self.node.operation


def parse_and_validate(
    schema: CompiledSchema, request: GraphQLRequest, document: Document | None = None
) -> ExecutableOperation | Response:
    """Parse and validate the request, and check its limits; return the response if it's refused.

    `document` is the document of its query, if it is parsed and validated already.
    """
    if document is None:
        document = schema.documents.parse_and_validate(request.query)
    if document.node is None or document.errors:
        return refused(*document.errors)
    node = document.operation(request.operation_name)
    if node is None:
        return refused(BadUserInput(_unknown_operation(request.operation_name)))
    try:
        cost = schema.documents.cost(document, node, request.variables, request.size)
    except LimitExceeded as error:
        return refused(error)
    extensions = {"cost": cost} if request.wants_cost else {}
    return ExecutableOperation(document, node, request, extensions, cost)


async def execute(schema: CompiledSchema, request: GraphQLRequest, context: Context) -> Response:
    """Parse, validate and run a query or mutation."""
    operation = parse_and_validate(schema, request)
    if isinstance(operation, Response):
        return operation
    return await run(schema, operation, context)


async def run(schema: CompiledSchema, operation: ExecutableOperation, context: Context) -> Response:
    """Run a query or mutation; the response has all errors.

    The snapshot is closed before this returns.
    """
    request, execution = operation.request, _execution(schema, operation, context.caller)
    if len(request.query) > MAX_INLINE_CHARACTERS:
        await asyncio.sleep(0)  # planning it may have taken long
    context.selected = operation.document.selected
    context.single_statement = execution.single_statement
    if request.size is not None:
        context.given = request.size + len(request.query)
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
        return _response(operation, result, context)


class Subscription:
    """The responses of a subscription, one for each event, or one that refuses it: an iterator for
    one task, within its context.

    No event is missed while the context is entered. Each event is executed with a `Context` of its
    own, so it reads the state at its time; once for all subscriptions that are equal. Responses
    that others executed while the next one is awaited are passed to `send` instead.
    """

    # Idle subscriptions are many: generators in place of it would take 3 kB of each.
    __slots__ = (
        "_events",
        "_execution",
        "_group",
        "_member",
        "_new_context",
        "_operation",
        "_refusal",
        "_schema",
        "_send",
        "_subscription",
    )

    _execution: Execution
    _group: ResponseGroup[Response]

    def __init__(
        self,
        schema: CompiledSchema,
        operation: ExecutableOperation,
        new_context: Callable[[], Context],
        send: Send | None = None,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._new_context = new_context
        self._send = send
        self._events: AsyncIterator[Event] | None = None
        self._member: _Member | None = None
        self._refusal: Response | None = None
        self._subscription: EventSubscription | None = None

    async def __aenter__(self) -> Self:
        context = self._new_context()
        self._group = self._schema.response_groups.join(_sharing_key(self._operation, context))
        try:
            await self._start(context)
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Response:
        if self._events is None:
            refusal, self._refusal = self._refusal, None
            if refusal is None:
                raise StopAsyncIteration
            return refusal
        event = await anext(self._events)
        return await self._group.response(event, partial(self._execute, event))

    async def _start(self, context: Context) -> None:
        try:
            source = await _source(self._schema, self._operation, context)
        finally:
            self._subscription = context.subscription
        if isinstance(source, ExecutionResult):
            self._refusal = _response(self._operation, source, context)
            return
        if self._send is not None and isinstance(source, EventSubscription):
            self._member = _Member(source, self._send)
            source.holds = partial(self._group.holds, self._member)
        self._execution = _execution(self._schema, self._operation, context.caller)
        self._events = aiter(source)

    async def _execute(self, event: Event) -> Response:
        context = self._new_context()
        context.selected = self._operation.document.selected
        async with context:
            result = await self._execution.run(event, context)
        response = _response(self._operation, result, context)
        body = response.as_json()
        if response.errors or not fits(body, MAX_SHARED_CHARACTERS):
            return response
        return replace(response, encoded=encode(body))

    def _end(self) -> None:
        if self._member is not None:
            self._member.subscription.holds = None
            self._group.leave(self._member)
        self._schema.response_groups.leave(self._group)
        if self._subscription is not None:
            self._subscription.close()


async def _source(
    schema: CompiledSchema, operation: ExecutableOperation, context: Context
) -> AsyncIterable[Event] | ExecutionResult:
    """The events of a subscription, or the result that refuses it."""
    arguments = _arguments(schema, operation)
    executor = Executor.build(
        raw_variable_values=arguments.pop("variable_values"), context_value=context, **arguments
    )
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    stream = create_source_event_stream(executor)
    return await stream if isawaitable(stream) else stream


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """A subscription whose responses may be sent while it waits."""

    subscription: EventSubscription
    send: Send

    def deliver(self, event: Event, encoded: bytes) -> bool:
        subscription = self.subscription
        if not subscription.awaits(event) or not self.send(encoded):
            return False
        subscription.take()
        return True

    def wake(self) -> None:
        self.subscription.wake()


def _sharing_key(operation: ExecutableOperation, context: Context) -> Hashable:
    """Equal for subscriptions whose responses to the same event are equal."""
    request = operation.request
    return (
        request.query,
        request.operation_name,
        encode(request.variables),
        request.wants_cost,
        context.caller._replace(request_id="", expires_at=None),
        context.base,
    )


def _execution(schema: CompiledSchema, operation: ExecutableOperation, caller: Caller) -> Execution:
    assert operation.document.node is not None
    return schema.engine.plan(
        operation.document.node,
        operation.node,
        variable_values=operation.request.variables,
        hide_suggestions=schema.documents.hides_names,
        with_renderers=True,
        unrestricted=operation.document.scopes <= caller.scopes,
        plans=operation.document.plans,
    )


def refused(*errors: GraphQLError) -> Response:
    """A response without data, to a request that isn't executed."""
    return Response(None, list(errors), is_refused=True)


def _arguments(schema: CompiledSchema, operation: ExecutableOperation) -> dict[str, Any]:
    return {
        "schema": schema.graphql,
        "document": operation.document.node,
        "variable_values": dict(operation.request.variables or {}),
        "operation_name": operation.request.operation_name or None,
        "hide_suggestions": schema.documents.hides_names,
    }


def _response(
    operation: ExecutableOperation, result: ExecutionResult, context: Context
) -> Response:
    if not result.errors and result.data is not None:
        return Response(result.data, [], extensions=operation.extensions)
    errors = [execution_failure(error, context.caller.request_id) for error in result.errors or ()]
    # Errors from before the execution, such as wrong variables, have no path.
    never_began = result.data is None and all(error.path is None for error in errors)
    if errors and never_began:
        return refused(*errors)
    return Response(result.data, errors, extensions=operation.extensions)


def _unknown_operation(name: str | None) -> str:
    if name:
        return f"operationName: the document has no operation named {name!r}."
    return "operationName: the document has several operations, or none; name the one to run."
