"""Completing the values of scalars and enums."""

from collections.abc import Callable, Mapping, Sequence, Set
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

_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1

_CLASSES: Final[Mapping[GraphQLLeafType, type]] = {
    GraphQLID: str,
    GraphQLString: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
    GraphQLFloat: float,
}


def unchanged_class_of(leaf: GraphQLLeafType) -> type | None:
    """The class whose instances coercion returns as they are, as far as a class can tell."""
    return _CLASSES.get(leaf)


def are_complete(complete_classes: Set[type], values: Sequence[Any], classes: Set[type]) -> bool:
    """Whether coercion would return all values, which have these `classes`, as they are."""
    if not classes <= complete_classes:
        return False
    if NoneType in classes:
        values = [value for value in values if value is not None]
    if int in classes:
        return bool(min(values) >= _INT_MIN and max(values) <= _INT_MAX)
    return float not in classes or all(map(isfinite, values))


def coercion(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """The function that coerces the values of one column; it coerces each value of an enum once."""
    coerce = partial(Executor.complete_leaf_value, leaf)
    if not is_enum_type(leaf):
        return coerce
    # The column holds its values, so their ids stay theirs. Hashing the values would take longer.
    coerced: dict[int, Any] = {}

    def coerce_once(value: Any) -> Any:
        key = id(value)
        if key not in coerced:
            coerced[key] = coerce(value)
        return coerced[key]

    return coerce_once
