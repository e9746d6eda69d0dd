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

_LEAST: Final = -(2**31)
_LARGEST: Final = 2**31 - 1

_CLASSES: Final[Mapping[GraphQLLeafType, type]] = {
    GraphQLID: str,
    GraphQLString: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
    GraphQLFloat: float,
}


def unchanged_class_of(leaf: GraphQLLeafType) -> type | None:
    """The class whose instances coercion leaves as they are, as far as a class can tell."""
    return _CLASSES.get(leaf)


def are_complete(classes: Set[type], values: Sequence[Any], kinds: Set[type]) -> bool:
    """Whether the values, which have these types, are what their coercion would make of them."""
    if not kinds <= classes:
        return False
    if NoneType in kinds:
        values = [value for value in values if value is not None]
    if int in kinds:
        return bool(min(values) >= _LEAST and max(values) <= _LARGEST)
    return float not in kinds or all(map(isfinite, values))


def coercion(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """What makes outputs of the values of one column. Of an enum's value it makes one only once."""
    coerce = partial(Executor.complete_leaf_value, leaf)
    if not is_enum_type(leaf):
        return coerce
    # The column holds its values, so each keeps its id. To hash them would take longer.
    known: dict[int, Any] = {}

    def coerce_once(value: Any) -> Any:
        key = id(value)
        if key not in known:
            known[key] = coerce(value)
        return known[key]

    return coerce_once
