"""Running one GraphQL operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from schema.context import Context
from schema.errors import BadUserInput, execution_failure, parse_failure
from schema.root import PipelineSchema


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asks for."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What the client gets. `is_refused`: nothing was executed, so there is no `data`."""

    data: Any
    errors: list[GraphQLError]
    is_refused: bool

    def as_json(self) -> dict[str, Any]:
        """The response format of the GraphQL specification, section 7.1."""
        errors = [error.formatted for error in self.errors]
        if self.is_refused:
            return {"errors": errors}
        return {"data": self.data, **({"errors": errors} if errors else {})}


class NotAQuery(Exception):
    """A mutation or subscription was sent where only queries may be."""


async def execute(
    schema: PipelineSchema, operation: Operation, context: Context, *, queries_only: bool = False
) -> Response:
    """Run the operation in the context. Raises NotAQuery; every other failure is in the response.

    The snapshot that a query read is given back before this returns.
    """
    allowed = (
        [OperationType.QUERY] if queries_only else [OperationType.QUERY, OperationType.MUTATION]
    )
    try:
        async with context:
            result = await schema.execute(
                operation.query,
                variable_values=dict(operation.variables or {}),
                context_value=context,
                operation_name=operation.operation_name,
                allowed_operation_types=allowed,
            )
    except InvalidOperationTypeError as error:
        raise NotAQuery from error
    except CannotGetOperationTypeError as error:
        return refused(BadUserInput(error.as_http_error_reason()))
    if isinstance(result, PreExecutionError):
        return refused(*(parse_failure(error) for error in result.errors or ()))
    errors = [execution_failure(error, context.request_id) for error in result.errors or ()]
    # Variables that can't be coerced are found by the executor, before it executes anything.
    never_began = result.data is None and all(error.path is None for error in errors)
    return refused(*errors) if never_began and errors else Response(result.data, errors, False)


def refused(*errors: GraphQLError) -> Response:
    """A response without data: the request itself is at fault."""
    return Response(None, list(errors), is_refused=True)
