"""Running a plan: all objects of a level together, column by column.

A run goes down first: it reads the columns of a level, and begins the levels below it as soon as
their objects are there. Columns that have to be waited for are waited for side by side, so that
dataloaders gather what they are asked for. Then it comes up again, and puts the response together.
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
from execution.catching import caught, listed, mapped, resolved_together
from execution.failures import Failures
from execution.leaves import are_complete, coercion
from execution.places import Items, Keys, Places, Root, Subset
from execution.plans import FieldPlan, Kind, OperationPlan, SelectionPlan, Shape
from execution.steps import AT_ONCE, Scheduler, Then, Wait
from execution.waiting import awaitable, awaited, has_stream, streamed, types_of


class _Nulled:
    """Stands where a value failed that may not be null, until an ancestor may be."""


NULLED: Final = _Nulled()
_NOTHING: Final = frozenset({NoneType, type(Undefined)})

_BINDING: Final = 200
"""To bind a field's writer takes as long as to handle so many values: it makes the arguments of
all pages within."""

Info = GraphQLResolveInfo[Any]


@dataclasses.dataclass(eq=False, slots=True)
class Column:
    """Values of one field that are completed together, in the end to `completed`.

    `round` counts what was waited for on the way to them.
    """

    field: FieldPlan
    shape: Shape
    places: Places
    round: int
    completed: list[Any] = dataclasses.field(default_factory=list)


class Run:
    """One execution of a plan. `executor` is graphql-core's view of it, which resolvers see."""

    def __init__(self, plan: OperationPlan, executor: Executor[Any]) -> None:
        self.failures = Failures()
        self._plan = plan
        self._executor = executor
        self._has_nulled = False
        self._steps = Scheduler()

    async def data(self) -> dict[str, Any] | None:
        """The response's `data`."""
        source = [self._executor.root_value]
        if self._plan.operation.operation is OperationType.MUTATION:
            return await self._serially(source)
        columns: list[Column] = []
        self._read(self._plan.root.fields, source, Root(), 0, columns)
        return await self._assembled_root(columns)

    async def data_of(self, field: FieldPlan, value: Any) -> dict[str, Any] | None:
        """The response's `data` when its only field was resolved already."""
        column = Column(field, field.shape, Keys(Root(), field), round=1)
        self._rendered(column, [value])
        return await self._assembled_root([column])

    async def _assembled_root(self, columns: list[Column]) -> dict[str, Any] | None:
        await self._steps.take()
        data: list[dict[str, Any] | None] = self._assembled(self._plan.root, columns, 1, None)
        return data[0]

    async def _serially(self, source: list[Any]) -> dict[str, Any] | None:
        data: dict[str, Any] = {}
        for field in self._plan.root.fields:
            column = self._column(field, source, Root(), self.failures.rounds)
            await self._steps.take()
            [value] = column.completed
            if value is NULLED:
                return None
            data[field.key] = value
        return data

    # Waiting.

    def _wait(self, column: Column, wait: Wait, then: Then, held: Sequence[Any] = ()) -> None:
        column.round += 1
        self._steps.add_when(wait, then, held)

    def _wait_for_all(self, column: Column, values: list[Any], then: Then) -> None:
        if awaitable(values, types_of(values)):
            self._wait(column, awaited(values), then, values)
        else:
            then(values)

    # The columns of a level are read.

    def _read(
        self,
        fields: Sequence[FieldPlan],
        objects: Sequence[Any],
        places: Places,
        round: int,
        columns: list[Column],
    ) -> None:
        """Add the columns of a level, in several steps where they are much to read."""

        def read(some: Sequence[FieldPlan], size: int) -> None:
            self._steps.handled += size
            columns.extend([self._column(field, objects, places, round) for field in some])

        count = len(objects)
        if len(fields) * (count + _BINDING) <= AT_ONCE:
            read(fields, len(fields) * count)
            return
        parts = list(_parts(fields, count))
        if len(parts) == 1:
            read(*parts[0])
            return
        for part in parts:
            self._steps.add(partial(read, *part))

    def _column(
        self, field: FieldPlan, objects: Sequence[Any], places: Places, round: int
    ) -> Column:
        """What the field has for each object."""
        column = Column(field, field.shape, Keys(places, field), round)
        if field.is_typename:
            column.completed = [field.parent_type.name] * len(objects)
        elif field.read is not None:
            self._arrived(column, mapped(field.read, objects))
        else:
            try:
                arguments = self._given(field.arguments)
            except Exception as error:
                self._settled(column, [error] * len(objects))
            else:
                self._resolve(column, objects, arguments)
        return column

    def _given(self, arguments: Arguments) -> dict[str, Any]:
        executor = self._executor
        return arguments.values(
            executor.variable_values, hide_suggestions=executor.hide_suggestions
        )

    def _resolve(self, column: Column, objects: Sequence[Any], arguments: dict[str, Any]) -> None:
        field, places = column.field, column.places
        render = None if field.bind is None else field.bind(self._given)
        if render is not None:
            context = self._executor.context_value
            rendered = resolved_together(render, objects, context, arguments)
            self._wait(column, rendered, partial(self._rendered, column))
            return
        if field.resolve_batch is not None:
            info = self._info(field, places, 0)
            batch = resolved_together(field.resolve_batch, objects, info, arguments)
            self._wait(column, batch, partial(self._settled, column))
            return
        resolve = field.resolve
        values: list[Any] = []
        for index, source in enumerate(objects):
            try:
                values.append(resolve(source, self._info(field, places, index), **arguments))
            except Exception as error:
                values.append(error)
        self._arrived(column, values)

    def _info(self, field: FieldPlan, places: Places, index: int) -> Info:
        path = places.path(index)
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

    # The values of a column are completed.

    def _arrived(self, column: Column, values: list[Any]) -> None:
        """Complete values: at once, but for those that have to be awaited."""
        kinds = types_of(values)
        if are_complete(column.shape.classes, values, kinds):
            column.completed = values
            return
        waiting = awaitable(values, kinds)
        if not waiting:
            self._complete(column, values, kinds)
        elif len(waiting) == len(values):
            self._wait(column, awaited(values), partial(self._settled, column), values)
        else:
            column.completed = [None] * len(values)
            for indexes in (sorted(set(range(len(values))) - set(waiting)), waiting):
                chosen = self._chosen(column, indexes)
                self._arrived(chosen, [values[index] for index in indexes])

    def _settled(self, column: Column, values: list[Any]) -> None:
        """Complete values that need not be awaited."""
        self._complete(column, values, types_of(values))

    def _rendered(self, column: Column, values: list[Any]) -> None:
        """Complete what a renderer gave; mostly it's complete."""
        column, values = self._present(column, values, types_of(values))
        column.completed = values
        resolved = [index for index, value in enumerate(values) if type(value) is Unrendered]
        if resolved:
            chosen = self._chosen(column, resolved)
            self._arrived(chosen, [values[index].value for index in resolved])

    def _complete(self, column: Column, values: list[Any], kinds: set[type]) -> None:
        if column.shape.kind is Kind.LEAF:
            self._leaves(column, values, kinds)
        else:
            self._steps.add(partial(self._composites, column, values, kinds))

    def _leaves(self, column: Column, values: list[Any], kinds: set[type]) -> None:
        if are_complete(column.shape.classes, values, kinds):
            column.completed = values
            return
        column, values = self._present(column, values, kinds)
        coerce = coercion(column.shape.type)
        column.completed = mapped(coerce, values, partial(self._failed, column))

    def _composites(self, column: Column, values: list[Any], kinds: set[type]) -> None:
        self._steps.handled += len(values)
        column, values = self._present(column, values, kinds)
        match column.shape.kind:
            case Kind.LIST if has_stream(kinds):
                self._wait(column, streamed(values), partial(self._lists, column))
            case Kind.LIST:
                self._lists(column, values)
            case Kind.ABSTRACT:
                self._abstract(column, values)
            case _:
                self._objects(column, column.shape.type, values)

    def _present(
        self, column: Column, values: list[Any], kinds: set[type]
    ) -> tuple[Column, list[Any]]:
        """The column, and its values, without those that are null or failed."""
        if kinds.isdisjoint(_NOTHING) and not any(issubclass(kind, Exception) for kind in kinds):
            return column, values
        completed: list[Any] = [None] * len(values)
        present: list[int] = []
        for index, value in enumerate(values):
            if value is None or value is Undefined:
                completed[index] = self._null(column, index)
            elif isinstance(value, Exception):
                completed[index] = self._failed(column, index, value)
            else:
                present.append(index)
        column.completed = completed
        return self._chosen(column, present), [values[index] for index in present]

    def _chosen(self, column: Column, indexes: list[int]) -> Column:
        """A column of some of another's values, which gets what becomes of them."""
        chosen = Column(column.field, column.shape, Subset(column.places, indexes), column.round)

        def assemble() -> None:
            for index, completed in zip(indexes, chosen.completed, strict=True):
                column.completed[index] = completed

        self._steps.defer(assemble, len(indexes))
        return chosen

    def _lists(self, column: Column, values: list[Any]) -> None:
        lists = [listed(column.field, value) for value in values]
        column, lists = self._present(column, lists, types_of(lists))
        shape = column.shape.of
        assert shape is not None
        lengths = list(map(len, lists))
        items = Column(column.field, shape, Items(column.places, lengths, shape), column.round)

        def assemble() -> None:
            completed = iter(items.completed)
            column.completed = [list(islice(completed, length)) for length in lengths]
            if self._has_nulled:
                null = _null_of(column.shape)
                column.completed = [null if _has_nulled(one) else one for one in column.completed]

        self._steps.defer(assemble, len(lists))
        self._arrived(items, list(chain.from_iterable(lists)))

    def _abstract(self, column: Column, values: list[Any]) -> None:
        abstract = column.shape.type
        known = self._plan.types_by_class(abstract)
        if all(map(known.__contains__, types_of(values))):
            types = [known[type(value)] for value in values]
            column.completed = [None] * len(values)
            self._typed(column, values, _indexes_of(types))
            return
        resolve_type = abstract.resolve_type or self._executor.type_resolver
        infos = self._field_infos(column, len(values))
        names = [
            caught(resolve_type, value, info, abstract)
            for value, info in zip(values, infos, strict=True)
        ]
        self._wait_for_all(column, names, partial(self._named, column, values, infos))

    def _named(
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
                column.completed[index] = self._failed(column, index, error)
        self._typed(column, values, indexes_of)

    def _typed(
        self,
        column: Column,
        values: list[Any],
        indexes_of: Mapping[GraphQLObjectType, list[int]],
    ) -> None:
        """Complete the objects at these indexes, which are of these types."""
        for type_, indexes in indexes_of.items():
            if len(indexes) == len(values):
                self._objects(column, type_, values)
            else:
                chosen = self._chosen(column, indexes)
                self._objects(chosen, type_, [values[index] for index in indexes])

    def _objects(self, column: Column, type_: GraphQLObjectType, values: list[Any]) -> None:
        is_type_of = type_.is_type_of
        if is_type_of is None or self._plan.are_known(type_, types_of(values)):
            self._select(column, values, type_)
            return
        verdicts = [
            caught(is_type_of, value, info)
            for value, info in zip(values, self._field_infos(column, len(values)), strict=True)
        ]
        self._wait_for_all(column, verdicts, partial(self._judged, column, type_, values))

    def _judged(
        self, column: Column, type_: GraphQLObjectType, values: list[Any], verdicts: list[Any]
    ) -> None:
        """Complete the objects that `is_type_of` accepted."""
        for index, verdict in enumerate(verdicts):
            if isinstance(verdict, Exception):
                values[index] = verdict
            elif not verdict:
                values[index] = invalid_return_type_error(
                    type_, values[index], column.field.details
                )
        self._select(*self._present(column, values, types_of(values)), type_)

    def _field_infos(self, column: Column, count: int) -> list[Info]:
        """For each value, the info that the resolver of its field had."""
        infos: dict[int, Info] = {}
        found: list[Info] = []
        for index in range(count):
            places, position = column.places.in_field(index)
            if position not in infos:
                infos[position] = self._info(column.field, places, position)
            found.append(infos[position])
        return found

    def _select(self, column: Column, values: list[Any], type_: GraphQLObjectType) -> None:
        if not values:
            return
        try:
            selection = self._plan.selection(column.field, type_)
        except Exception as error:
            column.completed = [self._failed(column, index, error) for index in range(len(values))]
            return
        columns: list[Column] = []

        def assemble() -> None:
            null = _null_of(column.shape)
            column.completed = self._assembled(selection, columns, len(values), null)

        fields = selection.fields
        self._steps.defer(assemble, len(values) * len(fields))
        self._read(fields, values, column.places, column.round, columns)

    def _assembled(
        self, selection: SelectionPlan, columns: list[Column], count: int, null: Any
    ) -> list[Any]:
        """The objects; `null` for those that lack a value that they must have."""
        objects: list[Any] = selection.assemble(count, *[column.completed for column in columns])
        if self._has_nulled:
            for column in columns:
                for index, value in enumerate(column.completed):
                    if value is NULLED:
                        objects[index] = null
        return objects

    # What stands for a value that isn't there.

    def _null(self, column: Column, index: int) -> Any:
        if not column.shape.is_non_null:
            return None
        name = f"{column.field.parent_type}.{column.field.name}"
        error = TypeError(f"Cannot return null for non-nullable field {name}.")
        return self._failed(column, index, error)

    def _failed(self, column: Column, index: int, error: Exception) -> Any:
        self.failures.add(error, column.field.nodes, column.places, index, column.round)
        self._has_nulled |= column.shape.is_non_null
        return _null_of(column.shape)


def _parts(fields: Sequence[FieldPlan], count: int) -> Iterator[tuple[Sequence[FieldPlan], int]]:
    """The fields in parts that may be read at once, of so many objects, and the size of each."""
    start = size = 0
    for place, field in enumerate(fields):
        more = count if field.bind is None else count + _BINDING
        if place > start and size + more > AT_ONCE:
            yield fields[start:place], size
            start, size = place, 0
        size += more
    yield fields[start:], size


def _indexes_of(types: Sequence[GraphQLObjectType]) -> dict[GraphQLObjectType, list[int]]:
    """Where each type stands."""
    found: dict[GraphQLObjectType, list[int]] = {type_: [] for type_ in types}
    for index, type_ in enumerate(types):
        found[type_].append(index)
    return found


def _null_of(shape: Shape) -> _Nulled | None:
    return NULLED if shape.is_non_null else None


def _has_nulled(values: Iterable[Any]) -> bool:
    return any(value is NULLED for value in values)
