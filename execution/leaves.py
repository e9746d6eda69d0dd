"""Completing the values of scalars and enums."""

from collections.abc import Callable, Sequence, Set
from functools import partial
from math import isfinite
from types import NoneType
from typing import Any, Final

from graphql import (
    Executor,
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    is_enum_type,
)

from execution.plans import Shape

_LEAST: Final = -(2**31)
_LARGEST: Final = 2**31 - 1


def are_complete(shape: Shape, values: Sequence[Any], kinds: Set[type]) -> bool:
    """Whether the values, which have these types, are what their coercion would make of them."""
    if NoneType in kinds and not shape.is_non_null:
        values = [value for value in values if value is not None]
        kinds = kinds - {NoneType}
    if len(kinds) != 1:
        return not kinds
    [kind] = kinds
    leaf = shape.type
    if kind is str:
        return leaf is GraphQLString or leaf is GraphQLID
    if kind is bool:
        return leaf is GraphQLBoolean
    if kind is int:
        return leaf is GraphQLInt and min(values) >= _LEAST and max(values) <= _LARGEST
    if kind is float:
        return leaf is GraphQLFloat and all(map(isfinite, values))
    return False


def coercion(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """What makes an output of a value. It makes that of an enum's value only once."""
    coerce = partial(Executor.complete_leaf_value, leaf)
    if not is_enum_type(leaf):
        return coerce
    known: dict[tuple[type, Any], Any] = {}

    def coerce_once(value: Any) -> Any:
        key = type(value), value
        try:
            return known[key]
        except KeyError:
            return known.setdefault(key, coerce(value))
        except TypeError:
            return coerce(value)

    return coerce_once
