"""Plans: what is to be done for an operation, worked out once from its document and schema."""

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
    BatchResolver,
    Bind,
    FieldBinding,
    Renderer,
    Resolver,
    SelectedField,
)
from execution.operations import Operation

MAX_SELECTED: Final = 1_000
"""How many fields the engine tells a renderer of: none renders more, and to find them is slow."""

_PLAN_WEIGHT: Final = 1_500
_SELECTION_WEIGHT: Final = 700
_FIELD_WEIGHT: Final = 800
_NODE_WEIGHT: Final = 80
_ARGUMENT_WEIGHT: Final = 300
_SELECTED_WEIGHT: Final = 250
_RENDERER_WEIGHT: Final = 1_500
_RENDERED_WEIGHT: Final = 300
"""What parts of a plan take, in bytes. Tests hold the sums to what plans really take."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the values of a field come from, and what the engine knows of them.

    `binding_of` says in which ways the engine may get the values of a field; where results aren't
    to be rendered (`renders`), renderers aren't among them. An object of the very class that
    `class_of` has for an object type is of that type; a leaf of the very class that `leaf_class_of`
    has for its type is complete.
    """

    binding_of: Callable[[GraphQLField], FieldBinding]
    class_of: Callable[[GraphQLObjectType], type | None]
    leaf_class_of: Callable[[GraphQLLeafType], type | None]
    renders: bool
    _known: "dict[int, Source]" = field(init=False, repr=False, default_factory=dict)
    _types: "dict[GraphQLNamedType, Mapping[type, GraphQLObjectType]]" = field(
        init=False, repr=False, default_factory=dict
    )

    def of(self, definition: GraphQLField) -> "Source":
        """What is known of a field of the schema, worked out once."""
        found = self._known.get(id(definition))
        if found is None:
            found = self._known[id(definition)] = self._worked_out(definition)
        return found

    def types_by_class(
        self, schema: GraphQLSchema, abstract: GraphQLAbstractType
    ) -> Mapping[type, GraphQLObjectType]:
        """The possible types whose objects are known by their class; worked out once."""
        found = self._types.get(abstract)
        if found is None:
            possible = schema.get_possible_types(abstract)
            by_class = {self.class_of(type_): type_ for type_ in possible}
            found = {class_: type_ for class_, type_ in by_class.items() if class_ is not None}
            self._types[abstract] = found
        return found

    def _worked_out(self, definition: GraphQLField) -> "Source":
        binding = self.binding_of(definition)
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
    """Where the values of one field of the schema come from, whoever selects it."""

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
    """That of the field's objects; None where they may be of several, or are none."""
    type_ = get_named_type(definition.type)
    return type_ if is_object_type(type_) else None


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
    """The fields that are selected of objects of one type."""

    fields: list[FieldPlan]
    _assemble: Assemble | None = None

    @property
    def assemble(self) -> Assemble:
        """Makes that many objects of the columns of their values."""
        # What is rendered as JSON is never put together, and it takes time to compile.
        if self._assemble is None:
            self._assemble = _assembler(tuple(field.key for field in self.fields))
        return self._assemble


class _Below(NamedTuple):
    """What is selected of a field's objects, and how many fields it has on all levels."""

    selected: tuple[SelectedField, ...]
    size: int


def _nobody(_: int) -> None:
    """Whoever doesn't count needn't be told."""


class OperationPlan:
    """The plan of one operation, for one outcome of its `@skip` and `@include` directives.

    What is selected alike is planned once, however often fragments are spread and under however
    many aliases: a plan is as large as its document, not as what that expands to. `weight` is what
    it takes, in bytes; it grows when objects come whose selection wasn't planned yet.
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
        self._grown: Callable[[int], None] = _nobody
        self._schema = schema
        self._variables = operation.steering_of(variables)
        self._sources = sources
        self._selections: dict[Hashable, SelectionPlan] = {}
        self._fields: dict[Hashable, FieldPlan] = {}
        self._below: dict[Hashable, _Below | None] = {}
        self._alike: dict[Hashable, tuple[SelectedField, ...]] = {}
        self._arguments: dict[Hashable, Arguments] = {}
        self._binds: dict[Hashable, Bind | None] = {}
        root_type = schema.get_root_type(operation.node.operation)
        assert root_type is not None
        collected = collect_fields(
            schema, self.fragments, self._variables, root_type, operation.node
        )
        self.root = self._selection(root_type, collected.grouped_field_set)
        self.only_rendered = self._only_rendered()
        self.is_introspection = all(field.name.startswith("__") for field in self.root.fields)
        """Whether it asks for nothing but the schema, which has the same answer each time."""

    def tell_growth(self, grown: Callable[[int], None]) -> None:
        """Let `grown` know of the weight, and of all that is added to it."""
        self._grown = grown
        grown(self.weight)

    def let_go(self) -> int:
        """The weight, when nobody wants to know of it any more."""
        self._grown = _nobody
        return self.weight

    def _grow(self, weight: int) -> None:
        self.weight += weight
        self._grown(weight)

    def _only_rendered(self) -> FieldPlan | None:
        """The field that is all of the operation, when somebody else renders it."""
        match self.root.fields:
            case [field] if field.bind is not None:
                return field
        return None

    def are_known(self, type_: GraphQLObjectType, kinds: Set[type]) -> bool:
        """Whether objects of these classes need not be asked about."""
        return kinds == {self._sources.class_of(type_)}

    def types_by_class(self, abstract: GraphQLAbstractType) -> Mapping[type, GraphQLObjectType]:
        """The possible types of objects that need not be asked about, by their classes."""
        return self._sources.types_by_class(self._schema, abstract)

    def selection(self, field: FieldPlan, type_: GraphQLObjectType) -> SelectionPlan:
        """What the field selects of its objects of this type."""
        found = field.selections.get(type_)
        if found is None:
            found = field.selections[type_] = self._subselection(type_, field.details)
        return found

    def _subselection(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> SelectionPlan:
        key = self._identity(type_, details)
        found = self._selections.get(key)
        if found is None:
            collected = self._subfields(type_, details)
            found = self._selections[key] = self._selection(type_, collected)
        return found

    def _identity(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> tuple[Any, ...]:
        """Equal for what is selected of a type by the same part of the document."""
        key: list[Any] = [type_]
        for detail in details:
            selected = detail.node.selection_set
            # A spread alone selects what its fragment does; there are no more of them in a row.
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

    def _selection(self, type_: GraphQLObjectType, collected: GroupedFieldSet) -> SelectionPlan:
        fields: list[FieldPlan] = []
        for key, details in collected.items():
            definition = self._schema.get_field(type_, details[0].node.name.value)
            if definition is not None:
                fields.append(self._field(len(fields), key, type_, definition, details))
        self._grow(_SELECTION_WEIGHT + _NODE_WEIGHT * len(fields))
        return SelectionPlan(fields)

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
            self._grow(
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
                self._grow(_RENDERER_WEIGHT + _RENDERED_WEIGHT * below.size)
        return self._binds[key]

    def _selected(self, source: Source, details: Sequence[FieldDetails]) -> _Below | None:
        """What is selected of the field's objects; None where that depends on more than plans, or
        is too much.
        """
        type_ = source.object_type
        if type_ is None:
            return None
        key = self._text(type_, details)
        if key not in self._below:
            self._below[key] = self._found_below(type_, details)
            self._grow(_SELECTED_WEIGHT + sum(len(part) for part in key if isinstance(part, str)))
        return self._below[key]

    def _text(self, type_: GraphQLObjectType, details: Sequence[FieldDetails]) -> tuple[Any, ...]:
        """Equal for what is selected of a type by parts of the document that say the same."""
        key: list[Any] = [type_]
        for detail in details:
            selected = detail.node.selection_set
            place = selected.loc if selected else None
            if selected and place is None:
                return self._identity(type_, details)
            key.append(place.source.body[place.start : place.end] if place else "")
        return tuple(key)

    def _found_below(
        self, type_: GraphQLObjectType, details: Sequence[FieldDetails]
    ) -> _Below | None:
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
        return _Below(self._as_one(type_, found), size)

    def _as_one(
        self, type_: GraphQLObjectType, selected: Sequence[SelectedField]
    ) -> tuple[SelectedField, ...]:
        """The same tuple for all that is selected alike."""
        parts = [(it.key, id(it.field), id(it.selected), id(it.arguments)) for it in selected]
        key = (type_, *parts)
        if key not in self._alike:
            self._alike[key] = tuple(selected)
            self._grow(_SELECTED_WEIGHT * (1 + len(selected)))
        return self._alike[key]

    def _arguments_of(self, source: Source, node: FieldNode) -> Arguments:
        """The same for all that are given alike."""
        key = (id(source), structure_of(node.arguments))
        if key not in self._arguments:
            self._arguments[key] = Arguments(source.parameters, node)
            self._grow(_ARGUMENT_WEIGHT * (1 + 2 * len(node.arguments or ())))
        return self._arguments[key]


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
