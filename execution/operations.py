"""Operations, and what can be said of them before their variables are known."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues

from execution.inputs import Inputs
from execution.variables import Variables

STANDARD_DIRECTIVES = frozenset({"skip", "include"})


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """An operation of a document.

    `steering` are the variables that decide what is selected. Plans exist for what is supported.
    """

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Variables
    steering: tuple[str, ...]
    is_supported: bool

    def steered(self, variables: VariableValues) -> Hashable:
        """What these variables decide: operations are planned alike when it is equal."""
        coerced = variables.coerced
        return tuple(_decision(coerced.get(name, Undefined)) for name in self.steering)

    def steering_of(self, variables: VariableValues) -> VariableValues:
        """Those of the variables that decide anything."""
        sources, coerced = variables
        return VariableValues(
            {name: sources[name] for name in self.steering if name in sources},
            {name: coerced[name] for name in self.steering if name in coerced},
        )


def _decision(value: Any) -> Hashable:
    return value if value is None or value is Undefined else bool(value)


def examined(
    schema: GraphQLSchema, inputs: Inputs, document: DocumentNode, node: OperationDefinitionNode
) -> Operation:
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    found = _Directives()
    for part in (node, *fragments.values()):
        visit(part, found)
    return Operation(
        document=document,
        node=node,
        fragments=fragments,
        variables=Variables(schema, node.variable_definitions or (), inputs),
        steering=tuple(sorted(found.variables)),
        is_supported=(
            schema.get_root_type(node.operation) is not None
            and found.names <= STANDARD_DIRECTIVES
            and not any(fragment.variable_definitions for fragment in fragments.values())
        ),
    )


class _Directives(Visitor):
    """Collects the names of directives, and the variables that are used in them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.variables: set[str] = set()

    def enter_directive(self, node: Any, *_: Any) -> None:
        self.names.add(node.name.value)
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.variables.add(argument.value.name.value)
