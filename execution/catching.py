"""Getting values; an exception stands for one that failed."""

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


def mapped(
    function: Callable[[Any], Any],
    values: Sequence[Any],
    failed: Callable[[int, Exception], Any] = _as_value,
) -> list[Any]:
    """What the function makes of each value, or `failed` of the value's index and its failure."""
    left = iter(values)
    found: list[Any] = []
    while len(found) < len(values):
        try:
            # What was made before one fails is in the list then.
            found.extend(map(function, left))
        except Exception as error:
            found.append(failed(len(found), error))
    return found


def caught(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return error


def listed(field: FieldPlan, value: Any) -> Any:
    """The items; an exception where they can't be had."""
    if type(value) is list or type(value) is tuple or isinstance(value, Exception):
        return value
    if not is_iterable(value):
        name = f"{field.parent_type}.{field.name}"
        return GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
    return caught(list, value)


async def resolved_together(
    resolve: BatchResolver | Render,
    objects: Sequence[Any],
    told: Any,
    arguments: dict[str, Any],
) -> list[Any]:
    """The values for all objects; `told` is what else the resolver is told."""
    try:
        values = list(await resolve(objects, told, **arguments))
        if len(values) != len(objects):
            raise ValueError(f"Expected {len(objects)} values, but got {len(values)}.")
    except Exception as error:
        return [error] * len(objects)
    return values
