"""How much one operation may ask for, counted before anything is executed.

Everything is counted over expanded fragments. Each fragment is measured once, so the work grows
with the document, not with its expansion.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    VariableNode,
    get_named_type,
    is_composite_type,
    type_from_ast,
)

from schema.entities import ENTITY_KINDS
from schema.errors import LimitExceeded
from schema.pagination import DEFAULT_PAGE, LARGEST_PAGE

CHILDREN = 10
"""How many items a list without paging is taken to have, on average."""

SORTED = 1_000
"""What a list of all entities counts that has to be sorted: there is no index of its order."""

_INDEXED = {
    f"{kind.name}Connection": {"CREATED_AT", kind.key_name.upper()} for kind in ENTITY_KINDS
}
_INDEXED["DraftConnection"].add("UPDATED_AT")

_META_FIELDS = {
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
    "__typename": TypeNameMetaFieldDef,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one operation may have. The defaults leave room for rich pages."""

    characters: int = 200_000
    """Of the document, which takes time to read; long texts belong into variables."""
    tokens: int = 5_000
    depth: int = 20
    aliases: int = 100
    directives: int = 100
    root_fields: int = 100
    list_nesting: int = 8
    cost: int = 25_000
    variable_values: int = 300_000
    """Objects, lists, texts and so on in the variables, on all levels: more than JSON can have."""
    input_objects: int = 5_000
    """Objects in the variables whose fields the schema knows; each is checked field by field."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What a selection has; `depth` and `list_nesting` at most, the rest in all.

    `cost` is the number of objects that it may load: an object counts 1, a list of them its page
    size (or CHILDREN) times what one of its items counts; and SORTED more, where all are sorted.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    list_nesting: int = 0
    cost: int = 0


def require_within(limits: Limits, measures: Measures) -> None:
    """Raise LimitExceeded for the first limit that the operation exceeds."""
    for field in fields(measures):
        require(limits, field.name, getattr(measures, field.name))


def require(limits: Limits, name: str, amount: int) -> None:
    """Raise LimitExceeded when the amount is above the limit of this name."""
    allowed = getattr(limits, name)
    if amount > allowed:
        raise LimitExceeded(name, amount, allowed)


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None = None,
) -> Measures:
    """What the operation has. Without `variables`, page sizes given by them count as the largest.

    The document needn't be valid: what is unknown counts as a field without a selection.
    """
    return Measuring(schema, document, operation, variables).operation(operation)


def count_values(variables: Mapping[str, Any] | None) -> int:
    """How many values there are in the variables: of objects and lists, they and all in them."""
    found, waiting = 0, list[Collection[Any]]([(variables or {}).values()])
    while waiting:
        values = waiting.pop()
        found += len(values)
        for value in values:
            # What JSON is decoded to has these very classes.
            if type(value) is dict:
                waiting.append(value.values())
            elif type(value) is list:
                waiting.append(value)
    return found


def count_input_objects(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> int:
    """How many objects of input types there are in the variables."""
    found, waiting = 0, list[tuple[Any, Any]]()
    for definition in operation.variable_definitions or ():
        value = (variables or {}).get(definition.variable.name.value)
        waiting.append((type_from_ast(schema, definition.type), value))
    while waiting:
        kind, value = waiting.pop()
        if isinstance(kind, GraphQLNonNull):
            waiting.append((kind.of_type, value))
        elif isinstance(kind, GraphQLList):
            items = value if isinstance(value, list) else [value]
            waiting.extend((kind.of_type, item) for item in items)
        elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
            found += 1
            waiting.extend(
                (kind.fields[name].type, item)
                for name, item in value.items()
                if name in kind.fields and item is not None
            )
    return found


@dataclass(frozen=True, slots=True)
class _Selected(Measures):
    """The measures of a selection, in part for each item of the page that it's a selection of.

    How many items that are, only the field knows in which it all ends up.
    """

    cost_per_item: int = 0


class Measuring:
    """Measures operations of one document. `selections` counts its work.

    `looked_at` has the variables whose values are, or would be, looked at for it.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """`variables`, where they are known, are those of `operation`."""
        self.selections = 0
        self.looked_at: set[str] = set()
        self._schema = schema
        self._variables = variables
        definitions = operation.variable_definitions if operation else ()
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in definitions or ()
        }
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Selected] = {}

    def operation(self, operation: OperationDefinitionNode) -> Measures:
        root = self._schema.get_root_type(operation.operation)
        found = self._selection(operation.selection_set, root)
        return Measures(
            depth=found.depth,
            aliases=found.aliases,
            directives=found.directives + len(operation.directives or ()),
            root_fields=found.root_fields,
            list_nesting=found.list_nesting,
            cost=found.cost,
        )

    def _selection(self, selection: SelectionSetNode, parent: GraphQLNamedType | None) -> _Selected:
        depth = aliases = directives = root_fields = list_nesting = cost = cost_per_item = 0
        for node in selection.selections:
            self.selections += 1
            found = self._node(node, parent)
            depth = max(depth, found.depth)
            aliases += found.aliases
            directives += found.directives + len(node.directives or ())
            root_fields += found.root_fields
            list_nesting = max(list_nesting, found.list_nesting)
            cost += found.cost
            cost_per_item += found.cost_per_item
        return _Selected(depth, aliases, directives, root_fields, list_nesting, cost, cost_per_item)

    def _node(self, node: Any, parent: GraphQLNamedType | None) -> _Selected:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            kind = self._schema.get_type(condition.name.value) if condition else parent
            return self._selection(node.selection_set, kind)
        assert isinstance(node, FragmentSpreadNode)
        return self._fragment(node.name.value)

    def _fragment(self, name: str) -> _Selected:
        if name not in self._measured:
            # A fragment in itself is refused by validation; here it counts nothing.
            self._measured[name] = _Selected()
            definition = self._fragments.get(name)
            if definition is not None:
                kind = self._schema.get_type(definition.type_condition.name.value)
                self._measured[name] = self._selection(definition.selection_set, kind)
        return self._measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Selected:
        field = _definition(parent, node.name.value)
        kind = get_named_type(field.type) if field else None
        inner = self._selection(node.selection_set, kind) if node.selection_set else _Selected()
        has_objects = field is None or is_composite_type(kind)
        is_list = field is not None and has_objects and _is_list(field.type)
        is_page = is_list and _is_connection(parent)
        cost = inner.cost + 1 if has_objects else 0
        if field is not None and _is_paged(field):
            cost += inner.cost_per_item * self._page_size(node)
            cost += SORTED * self._is_sorted(node, parent, kind)
        elif field is not None and is_list and not is_page:
            cost *= self._length(node, field)
        return _Selected(
            depth=inner.depth + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            root_fields=1,
            list_nesting=inner.list_nesting + is_list,
            cost=0 if is_page else cost,
            cost_per_item=cost if is_page else 0,
        )

    def _length(self, node: FieldNode, field: GraphQLField) -> int:
        """How many items a list without paging has."""
        if "ids" not in field.args:
            return CHILDREN
        ids = self._argument(node, "ids")
        if isinstance(ids, ListValueNode):
            return len(ids.values)
        return len(ids) if isinstance(ids, list) else LARGEST_PAGE

    def _page_size(self, node: FieldNode) -> int:
        sizes = [self._argument(node, name) for name in ("first", "last")]
        if all(size is None for size in sizes):
            return DEFAULT_PAGE
        known = [size for size in sizes if isinstance(size, int)]
        return min(max([0, *known]) if known else LARGEST_PAGE, LARGEST_PAGE)

    def _is_sorted(
        self, node: FieldNode, parent: GraphQLNamedType | None, kind: GraphQLNamedType | None
    ) -> bool:
        """Whether all entities of a kind have to be sorted for it."""
        if kind is None or kind.name not in _INDEXED or parent is not self._schema.query_type:
            return False
        order = self._argument(node, "orderBy")
        if isinstance(order, ObjectValueNode):
            order = {each.name.value: each.value for each in order.fields}
        if not isinstance(order, dict):
            return isinstance(order, VariableNode)
        field = order.get("field")
        if isinstance(field, VariableNode):
            self.looked_at.add(field.name.value)
            field = (self._variables or {}).get(field.name.value)
        return (field.value if isinstance(field, EnumValueNode) else field) not in _INDEXED[
            kind.name
        ]

    def _argument(self, node: FieldNode, name: str) -> Any:
        """Its value where it's known, else its node; None when it's absent or null."""
        value: Any = next((a.value for a in node.arguments or () if a.name.value == name), None)
        if isinstance(value, VariableNode):
            variable = value.name.value
            self.looked_at.add(variable)
            if self._variables is None:
                return value
            value = self._variables.get(variable, self._defaults.get(variable))
        if isinstance(value, NullValueNode):
            return None
        return int(value.value[:10]) if isinstance(value, IntValueNode) else value


def _definition(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if name in _META_FIELDS:
        return _META_FIELDS[name]
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        field: GraphQLField | None = parent.fields.get(name)
        return field
    return None


def _is_paged(field: GraphQLField) -> bool:
    return "first" in field.args and "last" in field.args


def _is_connection(kind: GraphQLNamedType | None) -> bool:
    return isinstance(kind, GraphQLObjectType) and "pageInfo" in kind.fields


def _is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
