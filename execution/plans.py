"""Plans of operations, made once from the document and the schema."""

from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum, auto
from operator import attrgetter
from types import NoneType
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLNamedType,
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
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from execution.arguments import Arguments, Parameters, structure_of
from execution.bindings import (
    OWN_RESOLVER,
    BatchResolver,
    Bind,
    FieldBinding,
    Renderer,
    Resolver,
    SelectedField,
)
from execution.operations import Operation

MAX_SELECTED: Final = 1_000
"""How many fields the engine passes to a renderer: none renders more, and to find them is slow."""

_PLAN_WEIGHT: Final = 1_500
_SELECTION_WEIGHT: Final = 700
_FIELD_WEIGHT: Final = 800
_NODE_WEIGHT: Final = 80
_ARGUMENT_WEIGHT: Final = 300
_SELECTED_WEIGHT: Final = 250
_RENDERER_WEIGHT: Final = 1_500
_RENDERED_WEIGHT: Final = 300
"""The memory that parts of a plan take, in bytes. Tests compare the sums with real plans."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of all fields of a schema.

    `binding_of` returns the ways in which the engine may get the values of a field; without
    `renders`, the engine uses no renderer, and unless it's `unrestricted`, it resolves restricted
    fields by the schema's resolvers. An object whose class is exactly `class_of` its object
    type is of that type; a leaf whose class is exactly `leaf_class_of` its type is complete.
    """

    binding_of: Callable[[GraphQLField], FieldBinding]
    class_of: Callable[[GraphQLObjectType], type | None]
    leaf_class_of: Callable[[GraphQLLeafType], type | None]
    renders: bool
    unrestricted: bool
    _known: "dict[int, Source]" = field(init=False, repr=False, default_factory=dict)
    _types: "dict[GraphQLNamedType, Mapping[type, GraphQLObjectType]]" = field(
        init=False, repr=False, default_factory=dict
    )

    def of(self, definition: GraphQLField) -> "Source":
        """The source of a field of the schema, made once."""
        found = self._known.get(id(definition))
        if found is None:
            found = self._known[id(definition)] = self._new_source(definition)
        return found

    def types_by_class(
        self, schema: GraphQLSchema, abstract: GraphQLAbstractType
    ) -> Mapping[type, GraphQLObjectType]:
        """The possible types whose objects are known by their class; computed once."""
        found = self._types.get(abstract)
        if found is None:
            possible = schema.get_possible_types(abstract)
            by_class = {self.class_of(type_): type_ for type_ in possible}
            found = {class_: type_ for class_, type_ in by_class.items() if class_ is not None}
            self._types[abstract] = found
        return found

    def _new_source(self, definition: GraphQLField) -> "Source":
        binding = self.binding_of(definition)
        if binding.is_restricted and not self.unrestricted:
            binding = OWN_RESOLVER
        attribute = None if binding.resolve_batch else binding.attribute
        return Source(
            definition=definition,
            binding=binding,
            shape=shape_of(definition.type, self.leaf_class_of),
            object_type=_object_type(definition),
            read=None if attribute is None else attrgetter(attribute),
            resolve=binding.resolve or definition.resolve or default_field_resolver,
            resolve_batch=binding.resolve_batch,
            renderer=binding.renderer if self.renders else None,
            parameters=Parameters(definition),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The source of the values of one field of the schema, for all operations that select it."""

    definition: GraphQLField
    binding: FieldBinding
    shape: "Shape"
    object_type: GraphQLObjectType | None
    read: Callable[[Any], Any] | None
    resolve: Resolver
    resolve_batch: BatchResolver | None
    renderer: Renderer | None
    parameters: Parameters


def _object_type(definition: GraphQLField) -> GraphQLObjectType | None:
    """The type of the field's objects; None where several are possible, or values are leaves."""
    type_ = get_named_type(definition.type)
    return type_ if is_object_type(type_) else None


class ShapeKind(Enum):
    LEAF = auto()
    LIST = auto()
    OBJECT = auto()
    ABSTRACT = auto()


@dataclass(frozen=True, slots=True)
class Shape:
    """An output type, in the form in which values are completed by it.

    `of` is the shape of a list's items. Of a leaf, values of the `complete_classes` are complete.
    """

    kind: ShapeKind
    is_non_null: bool
    type: Any
    of: "Shape | None" = None
    complete_classes: frozenset[type] = frozenset()


def shape_of(
    type_: GraphQLOutputType, leaf_class_of: Callable[[GraphQLLeafType], type | None]
) -> Shape:
    is_non_null = is_non_null_type(type_)
    inner: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner):
        return Shape(ShapeKind.LIST, is_non_null, inner, shape_of(inner.of_type, leaf_class_of))
    if is_leaf_type(inner):
        class_ = leaf_class_of(inner)
        complete_classes = (
            set() if class_ is None else {class_} if is_non_null else {class_, NoneType}
        )
        return Shape(
            ShapeKind.LEAF, is_non_null, inner, complete_classes=frozenset(complete_classes)
        )
    if is_abstract_type(inner):
        return Shape(ShapeKind.ABSTRACT, is_non_null, inner)
    assert is_object_type(inner)
    return Shape(ShapeKind.OBJECT, is_non_null, inner)


@dataclass(eq=False, slots=True)
class FieldPlan:
    """One response key of a selection set. `order` is its position among the keys."""

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
    selection_sets: dict[GraphQLObjectType, "SelectionSetPlan"] = field(default_factory=dict)
    """The plans by the runtime type of the field's objects, made for the first object of a type."""


Assemble = Callable[..., list[dict[str, Any]]]


@dataclass(eq=False, slots=True)
class SelectionSetPlan:
    """The fields that are selected of objects of one type."""

    fields: list[FieldPlan]
    _assemble: Assemble | None = None

    @property
    def assemble(self) -> Assemble:
        """A function that makes so many objects of the columns of their values."""
        # Compiling takes time, and rendered objects are never assembled.
        if self._assemble is None:
            self._assemble = _assembler(tuple(field.key for field in self.fields))
        return self._assemble


class _SelectedBelow(NamedTuple):
    """The fields that are selected of a field's objects, and their number on all levels."""

    selected: tuple[SelectedField, ...]
    size: int


def _ignore(_: int) -> None:
    """Observe nothing: the default where nobody counts the weight."""


class OperationPlan:
    """The plan of one operation, for one outcome of its `@skip` and `@include` directives.

    Equal selection sets are planned once, however often fragments are spread and under however
    many aliases: a plan is as large as its document, not as the expanded document. `weight` is its
    memory in bytes; it grows when objects come whose selection set wasn't planned yet.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: Operation,
        variables: VariableValues,
        sources: Sources,
    ) -> None:
        self.operation = operation.node
        self.fragments = {name: FragmentDetails(node) for name, node in operation.fragments.items()}
        self.weight = _PLAN_WEIGHT
        self._on_growth: Callable[[int], None] = _ignore
        self._schema = schema
        self._variables = operation.conditional_values(variables)
        self._sources = sources
        self._selection_sets: dict[Hashable, SelectionSetPlan] = {}
        self._fields: dict[Hashable, FieldPlan] = {}
        self._selected_below: dict[Hashable, _SelectedBelow | None] = {}
        self._interned_selections: dict[Hashable, tuple[SelectedField, ...]] = {}
        self._arguments: dict[Hashable, Arguments] = {}
        self._binds: dict[Hashable, Bind | None] = {}
        root_type = schema.get_root_type(operation.node.operation)
        assert root_type is not None
        collected = collect_fields(
            schema, self.fragments, self._variables, root_type, operation.node
        )
        self.root = self._selection_set(root_type, collected.grouped_field_set)
        self.rendered_root_field = self._find_rendered_root_field()
        self.is_introspection = all(field.name.startswith("__") for field in self.root.fields)
        """Whether the operation is introspection alone, whose result is the same each time."""

    def observe_growth(self, on_growth: Callable[[int], None]) -> None:
        """Call `on_growth` with the weight now, and with all that is added to it later."""
        self._on_growth = on_growth
        on_growth(self.weight)

    def stop_observing_growth(self) -> int:
        """Returns the weight; later growth is reported to nobody."""
        self._on_growth = _ignore
        return self.weight

    def _add_weight(self, weight: int) -> None:
        self.weight += weight
        self._on_growth(weight)

    def _find_rendered_root_field(self) -> FieldPlan | None:
        """The operation's only root field, if it has a renderer."""
        match self.root.fields:
            case [field] if field.bind is not None:
                return field
        return None

    def has_known_class(self, type_: GraphQLObjectType, classes: Set[type]) -> bool:
        """Whether these classes tell that their objects are of the type, without `is_type_of`."""
        return classes == {self._sources.class_of(type_)}

    def types_by_class(self, abstract: GraphQLAbstractType) -> Mapping[type, GraphQLObjectType]:
        """The possible types of objects that are known by their classes, without `resolve_type`."""
        return self._sources.types_by_class(self._schema, abstract)

    def selection_set(self, field: FieldPlan, type_: GraphQLObjectType) -> SelectionSetPlan:
        """The selection set of the field's objects of this type."""
        found = field.selection_sets.get(type_)
        if found is None:
            found = field.selection_sets[type_] = self._new_selection_set(type_, field.details)
        return found

    def _new_selection_set(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> SelectionSetPlan:
        key = self._identity_key(type_, details)
        found = self._selection_sets.get(key)
        if found is None:
            collected = self._subfields(type_, details)
            found = self._selection_sets[key] = self._selection_set(type_, collected)
        return found

    def _identity_key(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> tuple[Any, ...]:
        """A key that is equal for selections of a type by the same part of the document."""
        key: list[Any] = [type_]
        for detail in details:
            selected = detail.node.selection_set
            # A lone spread selects the same as its fragment. A chain of them has no more
            # spreads than there are fragments.
            for _ in self.fragments:
                match selected.selections if selected else ():
                    case [FragmentSpreadNode(directives=() | [], name=name)] if (
                        fragment := self.fragments.get(name.value)
                    ) and fragment.definition.type_condition.name.value == type_.name:
                        selected = fragment.definition.selection_set
                    case _:
                        break
            key.append(id(selected))
        return tuple(key)

    def _subfields(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> GroupedFieldSet:
        return collect_subfields(
            self._schema, self.fragments, self._variables, self.operation, type_, list(details)
        ).grouped_field_set

    def _selection_set(
        self, type_: GraphQLObjectType, collected: GroupedFieldSet
    ) -> SelectionSetPlan:
        fields: list[FieldPlan] = []
        for key, details in collected.items():
            definition = self._schema.get_field(type_, details[0].node.name.value)
            if definition is not None:
                fields.append(self._field(len(fields), key, type_, definition, details))
        self._add_weight(_SELECTION_WEIGHT + _NODE_WEIGHT * len(fields))
        return SelectionSetPlan(fields)

    def _field(
        self,
        order: int,
        key: str,
        type_: GraphQLObjectType,
        definition: GraphQLField,
        details: list[FieldDetails],
    ) -> FieldPlan:
        nodes = [detail.node for detail in details]
        identity = (type_, order, *map(id, nodes))
        found = self._fields.get(identity)
        if found is None:
            source = self._sources.of(definition)
            arguments = Arguments(source.parameters, nodes[0])
            found = self._fields[identity] = FieldPlan(
                order=order,
                key=key,
                name=nodes[0].name.value,
                parent_type=type_,
                definition=definition,
                details=details,
                nodes=nodes,
                shape=source.shape,
                is_typename=definition is TypeNameMetaFieldDef,
                read=source.read,
                resolve=source.resolve,
                resolve_batch=source.resolve_batch,
                bind=self._bind(source, details),
                arguments=arguments,
            )
            self._add_weight(
                _FIELD_WEIGHT + _NODE_WEIGHT * len(nodes) + _ARGUMENT_WEIGHT * arguments.count
            )
        return found

    def _bind(self, source: Source, details: list[FieldDetails]) -> Bind | None:
        below = None if source.renderer is None else self._selected(source, details)
        if source.renderer is None or below is None:
            return None
        key = (id(source), id(below.selected))
        if key not in self._binds:
            bind = self._binds[key] = source.renderer(below.selected)
            if bind is not None:
                self._add_weight(_RENDERER_WEIGHT + _RENDERED_WEIGHT * below.size)
        return self._binds[key]

    def _selected(self, source: Source, details: Sequence[FieldDetails]) -> _SelectedBelow | None:
        """The fields that are selected of the field's objects.

        None where they depend on the objects' types, or are too many.
        """
        type_ = source.object_type
        if type_ is None:
            return None
        key = self._text_key(type_, details)
        if key not in self._selected_below:
            self._selected_below[key] = self._find_below(type_, details)
            self._add_weight(
                _SELECTED_WEIGHT + sum(len(part) for part in key if isinstance(part, str))
            )
        return self._selected_below[key]

    def _text_key(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> tuple[Any, ...]:
        """A key that is equal for selections of a type by parts of the document with equal text."""
        key: list[Any] = [type_]
        for detail in details:
            selected = detail.node.selection_set
            place = selected.loc if selected else None
            if selected and place is None:
                return self._identity_key(type_, details)
            key.append(place.source.body[place.start : place.end] if place else "")
        return tuple(key)

    def _find_below(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> _SelectedBelow | None:
        found: list[SelectedField] = []
        size = 0
        for key, inner in self._subfields(type_, details).items():
            node = inner[0].node
            definition = self._schema.get_field(type_, node.name.value)
            if definition is None:
                return None
            source = self._sources.of(definition)
            below = None
            if source.object_type is not None:
                below = self._selected(source, inner)
                if below is None:
                    return None
            size += 1 + (below.size if below else 0)
            if size > MAX_SELECTED:
                return None
            arguments = self._arguments_of(source, node) if definition.args else None
            selected = below.selected if below else None
            found.append(SelectedField(key, type_, definition, selected, arguments, source.binding))
        return _SelectedBelow(self._interned(type_, found), size)

    def _interned(
        self, type_: GraphQLObjectType, selected: Sequence[SelectedField]
    ) -> tuple[SelectedField, ...]:
        """One tuple for all equal selections."""
        parts = [(it.key, id(it.field), id(it.selected), id(it.arguments)) for it in selected]
        key = (type_, *parts)
        if key not in self._interned_selections:
            self._interned_selections[key] = tuple(selected)
            self._add_weight(_SELECTED_WEIGHT * (1 + len(selected)))
        return self._interned_selections[key]

    def _arguments_of(self, source: Source, node: FieldNode) -> Arguments:
        """One object for all equal arguments."""
        key = (id(source), structure_of(node.arguments))
        if key not in self._arguments:
            self._arguments[key] = Arguments(source.parameters, node)
            self._add_weight(_ARGUMENT_WEIGHT * (1 + 2 * len(node.arguments or ())))
        return self._arguments[key]


def _assembler(keys: tuple[str, ...]) -> Assemble:
    """A function that makes objects of columns. A dict display in a loop is the fastest way."""
    if not keys:
        return lambda count: [{} for _ in range(count)]
    numbers = range(len(keys))
    pairs = ", ".join(f"{key!r}: v{number}" for number, key in enumerate(keys))
    values = " ".join(f"v{number}," for number in numbers)
    columns = ", ".join(f"c{number}" for number in numbers)
    source = f"lambda count, {columns}: [{{{pairs}}} for {values} in zip({columns})]"
    # Only the keys come from the client, and they are quoted.
    assemble: Assemble = eval(source)  # noqa: S307
    return assemble
