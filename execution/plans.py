"""Plans: what is to be done for an operation, worked out once from its document and schema."""

from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from itertools import count
from operator import attrgetter
from types import NoneType
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    TypeNameMetaFieldDef,
    default_field_resolver,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from execution.arguments import Arguments
from execution.operations import Operation

Resolver = Callable[..., Any]
"""Resolves a field of one object: `(parent, info, **arguments)`."""

BatchResolver = Callable[..., Awaitable[Sequence[Any]]]
"""Resolves a field of all objects of a level at once: `(parents, info, **arguments)`.

What it gives is aligned with the parents; an exception among it fails that place, and one that is
raised fails all of them. `info` is that of the first parent.
"""


class Selected(NamedTuple):
    """A field that is selected of objects of a type, under a response key.

    `selected` is what is selected of the field's own objects; None of a leaf, and of what may be of
    several types. `arguments` are those of a field that takes any.
    """

    key: str
    type: GraphQLObjectType
    field: GraphQLField
    selected: "tuple[Selected, ...] | None" = None
    arguments: Arguments | None = None


Write = Callable[..., Awaitable[Sequence[Any]]]
"""Resolves a field of all objects of a level at once: `(parents, context_value, **arguments)`.

What it gives is aligned with the parents, and complete: objects that are written as JSON, or null.
"""


class Unwritten(NamedTuple):
    """What a writer gives where it has only resolved the field: its value is to be completed."""

    value: Any


Given = Callable[[Arguments], dict[str, Any]]
"""Gives the arguments of a field, as `Arguments.values` does for the variables of an operation."""

Bind = Callable[[Given], Write | None]
"""Gives what writes the objects with the arguments of all fields below. None where nothing can:
the field is resolved then, as if it had no writer."""

Writer = Callable[[Sequence[Selected]], Bind | None]
"""Gives what can write the objects of a field of which this is selected. None where nothing can."""

MOST_SELECTED: Final = 1_000
"""How many fields a writer is told of: nothing writes more, and it takes time to find them."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the values of a field come from, and what is known of them.

    They come from what the field's writer gives, where `writer_of` has one that can write what is
    selected; or else from the batch resolver that `batch_of` has
    for the field, or else from the attribute that `attribute_of` names, or else from the resolver
    that `resolver_of` has in place of the field's own, or from that. What has the very class that
    `class_of` has for an object type is of that type; a leaf that has the very class that
    `leaf_class_of` has for its type is complete.
    """

    batch_of: Callable[[GraphQLField], BatchResolver | None]
    attribute_of: Callable[[GraphQLField], str | None]
    resolver_of: Callable[[GraphQLField], Resolver | None]
    class_of: Callable[[GraphQLObjectType], type | None]
    writer_of: Callable[[GraphQLField], Writer | None]
    leaf_class_of: Callable[[GraphQLLeafType], type | None]


class Kind(Enum):
    LEAF = auto()
    LIST = auto()
    OBJECT = auto()
    ABSTRACT = auto()


@dataclass(frozen=True, slots=True)
class Shape:
    """A type as the completion of its values needs it.

    `of` is the shape of a list's items. `classes` are those of a leaf's values that are complete.
    """

    kind: Kind
    is_non_null: bool
    type: Any
    of: "Shape | None" = None
    classes: frozenset[type] = frozenset()


def shape_of(
    type_: GraphQLOutputType, leaf_class_of: Callable[[GraphQLLeafType], type | None]
) -> Shape:
    is_non_null = is_non_null_type(type_)
    inner: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner):
        return Shape(Kind.LIST, is_non_null, inner, shape_of(inner.of_type, leaf_class_of))
    if is_leaf_type(inner):
        class_ = leaf_class_of(inner)
        classes = set() if class_ is None else {class_} if is_non_null else {class_, NoneType}
        return Shape(Kind.LEAF, is_non_null, inner, classes=frozenset(classes))
    if is_abstract_type(inner):
        return Shape(Kind.ABSTRACT, is_non_null, inner)
    assert is_object_type(inner)
    return Shape(Kind.OBJECT, is_non_null, inner)


@dataclass(eq=False, slots=True)
class FieldPlan:
    """One response key of a selection. `order` is its place among them."""

    order: int
    key: str
    name: str
    parent_type: GraphQLObjectType
    definition: GraphQLField
    details: list[FieldDetails]
    nodes: list[FieldNode]
    shape: Shape
    is_typename: bool
    read: Callable[[Any], Any] | None
    resolve: Resolver
    resolve_batch: BatchResolver | None
    bind: Bind | None
    arguments: Arguments
    selections: dict[GraphQLObjectType, "SelectionPlan"] = field(default_factory=dict)
    """By the runtime type of the field's objects; made when the first of the type comes."""


Assemble = Callable[..., list[dict[str, Any]]]


@dataclass(eq=False, slots=True)
class SelectionPlan:
    """The fields that are selected of objects of one type.

    `assemble` makes that many objects of the columns of their values.
    """

    fields: list[FieldPlan]
    assemble: Assemble


class OperationPlan:
    """The plan of one operation, for one outcome of its `@skip` and `@include` directives."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: Operation,
        variables: VariableValues,
        sources: Sources,
    ) -> None:
        self.operation = operation.node
        self.fragments = {name: FragmentDetails(node) for name, node in operation.fragments.items()}
        self._schema = schema
        self._variables = operation.steering_of(variables)
        self._sources = sources
        root_type = schema.get_root_type(operation.node.operation)
        assert root_type is not None
        self.root = self._selection(
            root_type,
            collect_fields(schema, self.fragments, self._variables, root_type, operation.node),
        )
        self.only_written = self._only_written()
        self.is_introspection = all(field.name.startswith("__") for field in self.root.fields)
        """Whether it asks for nothing but the schema, which has the same answer each time."""

    def _only_written(self) -> FieldPlan | None:
        """The field that is all of the operation, when somebody else writes it."""
        match self.root.fields:
            case [field] if field.bind is not None:
                return field
        return None

    def are_known(self, type_: GraphQLObjectType, kinds: Set[type]) -> bool:
        """Whether objects of these classes need not be asked about."""
        return kinds == {self._sources.class_of(type_)}

    def selection(self, field: FieldPlan, type_: GraphQLObjectType) -> SelectionPlan:
        """What the field selects of its objects of this type."""
        found = field.selections.get(type_)
        if found is None:
            collected = self._subfields(type_, field.details)
            found = field.selections[type_] = self._selection(type_, collected)
        return found

    def _subfields(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> CollectedFields:
        return collect_subfields(
            self._schema, self.fragments, self._variables, self.operation, type_, details
        )

    def _selection(self, type_: GraphQLObjectType, collected: CollectedFields) -> SelectionPlan:
        fields: list[FieldPlan] = []
        for key, details in collected.grouped_field_set.items():
            definition = self._schema.get_field(type_, details[0].node.name.value)
            if definition is not None:
                fields.append(self._field(len(fields), key, type_, definition, details))
        return SelectionPlan(fields, _assembler(tuple(field.key for field in fields)))

    def _field(
        self,
        order: int,
        key: str,
        type_: GraphQLObjectType,
        definition: GraphQLField,
        details: list[FieldDetails],
    ) -> FieldPlan:
        nodes = [detail.node for detail in details]
        resolve_batch = self._sources.batch_of(definition)
        attribute = self._sources.attribute_of(definition)
        return FieldPlan(
            order=order,
            key=key,
            name=nodes[0].name.value,
            parent_type=type_,
            definition=definition,
            details=details,
            nodes=nodes,
            shape=shape_of(definition.type, self._sources.leaf_class_of),
            is_typename=definition is TypeNameMetaFieldDef,
            read=attrgetter(attribute) if attribute and not resolve_batch else None,
            resolve=(
                self._sources.resolver_of(definition)
                or definition.resolve
                or default_field_resolver
            ),
            resolve_batch=resolve_batch,
            bind=self._bind(definition, details),
            arguments=Arguments(definition, nodes[0]),
        )

    def _bind(self, definition: GraphQLField, details: list[FieldDetails]) -> Bind | None:
        writer = self._sources.writer_of(definition)
        selected = self._selected(definition, details, count()) if writer else None
        return None if writer is None or selected is None else writer(selected)

    def _selected(
        self, definition: GraphQLField, details: list[FieldDetails], number: Iterator[int]
    ) -> tuple[Selected, ...] | None:
        """What is selected of the field's objects; None where that depends on more than plans, or
        is too much. `number` counts it.
        """
        type_ = get_named_type(definition.type)
        if not is_object_type(type_):
            return None
        found: list[Selected] = []
        for key, below in self._subfields(type_, details).grouped_field_set.items():
            field = self._schema.get_field(type_, below[0].node.name.value)
            if field is None or next(number) >= MOST_SELECTED:
                return None
            selected = None
            if is_object_type(get_named_type(field.type)):
                selected = self._selected(field, below, number)
                if selected is None:
                    return None
            arguments = Arguments(field, below[0].node) if field.args else None
            found.append(Selected(key, type_, field, selected, arguments))
        return tuple(found)


@lru_cache(maxsize=1_000)
def _assembler(keys: tuple[str, ...]) -> Assemble:
    """Makes objects of columns. A dict display in a loop is the fastest that Python has."""
    if not keys:
        return lambda count: [{} for _ in range(count)]
    numbers = range(len(keys))
    pairs = ", ".join(f"{key!r}: v{number}" for number, key in enumerate(keys))
    values = " ".join(f"v{number}," for number in numbers)
    columns = ", ".join(f"c{number}" for number in numbers)
    source = f"lambda count, {columns}: [{{{pairs}}} for {values} in zip({columns})]"
    # All of it is ours but the keys, and these are quoted.
    assemble: Assemble = eval(source)  # noqa: S307
    return assemble
