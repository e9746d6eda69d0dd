"""Running a plan: all objects of a level together, column by column.

A run first goes down: it reads the columns of a level, and begins the levels below it as soon as
their objects are there. It awaits columns side by side, so that dataloaders gather the keys of all
of them. Then it goes up again and assembles the response.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from types import NoneType
from typing import Any, Final

from graphql import (
    Executor,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationType,
    Undefined,
)
from graphql.execution.executor import invalid_return_type_error

from execution.arguments import Arguments
from execution.bindings import (
    Unrendered,
)
from execution.catching import batch_values, items_of, map_catching, result_or_error
from execution.failures import Failures
from execution.leaves import are_complete, coercion
from execution.plans import FieldPlan, OperationPlan, SelectionSetPlan, Shape, ShapeKind
from execution.response_paths import FieldPaths, ItemPaths, ResponsePaths, RootPath, Subset
from execution.scheduler import MAX_VALUES_PER_TURN, Scheduler, Then, Wait
from execution.waiting import awaitable_indexes, awaited, classes_of, has_stream, streamed


class _Nulled:
    """Stands for a non-null value that failed, until a nullable ancestor becomes null."""


NULLED: Final = _Nulled()
_NOTHING: Final = frozenset({NoneType, type(Undefined)})

_BIND_COST: Final = 200
"""To bind a field's renderer takes as long as to handle so many values, because it computes the
arguments of all pages below the field."""

Info = GraphQLResolveInfo[Any]


@dataclasses.dataclass(eq=False, slots=True)
class Column:
    """Values of one field that are completed together, in the end to `completed`.

    `round` counts the waits that it took to get them.
    """

    field: FieldPlan
    shape: Shape
    paths: ResponsePaths
    round: int
    completed: list[Any] = dataclasses.field(default_factory=list)


class Run:
    """One execution of a plan. Resolvers see `executor`, which is graphql-core's view of it."""

    def __init__(self, plan: OperationPlan, executor: Executor[Any]) -> None:
        self.failures = Failures()
        self._plan = plan
        self._executor = executor
        self._has_nulled = False
        self._scheduler = Scheduler()

    async def data(self) -> dict[str, Any] | None:
        """The response's `data`."""
        source = [self._executor.root_value]
        if self._plan.operation.operation is OperationType.MUTATION:
            return await self._data_serially(source)
        columns: list[Column] = []
        self._read(self._plan.root.fields, source, RootPath(), 0, columns)
        return await self._assembled_data(columns)

    async def data_of(self, field: FieldPlan, value: Any) -> dict[str, Any] | None:
        """The response's `data` when its only field was resolved already."""
        column = Column(field, field.shape, FieldPaths(RootPath(), field), round=1)
        self._complete_rendered(column, [value])
        return await self._assembled_data([column])

    async def _assembled_data(self, columns: list[Column]) -> dict[str, Any] | None:
        await self._scheduler.run()
        data: list[dict[str, Any] | None] = self._assembled(self._plan.root, columns, 1, None)
        return data[0]

    async def _data_serially(self, source: list[Any]) -> dict[str, Any] | None:
        data: dict[str, Any] = {}
        for field in self._plan.root.fields:
            column = self._column(field, source, RootPath(), self.failures.rounds)
            await self._scheduler.run()
            [value] = column.completed
            if value is NULLED:
                return None
            data[field.key] = value
        return data

    # Waiting.

    def _wait(self, column: Column, wait: Wait, then: Then, held: Sequence[Any] = ()) -> None:
        column.round += 1
        self._scheduler.add_when(wait, then, held)

    def _wait_for_all(self, column: Column, values: list[Any], then: Then) -> None:
        if awaitable_indexes(values, classes_of(values)):
            self._wait(column, awaited(values), then, values)
        else:
            then(values)

    # Read the columns of a level.

    def _read(
        self,
        fields: Sequence[FieldPlan],
        objects: Sequence[Any],
        paths: ResponsePaths,
        round: int,
        columns: list[Column],
    ) -> None:
        """Add the columns of a level, in several steps where they have many values."""

        def read(some: Sequence[FieldPlan], size: int) -> None:
            self._scheduler.handled += size
            columns.extend([self._column(field, objects, paths, round) for field in some])

        count = len(objects)
        if len(fields) * (count + _BIND_COST) <= MAX_VALUES_PER_TURN:
            read(fields, len(fields) * count)
            return
        parts = list(_parts(fields, count))
        if len(parts) == 1:
            read(*parts[0])
            return
        for part in parts:
            self._scheduler.add(partial(read, *part))

    def _column(
        self, field: FieldPlan, objects: Sequence[Any], paths: ResponsePaths, round: int
    ) -> Column:
        """The column of the field's values, one for each object."""
        column = Column(field, field.shape, FieldPaths(paths, field), round)
        if field.is_typename:
            column.completed = [field.parent_type.name] * len(objects)
        elif field.read is not None:
            self._complete_resolved(column, map_catching(field.read, objects))
        else:
            try:
                arguments = self._argument_values(field.arguments)
            except Exception as error:
                self._complete_settled(column, [error] * len(objects))
            else:
                self._resolve(column, objects, arguments)
        return column

    def _argument_values(self, arguments: Arguments) -> dict[str, Any]:
        executor = self._executor
        return arguments.values(
            executor.variable_values, hide_suggestions=executor.hide_suggestions
        )

    def _resolve(self, column: Column, objects: Sequence[Any], arguments: dict[str, Any]) -> None:
        field, paths = column.field, column.paths
        render = None if field.bind is None else field.bind(self._argument_values)
        if render is not None:
            context = self._executor.context_value
            rendered = batch_values(render, objects, context, arguments)
            self._wait(column, rendered, partial(self._complete_rendered, column))
            return
        if field.resolve_batch is not None:
            info = self._info(field, paths, 0)
            batch = batch_values(field.resolve_batch, objects, info, arguments)
            self._wait(column, batch, partial(self._complete_settled, column))
            return
        resolve = field.resolve
        values: list[Any] = []
        for index, source in enumerate(objects):
            try:
                values.append(resolve(source, self._info(field, paths, index), **arguments))
            except Exception as error:
                values.append(error)
        self._complete_resolved(column, values)

    def _info(self, field: FieldPlan, paths: ResponsePaths, index: int) -> Info:
        path = paths.info_path(index)
        assert path is not None
        executor = self._executor
        return GraphQLResolveInfo(
            field.name,
            field.nodes,
            field.definition.type,
            field.parent_type,
            path,
            executor.schema,
            executor.fragment_definitions,
            executor.root_value,
            executor.operation,
            executor.variable_values,
            executor.context_value,
            executor.is_awaitable,
            executor.abort_signal,
            executor.async_helpers,
        )

    # Complete the values of a column.

    def _complete_resolved(self, column: Column, values: list[Any]) -> None:
        """Complete resolved values: awaitable ones when they are awaited, the others at once."""
        classes = classes_of(values)
        if are_complete(column.shape.complete_classes, values, classes):
            column.completed = values
            return
        waiting = awaitable_indexes(values, classes)
        if not waiting:
            self._complete(column, values, classes)
        elif len(waiting) == len(values):
            self._wait(column, awaited(values), partial(self._complete_settled, column), values)
        else:
            column.completed = [None] * len(values)
            for indexes in (sorted(set(range(len(values))) - set(waiting)), waiting):
                subset = self._subset(column, indexes)
                self._complete_resolved(subset, [values[index] for index in indexes])

    def _complete_settled(self, column: Column, values: list[Any]) -> None:
        """Complete values of which none is awaitable."""
        self._complete(column, values, classes_of(values))

    def _complete_rendered(self, column: Column, values: list[Any]) -> None:
        """Complete the values that a renderer returned; most of them are complete already."""
        column, values = self._without_nulls(column, values, classes_of(values))
        column.completed = values
        resolved = [index for index, value in enumerate(values) if type(value) is Unrendered]
        if resolved:
            subset = self._subset(column, resolved)
            self._complete_resolved(subset, [values[index].value for index in resolved])

    def _complete(self, column: Column, values: list[Any], classes: set[type]) -> None:
        if column.shape.kind is ShapeKind.LEAF:
            self._complete_leaves(column, values, classes)
        else:
            self._scheduler.add(partial(self._complete_composites, column, values, classes))

    def _complete_leaves(self, column: Column, values: list[Any], classes: set[type]) -> None:
        if are_complete(column.shape.complete_classes, values, classes):
            column.completed = values
            return
        column, values = self._without_nulls(column, values, classes)
        coerce = coercion(column.shape.type)
        column.completed = map_catching(coerce, values, partial(self._null_of_failure, column))

    def _complete_composites(self, column: Column, values: list[Any], classes: set[type]) -> None:
        self._scheduler.handled += len(values)
        column, values = self._without_nulls(column, values, classes)
        match column.shape.kind:
            case ShapeKind.LIST if has_stream(classes):
                self._wait(column, streamed(values), partial(self._complete_lists, column))
            case ShapeKind.LIST:
                self._complete_lists(column, values)
            case ShapeKind.ABSTRACT:
                self._complete_abstract(column, values)
            case _:
                self._complete_objects(column, column.shape.type, values)

    def _without_nulls(
        self, column: Column, values: list[Any], classes: set[type]
    ) -> tuple[Column, list[Any]]:
        """The column and its values without those that are null or failed."""
        if classes.isdisjoint(_NOTHING) and not any(
            issubclass(class_, Exception) for class_ in classes
        ):
            return column, values
        completed: list[Any] = [None] * len(values)
        present: list[int] = []
        for index, value in enumerate(values):
            if value is None or value is Undefined:
                completed[index] = self._null(column, index)
            elif isinstance(value, Exception):
                completed[index] = self._null_of_failure(column, index, value)
            else:
                present.append(index)
        column.completed = completed
        return self._subset(column, present), [values[index] for index in present]

    def _subset(self, column: Column, indexes: list[int]) -> Column:
        """A column of some of the column's values; their completed values go into both."""
        subset = Column(column.field, column.shape, Subset(column.paths, indexes), column.round)

        def assemble() -> None:
            for index, completed in zip(indexes, subset.completed, strict=True):
                column.completed[index] = completed

        self._scheduler.defer(assemble, len(indexes))
        return subset

    def _complete_lists(self, column: Column, values: list[Any]) -> None:
        lists = [items_of(column.field, value) for value in values]
        column, lists = self._without_nulls(column, lists, classes_of(lists))
        shape = column.shape.of
        assert shape is not None
        lengths = list(map(len, lists))
        items = Column(column.field, shape, ItemPaths(column.paths, lengths, shape), column.round)

        def assemble() -> None:
            completed = iter(items.completed)
            column.completed = [list(islice(completed, length)) for length in lengths]
            if self._has_nulled:
                null = _null_of(column.shape)
                column.completed = [null if _has_nulled(one) else one for one in column.completed]

        self._scheduler.defer(assemble, len(lists))
        self._complete_resolved(items, list(chain.from_iterable(lists)))

    def _complete_abstract(self, column: Column, values: list[Any]) -> None:
        abstract = column.shape.type
        known = self._plan.types_by_class(abstract)
        if all(map(known.__contains__, classes_of(values))):
            types = [known[type(value)] for value in values]
            column.completed = [None] * len(values)
            self._complete_by_type(column, values, _indexes_of(types))
            return
        resolve_type = abstract.resolve_type or self._executor.type_resolver
        infos = self._field_infos(column, len(values))
        names = [
            result_or_error(resolve_type, value, info, abstract)
            for value, info in zip(values, infos, strict=True)
        ]
        self._wait_for_all(column, names, partial(self._complete_named, column, values, infos))

    def _complete_named(
        self, column: Column, values: list[Any], infos: list[Info], names: list[Any]
    ) -> None:
        """Complete objects whose types have these names."""
        column.completed = [None] * len(values)
        indexes_of: dict[GraphQLObjectType, list[int]] = {}
        for index, name in enumerate(names):
            try:
                if isinstance(name, Exception):
                    raise name
                type_ = self._executor.ensure_valid_runtime_type(
                    name, column.shape.type, column.field.details, infos[index], values[index]
                )
                indexes_of.setdefault(type_, []).append(index)
            except Exception as error:
                column.completed[index] = self._null_of_failure(column, index, error)
        self._complete_by_type(column, values, indexes_of)

    def _complete_by_type(
        self,
        column: Column,
        values: list[Any],
        indexes_of: Mapping[GraphQLObjectType, list[int]],
    ) -> None:
        """Complete the objects at these indexes, which are of these types."""
        for type_, indexes in indexes_of.items():
            if len(indexes) == len(values):
                self._complete_objects(column, type_, values)
            else:
                subset = self._subset(column, indexes)
                self._complete_objects(subset, type_, [values[index] for index in indexes])

    def _complete_objects(
        self, column: Column, type_: GraphQLObjectType, values: list[Any]
    ) -> None:
        is_type_of = type_.is_type_of
        if is_type_of is None or self._plan.has_known_class(type_, classes_of(values)):
            self._select_fields(column, values, type_)
            return
        results = [
            result_or_error(is_type_of, value, info)
            for value, info in zip(values, self._field_infos(column, len(values)), strict=True)
        ]
        self._wait_for_all(column, results, partial(self._complete_checked, column, type_, values))

    def _complete_checked(
        self, column: Column, type_: GraphQLObjectType, values: list[Any], results: list[Any]
    ) -> None:
        """Complete the objects that `is_type_of` accepted."""
        for index, result in enumerate(results):
            if isinstance(result, Exception):
                values[index] = result
            elif not result:
                values[index] = invalid_return_type_error(
                    type_, values[index], column.field.details
                )
        self._select_fields(*self._without_nulls(column, values, classes_of(values)), type_)

    def _field_infos(self, column: Column, count: int) -> list[Info]:
        """The `info` that the resolver of each value's field got."""
        infos: dict[int, Info] = {}
        found: list[Info] = []
        for index in range(count):
            paths, position = column.paths.in_field(index)
            if position not in infos:
                infos[position] = self._info(column.field, paths, position)
            found.append(infos[position])
        return found

    def _select_fields(self, column: Column, values: list[Any], type_: GraphQLObjectType) -> None:
        if not values:
            return
        try:
            selection_set = self._plan.selection_set(column.field, type_)
        except Exception as error:
            column.completed = [
                self._null_of_failure(column, index, error) for index in range(len(values))
            ]
            return
        columns: list[Column] = []

        def assemble() -> None:
            null = _null_of(column.shape)
            column.completed = self._assembled(selection_set, columns, len(values), null)

        fields = selection_set.fields
        self._scheduler.defer(assemble, len(values) * len(fields))
        self._read(fields, values, column.paths, column.round, columns)

    def _assembled(
        self, selection_set: SelectionSetPlan, columns: list[Column], count: int, null: Any
    ) -> list[Any]:
        """The objects; `null` for an object that lacks a non-null value."""
        objects: list[Any] = selection_set.assemble(
            count, *[column.completed for column in columns]
        )
        if self._has_nulled:
            for column in columns:
                for index, value in enumerate(column.completed):
                    if value is NULLED:
                        objects[index] = null
        return objects

    # Nulls, in the place of values that are absent or failed.

    def _null(self, column: Column, index: int) -> Any:
        if not column.shape.is_non_null:
            return None
        name = f"{column.field.parent_type}.{column.field.name}"
        error = TypeError(f"Cannot return null for non-nullable field {name}.")
        return self._null_of_failure(column, index, error)

    def _null_of_failure(self, column: Column, index: int, error: Exception) -> Any:
        self.failures.add(error, column.field.nodes, column.paths, index, column.round)
        self._has_nulled |= column.shape.is_non_null
        return _null_of(column.shape)


def _parts(fields: Sequence[FieldPlan], count: int) -> Iterator[tuple[Sequence[FieldPlan], int]]:
    """The fields in parts that are small enough for one step, and the size of each part.

    `count` is the number of objects that they are read of.
    """
    start = size = 0
    for place, field in enumerate(fields):
        more = count if field.bind is None else count + _BIND_COST
        if place > start and size + more > MAX_VALUES_PER_TURN:
            yield fields[start:place], size
            start, size = place, 0
        size += more
    yield fields[start:], size


def _indexes_of(types: Sequence[GraphQLObjectType]) -> dict[GraphQLObjectType, list[int]]:
    """The indexes of each type."""
    found: dict[GraphQLObjectType, list[int]] = {type_: [] for type_ in types}
    for index, type_ in enumerate(types):
        found[type_].append(index)
    return found


def _null_of(shape: Shape) -> _Nulled | None:
    return NULLED if shape.is_non_null else None


def _has_nulled(values: Iterable[Any]) -> bool:
    return any(value is NULLED for value in values)
