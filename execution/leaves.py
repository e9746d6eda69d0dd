"""Completing the values of scalars and enums."""

from collections.abc import Sequence
from math import isfinite
from types import NoneType
from typing import Any, Final

from graphql import GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString

from execution.plans import Shape

_LARGEST_INT: Final = 2**31 - 1


def are_complete(shape: Shape, values: Sequence[Any]) -> bool:
    """Whether the values are what their coercion would make of them."""
    kinds = set(map(type, values))
    if not shape.is_non_null:
        kinds.discard(NoneType)
    if len(kinds) != 1:
        return not kinds
    [kind] = kinds
    leaf = shape.type
    if kind is str:
        return leaf is GraphQLString or leaf is GraphQLID
    if kind is bool:
        return leaf is GraphQLBoolean
    if kind is int:
        return leaf is GraphQLInt and all(
            value is None or -_LARGEST_INT - 1 <= value <= _LARGEST_INT for value in values
        )
    if kind is float:
        return leaf is GraphQLFloat and all(value is None or isfinite(value) for value in values)
    return False
