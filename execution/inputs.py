"""Coercing values of input types by functions that are made once for each type.

Only ordinary values are coerced here, with the same result as graphql-core's. graphql-core coerces
all other values, right or wrong, and reports the errors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature
from graphql.utilities.coerce_input_value import coerce_default_value

_MAX_DEPTH: Final = 30
"""graphql-core coerces values that are nested deeper; it has a limit of its own."""

_UNCHANGED_CLASSES: Final[dict[GraphQLInputType, type]] = {
    GraphQLID: str,
    GraphQLString: str,
    GraphQLBoolean: bool,
}
_NON_LIST_CLASSES: Final = frozenset({str, int, float, bool, dict})
"""Instances of these aren't lists: where a list is expected, one becomes the only item."""


class NeedsGraphqlCoreError(Exception):
    """graphql-core has to coerce this."""


class _NeedsGraphqlCore:
    """Stands for a value that graphql-core has to compute."""


NEEDS_GRAPHQL_CORE: Final = _NeedsGraphqlCore()

Coerce = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Coercion:
    """Returns instances of `classes` as they are, and other values from `coerce`.

    Only null may have the class of null, so `coerce` refuses it.
    """

    classes: frozenset[type]
    coerce: Coerce

    def __call__(self, value: Any) -> Any:
        """Raises some exception when graphql-core has to coerce the value."""
        return value if type(value) in self.classes else self.coerce(value)


class Inputs:
    """The coercions of input types."""

    def __init__(self) -> None:
        self._objects: dict[tuple[GraphQLInputObjectType, int], Coerce] = {}

    def coercion(self, type_: GraphQLInputType, depth: int = 0) -> Coercion:
        """The coercion of the type at this depth, in lists and objects."""
        if isinstance(type_, GraphQLNonNull):
            return self._coercion(type_.of_type, depth, frozenset())
        return self._coercion(type_, depth, frozenset({NoneType}))

    def _coercion(self, type_: Any, depth: int, classes: frozenset[type]) -> Coercion:
        if depth > _MAX_DEPTH:
            return Coercion(frozenset(), _refuse)
        if isinstance(type_, GraphQLList):
            return Coercion(classes, _listing(self.coercion(type_.of_type, depth + 1)))
        if isinstance(type_, GraphQLInputObjectType):
            return Coercion(classes, self._object(type_, depth))
        if isinstance(type_, GraphQLEnumType):
            return Coercion(classes, _values_of(type_).__getitem__)
        if type_ in _UNCHANGED_CLASSES:
            classes |= {_UNCHANGED_CLASSES[type_]}
        return Coercion(classes, _scalar(type_))

    def _object(self, type_: GraphQLInputObjectType, depth: int) -> Coerce:
        if (type_, depth) not in self._objects:
            self._objects[type_, depth] = _Object(self, type_, depth)
        return self._objects[type_, depth]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    out_name: str
    classes: frozenset[type]
    coerce: Coerce
    default: Any


class _Object:
    """Coerces objects of an input type."""

    def __init__(self, inputs: Inputs, type_: GraphQLInputObjectType, depth: int) -> None:
        self._inputs = inputs
        self._type = type_
        self._depth = depth
        # For types without one, graphql-core has an `out_type` that does nothing.
        has_out_type = type_.out_type is not GraphQLInputObjectType.out_type
        self._out_type = type_.out_type if has_out_type else None

    @cached_property
    def _fields(self) -> list[_Field]:
        # A type may have fields of its own type, so the fields are made at the first use.
        return [self._field(name, field) for name, field in self._type.fields.items()]

    def _field(self, name: str, field: GraphQLInputField) -> _Field:
        coercion = self._inputs.coercion(field.type, self._depth + 1)
        out_name = field.out_name or name
        return _Field(name, out_name, coercion.classes, coercion.coerce, default_of(field))

    def __call__(self, value: Any) -> Any:
        if type(value) is not dict:
            raise NeedsGraphqlCoreError
        coerced: dict[str, Any] = {}
        known = 0
        for field in self._fields:
            if field.name in value:
                known += 1
                item = value[field.name]
                coerced[field.out_name] = (
                    item if type(item) in field.classes else field.coerce(item)
                )
            elif field.default is NEEDS_GRAPHQL_CORE:
                raise NeedsGraphqlCoreError
            elif field.default is not Undefined:
                coerced[field.out_name] = field.default
        if known != len(value) or (self._type.is_one_of and not _is_one(coerced)):
            raise NeedsGraphqlCoreError
        return coerced if self._out_type is None else _defined(self._out_type(coerced))


def default_of(definition: GraphQLArgument | GraphQLInputField | GraphQLVariableSignature) -> Any:
    """The value where none is given: Undefined for none, or NEEDS_GRAPHQL_CORE.

    All operations share it. graphql-core shares its own too, except the defaults of variables.
    """
    default = _attempted(coerce_default_value, definition)
    if default is Undefined and is_non_null_type(definition.type):
        return NEEDS_GRAPHQL_CORE
    return default


def _attempted(function: Callable[[Any], Any], value: Any) -> Any:
    try:
        return function(value)
    except Exception:
        return NEEDS_GRAPHQL_CORE


def _listing(of: Coercion) -> Coerce:
    classes, coerce = of.classes, of.coerce

    def coerce_items(value: Any) -> list[Any]:
        if type(value) is list:
            return [item if type(item) in classes else coerce(item) for item in value]
        if type(value) in _NON_LIST_CLASSES:
            return [of(value)]
        raise NeedsGraphqlCoreError

    return coerce_items


def _values_of(enum: GraphQLEnumType) -> dict[str, Any]:
    """The values by their names, without those that have to be coerced by graphql-core."""
    values = {name: _attempted(enum.coerce_input_value, name) for name in enum.values}
    return {
        name: value
        for name, value in values.items()
        if value is not NEEDS_GRAPHQL_CORE and value is not Undefined
    }


def _scalar(scalar: GraphQLScalarType) -> Coerce:
    coerce = scalar.coerce_input_value
    if scalar is GraphQLInt or scalar is GraphQLFloat:
        return coerce

    def coerce_value(value: Any) -> Any:
        if value is None:
            raise NeedsGraphqlCoreError
        return _defined(coerce(_defined(value)))

    return coerce_value


def _defined(value: Any) -> Any:
    if value is Undefined:
        raise NeedsGraphqlCoreError
    return value


def _refuse(_: Any) -> Any:
    raise NeedsGraphqlCoreError


def _is_one(coerced: dict[str, Any]) -> bool:
    return len(coerced) == 1 and next(iter(coerced.values())) is not None
