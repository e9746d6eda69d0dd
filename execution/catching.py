"""Calling functions that may fail: an exception stands for the value of a call that failed."""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLError
from graphql.pyutils import is_iterable

from execution.bindings import (
    BatchResolver,
    Render,
)
from execution.plans import FieldPlan


def _as_value(_: int, error: Exception) -> Exception:
    return error


def map_catching(
    function: Callable[[Any], Any],
    values: Sequence[Any],
    failed: Callable[[int, Exception], Any] = _as_value,
) -> list[Any]:
    """The function's result for each value; where it fails, `failed(index, error)`."""
    left = iter(values)
    found: list[Any] = []
    while len(found) < len(values):
        try:
            # The list then has the results before the one that fails.
            found.extend(map(function, left))
        except Exception as error:
            found.append(failed(len(found), error))
    return found


def result_or_error(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return error


def items_of(field: FieldPlan, value: Any) -> Any:
    """The items of a list value; an exception where the value isn't iterable, or fails."""
    if type(value) is list or type(value) is tuple or isinstance(value, Exception):
        return value
    if not is_iterable(value):
        name = f"{field.parent_type}.{field.name}"
        return GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    return result_or_error(list, value)


async def batch_values(
    resolve: BatchResolver | Render,
    objects: Sequence[Any],
    info_or_context: Any,
    arguments: dict[str, Any],
) -> list[Any]:
    """The values for all objects. A batch resolver gets the info, a renderer the context value."""
    try:
        values = list(await resolve(objects, info_or_context, **arguments))
        if len(values) != len(objects):
            raise ValueError(f"Expected {len(objects)} values, but got {len(values)}.")
    except Exception as error:
        return [error] * len(objects)
    return values
