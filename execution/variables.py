"""The variables of an operation, coerced by functions that are made once for the operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final

from graphql import GraphQLError, GraphQLSchema, Undefined, VariableDefinitionNode
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from execution.inputs import NEEDS_GRAPHQL_CORE, Coercion, Inputs, NeedsGraphqlCoreError, default_of

_MAX_ERRORS: Final = 50
"""How many errors in variables are reported: the same number as graphql-core reports."""

_IMMUTABLE: Final = frozenset({str, int, float, bool, NoneType})


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    signature: GraphQLVariableSignature
    coercion: Coercion
    default: Any


class Variables:
    """Coerces the variables that an operation defines."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode], inputs: Inputs
    ) -> None:
        self._schema = schema
        self._definitions = definitions
        signatures = [get_variable_signature(schema, node) for node in definitions]
        self._have_signatures = not any(isinstance(found, GraphQLError) for found in signatures)
        self._variables = [
            _Variable(found.name, found, inputs.coercion(found.type), _default_of(found))
            for found in signatures
            if not isinstance(found, GraphQLError)
        ]

    def values(
        self, given: Mapping[str, Any], *, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        """The coerced values, or the errors, as graphql-core returns them."""
        try:
            return self._coerced(given)
        except Exception:
            return get_variable_values(
                self._schema,
                self._definitions,
                dict(given),
                max_errors=_MAX_ERRORS,
                hide_suggestions=hide_suggestions,
            )

    def _coerced(self, given: Mapping[str, Any]) -> VariableValues:
        if not self._have_signatures:
            raise NeedsGraphqlCoreError
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self._variables:
            name = variable.name
            value = given.get(name, Undefined)
            sources[name] = VariableValueSource(variable.signature, value)
            if value is not Undefined:
                coerced[name] = variable.coercion(value)
            elif variable.default is NEEDS_GRAPHQL_CORE:
                raise NeedsGraphqlCoreError
            elif variable.default is not Undefined:
                coerced[name] = variable.default
        return VariableValues(sources, coerced)


def _default_of(signature: GraphQLVariableSignature) -> Any:
    # Each request needs a new value of a mutable class.
    default = default_of(signature)
    is_shared = default is Undefined or type(default) in _IMMUTABLE
    return default if is_shared else NEEDS_GRAPHQL_CORE
