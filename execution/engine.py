"""Runs operations by plans that are made once; the response is the one that graphql-core gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    assert_valid_schema,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import execute_root_selection_set
from graphql.execution.values import VariableValues

from execution.arguments import Arguments
from execution.bindings import (
    OWN_RESOLVER,
    Always,
    FieldBinding,
    Render,
    Unrendered,
)
from execution.catching import resolved_together
from execution.document_plans import DocumentPlans
from execution.inputs import Inputs
from execution.leaves import unchanged_class_of
from execution.operations import Operation, analyze
from execution.plans import FieldPlan, OperationPlan, Sources
from execution.running import Run


@dataclass(slots=True)
class Counts:
    """How operations were run."""

    planned: int = 0
    by_plan: int = 0
    by_graphql_core: int = 0


class Engine:
    """Executes operations against a schema.

    `binding_of` says how the engine gets the values of a field; without it, each field has the
    resolver of the schema alone. `class_of` says by which class the engine knows that an object is
    of a type; about others it asks the type's `is_type_of`. `encodable_of` says by which class it
    knows a leaf that whoever encodes a rendered result can encode as it is.

    It keeps nothing of what it plans: that is for whoever keeps the document.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        binding_of: Callable[[GraphQLField], FieldBinding] = lambda _: OWN_RESOLVER,
        class_of: Callable[[GraphQLObjectType], type | None] = lambda _: None,
        encodable_of: Callable[[GraphQLLeafType], type | None] = lambda _: None,
    ) -> None:
        assert_valid_schema(schema)
        self.counts = Counts()
        self._schema = schema
        self.sources = Sources(
            binding_of,
            class_of,
            lambda leaf: unchanged_class_of(leaf) or encodable_of(leaf),
            renders=True,
        )
        self._sources_as_values = replace(
            self.sources, leaf_class_of=unchanged_class_of, renders=False
        )
        self._inputs = Inputs()

    async def execute(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        variable_values: Mapping[str, Any] | None = None,
        root_value: Any = None,
        context_value: Any = None,
        hide_suggestions: bool = False,
        to_render: bool = False,
    ) -> ExecutionResult:
        """The result of an operation of a validated document.

        With `to_render` its data has what the fields' renderers return, and leaves that are not
        serialized: whoever encodes it has to know both.
        """
        execution = self.prepare(
            document,
            operation,
            variable_values=variable_values,
            hide_suggestions=hide_suggestions,
            to_render=to_render,
        )
        return await execution.run(root_value, context_value)

    def prepare(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        variable_values: Mapping[str, Any] | None = None,
        hide_suggestions: bool = False,
        to_render: bool = False,
        plans: DocumentPlans | None = None,
    ) -> "Execution":
        """What is left of `execute` when nothing has been resolved yet.

        What is worked out for it is kept in the `plans` of the document, if there are any.
        """
        if plans is None:
            plans = DocumentPlans()
        known = plans.operations.get(id(operation))
        if known is None:
            known = analyze(self._schema, self._inputs, document, operation)
            plans.add(known)
        given = variable_values or {}
        if not known.is_supported:
            return Execution(self._schema, self.counts, known, given, None, None, hide_suggestions)
        variables = known.variables.values(given, hide_suggestions=hide_suggestions)
        if isinstance(variables, list):
            return Execution(
                self._schema, self.counts, known, given, variables, None, hide_suggestions
            )
        plan = self._plan(plans, known, variables, to_render)
        render = None
        if plan is not None and (field := plan.only_rendered) is not None:
            bind = field.bind
            assert bind is not None
            if isinstance(bind, Always):
                render = bind.render
            else:
                render = bind(
                    partial(
                        Arguments.values, variables=variables, hide_suggestions=hide_suggestions
                    )
                )
        return Execution(
            self._schema, self.counts, known, given, variables, plan, hide_suggestions, render
        )

    def _plan(
        self, plans: DocumentPlans, operation: Operation, variables: VariableValues, to_render: bool
    ) -> OperationPlan | None:
        """The plan; None when graphql-core has to say why there is none."""
        selected = (operation.steered(variables), to_render)
        found = operation.plans.get(selected)
        if found is not None:
            return found
        sources = self.sources if to_render else self._sources_as_values
        try:
            plan = OperationPlan(self._schema, operation, variables, sources)
        except (GraphQLError, RecursionError):
            return None
        self.counts.planned += 1
        plans.add_plan(operation, selected, plan)
        return plan


@dataclass(frozen=True, slots=True)
class Execution:
    """An operation with its variables; a subscription is run for each of its events, its root."""

    schema: GraphQLSchema
    counts: Counts
    operation: Operation
    given: Mapping[str, Any]
    variables: VariableValues | list[GraphQLError] | None
    plan: OperationPlan | None
    hide_suggestions: bool
    render: Render | None = None
    """Writes the only field of the plan, with the arguments of all fields below."""

    @property
    def single_statement(self) -> bool:
        """Whether it's all one field of a query, which its renderer resolves by a single call."""
        return self.render is not None and self.operation.node.operation is OperationType.QUERY

    async def run(self, root_value: Any = None, context_value: Any = None) -> ExecutionResult:
        """The result, as `Engine.execute` gives it."""
        if isinstance(self.variables, list):
            return ExecutionResult(None, self.variables)
        if self.plan is None or self.variables is None:
            return await self._by_graphql_core(root_value, context_value)
        self.counts.by_plan += 1
        field = self.plan.only_rendered
        if field is None or self.render is None:
            return await self._by_plan(self.plan, self.variables, root_value, context_value)
        value = await self._rendered(self.render, field, self.variables, root_value, context_value)
        is_complete = not isinstance(value, Unrendered | Exception)
        if not is_complete or (value is None and field.shape.is_non_null):
            return await self._by_plan(
                self.plan, self.variables, root_value, context_value, (field, value)
            )
        return ExecutionResult({field.key: value}, None)

    async def _rendered(
        self,
        render: Render,
        field: FieldPlan,
        variables: VariableValues,
        root_value: Any,
        context_value: Any,
    ) -> Any:
        """What the renderer gives; an exception when it failed."""
        try:
            arguments = field.arguments.values(variables, hide_suggestions=self.hide_suggestions)
        except Exception as error:
            return error
        [value] = await resolved_together(render, [root_value], context_value, arguments)
        return value

    async def _by_plan(
        self,
        plan: OperationPlan,
        variables: VariableValues,
        root_value: Any,
        context_value: Any,
        resolved: tuple[FieldPlan, Any] | None = None,
    ) -> ExecutionResult:
        executor: Executor[Any] = Executor(
            self.schema,
            self.operation.fragments,
            plan.fragments,
            root_value,
            context_value,
            self.operation.node,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=self.hide_suggestions,
        )
        run = Run(plan, executor)
        try:
            data = await (run.data() if resolved is None else run.data_of(*resolved))
        finally:
            # They hold the executor as it holds them: it would be left to the collector.
            del executor.async_helpers
        return ExecutionResult(data, run.failures.errors() or None)

    async def _by_graphql_core(self, root_value: Any, context_value: Any) -> ExecutionResult:
        self.counts.by_graphql_core += 1
        name = self.operation.node.name
        executor = Executor.build(
            self.schema,
            self.operation.document,
            root_value,
            context_value,
            dict(self.given),
            name.value if name else None,
            hide_suggestions=self.hide_suggestions,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        result = execute_root_selection_set(executor)
        return await result if isawaitable(result) else result
