"""Executes operations by plans that are made once; results are the same as graphql-core's."""

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
    ConstantBind,
    FieldBinding,
    Render,
    Unrendered,
)
from execution.catching import batch_values
from execution.document_plans import DocumentPlans
from execution.inputs import Inputs
from execution.leaves import unchanged_class_of
from execution.operations import Operation, analyze
from execution.plans import FieldPlan, OperationPlan, Sources
from execution.running import Run


@dataclass(slots=True)
class Counts:
    """Counts planned operations, and the ways in which operations were executed."""

    planned: int = 0
    by_plan: int = 0
    by_graphql_core: int = 0


class Engine:
    """Executes operations against a schema.

    `binding_of` returns how the engine gets the values of a field; by default the engine calls the
    schema's resolver. `class_of` returns the class whose objects are of an object type; about other
    objects the engine asks the type's `is_type_of`. `encodable_of` returns the class of a leaf
    type's values that the encoder of rendered results can encode as they are.

    The engine keeps no plans: `DocumentPlans` do, and the caller keeps these with the document.
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
            unrestricted=True,
        )
        as_values = replace(self.sources, leaf_class_of=unchanged_class_of, renders=False)
        self._sources = {
            (sources.renders, unrestricted): replace(sources, unrestricted=unrestricted)
            for sources in (self.sources, as_values)
            for unrestricted in (True, False)
        }
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
        with_renderers: bool = False,
        unrestricted: bool = False,
    ) -> ExecutionResult:
        """The result of an operation of a validated document.

        With `with_renderers` the data contains the values that fields' renderers return, and leaves
        that are not serialized; the encoder of the result has to know both. An `unrestricted`
        execution is for who may have every field that the operation selects: nobody asks again.
        """
        execution = self.plan(
            document,
            operation,
            variable_values=variable_values,
            hide_suggestions=hide_suggestions,
            with_renderers=with_renderers,
            unrestricted=unrestricted,
        )
        return await execution.run(root_value, context_value)

    def plan(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        variable_values: Mapping[str, Any] | None = None,
        hide_suggestions: bool = False,
        with_renderers: bool = False,
        unrestricted: bool = False,
        plans: DocumentPlans | None = None,
    ) -> "Execution":
        """Analyze and plan the operation; the execution that is returned resolves its fields.

        The `plans` of the document keep the analysis and the plan, if they are given.
        """
        if plans is None:
            plans = DocumentPlans()
        analyzed = plans.operations.get(id(operation))
        if analyzed is None:
            analyzed = analyze(self._schema, self._inputs, document, operation)
            plans.add(analyzed)
        given = variable_values or {}
        if not analyzed.is_supported:
            return Execution(
                self._schema, self.counts, analyzed, given, None, None, hide_suggestions
            )
        variables = analyzed.variables.values(given, hide_suggestions=hide_suggestions)
        if isinstance(variables, list):
            return Execution(
                self._schema, self.counts, analyzed, given, variables, None, hide_suggestions
            )
        plan = self._plan(plans, analyzed, variables, (with_renderers, unrestricted))
        render = None
        if plan is not None and (field := plan.rendered_root_field) is not None:
            bind = field.bind
            assert bind is not None
            if isinstance(bind, ConstantBind):
                render = bind.render
            else:
                render = bind(
                    partial(
                        Arguments.values, variables=variables, hide_suggestions=hide_suggestions
                    )
                )
        return Execution(
            self._schema, self.counts, analyzed, given, variables, plan, hide_suggestions, render
        )

    def _plan(
        self,
        plans: DocumentPlans,
        operation: Operation,
        variables: VariableValues,
        ways: tuple[bool, bool],
    ) -> OperationPlan | None:
        """The plan; None when there is none, and graphql-core has to report why.

        `ways` are whether there are renderers, and whether the execution is unrestricted.
        """
        key = (operation.plan_key(variables), ways)
        plan = operation.plans.get(key)
        if plan is not None:
            return plan
        try:
            plan = OperationPlan(self._schema, operation, variables, self._sources[ways])
        except (GraphQLError, RecursionError):
            return None
        self.counts.planned += 1
        plans.add_plan(operation, key, plan)
        return plan


@dataclass(frozen=True, slots=True)
class Execution:
    """An operation with its variables and its plan, ready to run.

    A subscription is run once for each event, which is the root value.
    """

    schema: GraphQLSchema
    counts: Counts
    operation: Operation
    given: Mapping[str, Any]
    variables: VariableValues | list[GraphQLError] | None
    plan: OperationPlan | None
    hide_suggestions: bool
    render: Render | None = None
    """Renders the plan's only root field, with the arguments of all fields below."""

    @property
    def single_statement(self) -> bool:
        """Whether it's a query of one root field, which its renderer resolves by a single call."""
        return self.render is not None and self.operation.node.operation is OperationType.QUERY

    async def run(self, root_value: Any = None, context_value: Any = None) -> ExecutionResult:
        """The result, as `Engine.execute` returns it."""
        if isinstance(self.variables, list):
            return ExecutionResult(None, self.variables)
        if self.plan is None or self.variables is None:
            return await self._by_graphql_core(root_value, context_value)
        self.counts.by_plan += 1
        field = self.plan.rendered_root_field
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
        """The value that the renderer returns; an exception when it failed."""
        try:
            arguments = field.arguments.values(variables, hide_suggestions=self.hide_suggestions)
        except Exception as error:
            return error
        [value] = await batch_values(render, [root_value], context_value, arguments)
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
            # The executor and its helpers refer to each other: leave no cycle to the collector.
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
