"""The arguments of a field, as far as they can be computed before its operation runs."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    BREAK,
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
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

from execution.inputs import NEEDS_GRAPHQL_CORE, default_of


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument: the value of its `variable`, or the `constant` where that has no value.

    The constant is Undefined where the resolver gets no such argument.
    """

    out_name: str
    variable: str | None
    constant: Any
    is_non_null: bool


class Parameters:
    """The arguments that a field defines, with their defaults."""

    def __init__(self, field: GraphQLField) -> None:
        self.field = field
        self._absent = {
            name: _argument(name, definition, None) for name, definition in field.args.items()
        }
        self.defaults = [
            argument for argument in self._absent.values() if argument.constant is not Undefined
        ]
        """The arguments of a selection that gives none."""

    def given(self, nodes: Sequence[ArgumentNode]) -> list[_Argument]:
        """The arguments of a selection that gives these."""
        if not nodes:
            return self.defaults
        values = {argument.name.value: argument.value for argument in nodes}
        return [
            _argument(name, self.field.args[name], values[name]) if name in values else absent
            for name, absent in self._absent.items()
            if name in values or absent.constant is not Undefined
        ]


class Arguments:
    """The arguments of a selected field.

    Variables and plain constants are coerced here, others and all errors by graphql-core.
    """

    def __init__(self, parameters: Parameters, node: FieldNode) -> None:
        self._field = parameters.field
        self._node = node
        self._arguments = parameters.given(node.arguments or ())

    @property
    def count(self) -> int:
        """How many arguments the selection gives."""
        return len(self._node.arguments or ())

    def have(self, name: str) -> bool:
        """Whether the selection gives this argument, whatever its value."""
        return any(given.name.value == name for given in self._node.arguments or ())

    @property
    def are_constant(self) -> bool:
        """Whether they use no variable, so that they are the same for all requests."""
        return not any(map(_has_variable, self._node.arguments or ()))

    def values(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Any]:
        """The values by the resolver's names of them. Raises what graphql-core raises."""
        values: dict[str, Any] = {}
        coerced = variables.coerced
        for argument in self._arguments:
            value = argument.constant
            if argument.variable in coerced:
                value = coerced[argument.variable]
                if value is None and argument.is_non_null:
                    value = NEEDS_GRAPHQL_CORE
            if value is NEEDS_GRAPHQL_CORE:
                return get_argument_values(
                    self._field, self._node, variables, hide_suggestions=hide_suggestions
                )
            if value is not Undefined:
                values[argument.out_name] = value
        return values


def structure_of(node: Any) -> Hashable:
    """A key that is equal for nodes of arguments, or lists of them, with the same content."""
    match node:
        case None:
            return ()
        case list() | tuple():
            return tuple(map(structure_of, node))
        case ArgumentNode(name=name, value=value):
            return name.value, structure_of(value)
        case ListValueNode(values=values):
            return ListValueNode, structure_of(values)
        case ObjectValueNode(fields=fields):
            members = ((each.name.value, structure_of(each.value)) for each in fields)
            return ObjectValueNode, *members
        case VariableNode(name=name):
            return VariableNode, name.value
    return type(node), getattr(node, "value", None)


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
    """The literal's value; NEEDS_GRAPHQL_CORE where each request needs a new one."""
    type_: Any = definition.type
    inner = type_.of_type if is_non_null_type(type_) else type_
    is_plain = is_enum_type(inner) or (is_scalar_type(inner) and is_specified_scalar_type(inner))
    if not is_plain and not isinstance(node, NullValueNode):
        return NEEDS_GRAPHQL_CORE
    value = coerce_input_literal(node, type_)
    return NEEDS_GRAPHQL_CORE if value is Undefined else value
