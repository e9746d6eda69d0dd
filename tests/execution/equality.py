"""When two results are the same, and when they are as good as the same."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Any

import graphql
import pytest
from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

Path = tuple[str | int, ...]

never_awaited = pytest.mark.filterwarnings(
    "ignore:coroutine 'Executor:RuntimeWarning",
    # The warning itself fails where the collector runs in code that has no builtins.
    "ignore:Exception ignored in. <coroutine:pytest.PytestUnraisableExceptionWarning",
)
"""graphql-core never awaits coroutines that it cancels before they begin."""


@dataclass(frozen=True, slots=True)
class Everything:
    """All failures that there are, by their paths, and the types of all fields by theirs."""

    failures: Mapping[Path, Any]
    types: Mapping[Path, GraphQLOutputType]


async def by_graphql_core(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: Mapping[str, Any],
    context: Any,
    **options: Any,
) -> ExecutionResult:
    """The result of graphql-core; tasks that it left running have ended then."""
    result = graphql.execute(
        schema, document, variable_values=dict(variables), context_value=context, **options
    )
    result = await result if isawaitable(result) else result
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left)
    return result


async def everything(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], context: Any
) -> Everything:
    """The errors of graphql-core when nulls don't propagate."""
    types: dict[Path, GraphQLOutputType] = {}

    def noted(resolve: Any, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        types[tuple(info.path.as_list())] = info.return_type
        return resolve(source, info, **arguments)

    document = _without_propagation(document)
    result = await by_graphql_core(schema, document, variables, context, middleware=[noted])
    return Everything({_path(error): error.formatted for error in result.errors or ()}, types)


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def _without_propagation(document: DocumentNode) -> DocumentNode:
    directive = DirectiveNode(name=NameNode(value="experimental_disableErrorPropagation"))
    operation = replace(operation_of(document), directives=(directive,))
    return DocumentNode(definitions=(operation, *document.definitions[1:]))


def errors_of(result: ExecutionResult) -> list[Any]:
    """The errors as clients see them."""
    return [error.formatted for error in result.errors or ()]


def are_same(ours: ExecutionResult, theirs: ExecutionResult) -> bool:
    """Whether the data are the same to the byte, and the errors in some order."""
    data = [json.dumps(result.data, default=repr) for result in (ours, theirs)]
    errors = [sorted(map(repr, errors_of(result))) for result in (ours, theirs)]
    return data[0] == data[1] and errors[0] == errors[1]


def assert_equivalent(ours: ExecutionResult, theirs: ExecutionResult, there: Everything) -> None:
    """Two results whose errors differ at most in which are told of those that coincide.

    Beside the same data, there are errors for the same places that became null; each is one of
    the failures there are; and each place has one that explains it, because nothing on the way up
    to it may be null.
    """
    assert ours.data == theirs.data
    for result in (ours, theirs):
        paths = [_path(error) for error in result.errors or ()]
        assert errors_of(result) == [there.failures[path] for path in paths]
        assert len(set(paths)) == len(paths)
        explained = {
            place
            for path in paths
            if _explains(path, place := _nulled(result.data, path), there.types)
        }
        assert explained == _places(result)
    assert _places(ours) == _places(theirs)


def _path(error: GraphQLError) -> Path:
    return tuple(error.path or ())


def _places(result: ExecutionResult) -> set[Path]:
    return {_nulled(result.data, path) for path in map(_path, result.errors or ())}


def _nulled(data: Any, path: Path) -> Path:
    """Where there is null because of a failure at this path."""
    for length, key in enumerate(path):
        if data is None:
            return path[:length]
        data = data[key]
    assert data is None
    return path


def _explains(path: Path, place: Path, types: Mapping[Path, GraphQLOutputType]) -> bool:
    return all(_is_non_null(path[:length], types) for length in range(len(path), len(place), -1))


def _is_non_null(path: Path, types: Mapping[Path, GraphQLOutputType]) -> bool:
    depth = 0
    while isinstance(path[-1 - depth], int):
        depth += 1
    type_: Any = types[path[: len(path) - depth]]
    for _ in range(depth):
        type_ = type_.of_type if is_non_null_type(type_) else type_
        assert is_list_type(type_)
        type_ = type_.of_type
    return is_non_null_type(type_)


def outcome(function: Callable[[], Any]) -> Any:
    """The result or exception in a form to compare: 1, 1.0 and True are different."""
    try:
        result = function()
    except Exception as error:  # noqa: BLE001 - it's what is compared
        return type(error), str(error)
    if isinstance(result, VariableValues):
        given = {name: source.value for name, source in result.sources.items()}
        types = {name: str(source.signature.type) for name, source in result.sources.items()}
        return repr((types, given, result.coerced))
    if isinstance(result, list):
        return [error.formatted for error in result if isinstance(error, GraphQLError)]
    return repr(result)
