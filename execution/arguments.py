"""The arguments of a field, as far as they can be worked out before its operation runs."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    BREAK,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    Node,
    NullValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    is_enum_type,
    is_non_null_type,
    is_scalar_type,
    is_specified_scalar_type,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities.coerce_input_value import coerce_input_literal

from execution.inputs import UNUSUAL, default_of


@dataclass(frozen=True, slots=True)
class _Argument:
    """Takes the value of `variable`; the `constant` where that has none, or there is none.

    A constant is Undefined where the resolver gets no such argument.
    """

    out_name: str
    variable: str | None
    constant: Any
    is_non_null: bool


class Arguments:
    """Gives the arguments of a field.

    Those that are variables or plain constants; for others, and errors, graphql-core is asked.
    """

    def __init__(self, field: GraphQLField, node: FieldNode) -> None:
        self._field = field
        self._node = node
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        self._arguments = [
            _argument(name, definition, given.get(name)) for name, definition in field.args.items()
        ]

    @property
    def are_constant(self) -> bool:
        """Whether no variable has a part in them, so that they are the same for all operations."""
        return not any(map(_has_variable, self._node.arguments or ()))

    def values(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Any]:
        """By their names as the resolver knows them. Raises what graphql-core raises."""
        values: dict[str, Any] = {}
        coerced = variables.coerced
        for argument in self._arguments:
            value = argument.constant
            if argument.variable in coerced:
                value = coerced[argument.variable]
                if value is None and argument.is_non_null:
                    value = UNUSUAL
            if value is UNUSUAL:
                return get_argument_values(
                    self._field, self._node, variables, hide_suggestions=hide_suggestions
                )
            if value is not Undefined:
                values[argument.out_name] = value
        return values


def _has_variable(node: Node) -> bool:
    found = _Variables()
    visit(node, found)
    return found.are_there


class _Variables(Visitor):
    """Looks for variables."""

    are_there = False

    def enter_variable(self, *_: Any) -> Any:
        self.are_there = True
        return BREAK


def _argument(name: str, definition: GraphQLArgument, node: ValueNode | None) -> _Argument:
    variable = node.name.value if isinstance(node, VariableNode) else None
    return _Argument(
        out_name=definition.out_name or name,
        variable=variable,
        constant=(
            default_of(definition)
            if node is None or variable is not None
            else _constant(definition, node)
        ),
        is_non_null=is_non_null_type(definition.type),
    )


def _constant(definition: GraphQLArgument, node: ValueNode) -> Any:
    """What the literal is; UNUSUAL where it has to be made anew for each operation."""
    type_: Any = definition.type
    inner = type_.of_type if is_non_null_type(type_) else type_
    is_plain = is_enum_type(inner) or (is_scalar_type(inner) and is_specified_scalar_type(inner))
    if not is_plain and not isinstance(node, NullValueNode):
        return UNUSUAL
    value = coerce_input_literal(node, type_)
    return UNUSUAL if value is Undefined else value
