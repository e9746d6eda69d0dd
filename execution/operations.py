"""Operations, and the analysis of them that needs no values of variables."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
)
from graphql.execution.values import VariableValues

from execution.inputs import Inputs
from execution.variables import Variables

if TYPE_CHECKING:
    from execution.plans import OperationPlan

STANDARD_DIRECTIVES = frozenset({"skip", "include"})


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """An operation of a document.

    The `conditional_variables`, which `@skip` and `@include` use, decide which fields are selected;
    there is a plan for each combination of their values. Only supported operations have plans.
    """

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Variables
    conditional_variables: tuple[str, ...]
    is_supported: bool
    plans: "dict[Hashable, OperationPlan]" = field(default_factory=dict)

    def plan_key(self, variables: VariableValues) -> Hashable:
        """The key of the operation's plan for these values of the variables."""
        if not self.conditional_variables:
            return ()
        coerced = variables.coerced
        return tuple(_decision(coerced.get(name, Undefined)) for name in self.conditional_variables)

    def conditional_values(self, variables: VariableValues) -> VariableValues:
        """The values of the conditional variables alone."""
        sources, coerced = variables
        return VariableValues(
            {name: sources[name] for name in self.conditional_variables if name in sources},
            {name: coerced[name] for name in self.conditional_variables if name in coerced},
        )


def _decision(value: Any) -> Hashable:
    return value if value is None or value is Undefined else bool(value)


def analyze(
    schema: GraphQLSchema, inputs: Inputs, document: DocumentNode, node: OperationDefinitionNode
) -> Operation:
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    directives = _Directives()
    directives.collect(node, *fragments.values())
    return Operation(
        document=document,
        node=node,
        fragments=fragments,
        variables=Variables(schema, node.variable_definitions or (), inputs),
        conditional_variables=tuple(sorted(directives.variables)),
        is_supported=(
            schema.get_root_type(node.operation) is not None
            and directives.names <= STANDARD_DIRECTIVES
            and not any(fragment.variable_definitions for fragment in fragments.values())
        ),
    )


class _Directives:
    """Collects the names of directives, and the variables that are used in them."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.variables: set[str] = set()

    def collect(self, *nodes: Any) -> None:
        """Collect from the nodes, their variable definitions and their selections."""
        left = list(nodes)
        while left:
            node = left.pop()
            for directive in node.directives or ():
                self._add(directive)
            left += getattr(node, "variable_definitions", None) or ()
            selected = getattr(node, "selection_set", None)
            if selected is not None:
                left += selected.selections

    def _add(self, directive: DirectiveNode) -> None:
        self.names.add(directive.name.value)
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.variables.add(argument.value.name.value)
