"""How much one operation may ask for, counted before anything is executed.

Everything is counted over expanded fragments. Each fragment is measured once for each type and
page size that it's used with, so the work grows with the document, not with its expansion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from schema.errors import LimitExceeded
from schema.pagination import DEFAULT_PAGE, LARGEST_PAGE

CHILDREN = 10
"""How many items a list without paging is taken to have, on average."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one operation may have. The defaults leave room for rich pages."""

    tokens: int = 5_000
    depth: int = 20
    aliases: int = 100
    directives: int = 100
    root_fields: int = 100
    list_nesting: int = 8
    cost: int = 25_000


@dataclass(frozen=True, slots=True)
class Measures:
    """What a selection has; `depth` and `list_nesting` at most, the rest in all.

    `cost` is the number of objects that it may load: an object counts 1, a list of them its page
    size (or CHILDREN) times what one of its items counts.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    list_nesting: int = 0
    cost: int = 0

    def beside(self, other: "Measures") -> "Measures":
        return Measures(
            depth=max(self.depth, other.depth),
            aliases=self.aliases + other.aliases,
            directives=self.directives + other.directives,
            root_fields=self.root_fields + other.root_fields,
            list_nesting=max(self.list_nesting, other.list_nesting),
            cost=self.cost + other.cost,
        )


def require_within(limits: Limits, measures: Measures) -> None:
    """Raise LimitExceeded for the first limit that the operation exceeds."""
    for field in fields(measures):
        amount, limit = getattr(measures, field.name), getattr(limits, field.name)
        if amount > limit:
            raise LimitExceeded(field.name, amount, limit)


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None = None,
) -> Measures:
    """What the operation has. Without `variables`, page sizes given by them count as the largest.

    The document needn't be valid: what is unknown counts as a field without a selection.
    """
    root = schema.get_root_type(operation.operation)
    found = _Measuring(schema, document, operation, variables).selection(
        operation.selection_set, root, None
    )
    return Measures(
        depth=found.depth,
        aliases=found.aliases,
        directives=found.directives + len(operation.directives or ()),
        root_fields=found.root_fields,
        list_nesting=found.list_nesting,
        cost=found.cost,
    )


class _Measuring:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[tuple[str, int | None], Measures] = {}

    def selection(
        self, selection: SelectionSetNode, parent: GraphQLNamedType | None, page: int | None
    ) -> Measures:
        """`page` is the size of the page when `parent` is a connection."""
        total = Measures()
        for node in selection.selections:
            own = Measures(directives=len(node.directives or ()))
            total = total.beside(own).beside(self._node(node, parent, page))
        return total

    def _node(self, node: Any, parent: GraphQLNamedType | None, page: int | None) -> Measures:
        if isinstance(node, FieldNode):
            return self._field(node, parent, page)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            kind = self._schema.get_type(condition.name.value) if condition else parent
            return self.selection(node.selection_set, kind, page)
        assert isinstance(node, FragmentSpreadNode)
        return self._fragment(node.name.value, page)

    def _fragment(self, name: str, page: int | None) -> Measures:
        key = (name, page)
        if key not in self._measured:
            # A fragment in itself is refused by validation; here it counts nothing.
            self._measured[key] = Measures()
            definition = self._fragments.get(name)
            if definition is not None:
                kind = self._schema.get_type(definition.type_condition.name.value)
                self._measured[key] = self.selection(definition.selection_set, kind, page)
        return self._measured[key]

    def _field(
        self, node: FieldNode, parent: GraphQLNamedType | None, page: int | None
    ) -> Measures:
        field = _definition(parent, node.name.value)
        size, own_page = self._size(node, field, page)
        inner = Measures()
        is_composite = field is None or is_composite_type(get_named_type(field.type))
        if node.selection_set is not None:
            kind = get_named_type(field.type) if field else None
            inner = self.selection(node.selection_set, kind, own_page)
        return Measures(
            depth=inner.depth + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            root_fields=1,
            list_nesting=inner.list_nesting + (size is not None and is_composite),
            cost=(1 if size is None else size) * (inner.cost + 1) if is_composite else 0,
        )

    def _size(
        self, node: FieldNode, field: GraphQLField | None, page: int | None
    ) -> tuple[int | None, int | None]:
        """(items of a list, None when it's none; page size of a connection, None when it's none)"""
        if field is None:
            return None, None
        if "first" in field.args and "last" in field.args:
            return None, self._page_size(node)
        if not _is_list(field.type):
            return None, None
        if page is not None:
            return page, None
        ids = self._argument(node, "ids")
        if isinstance(ids, ListValueNode):
            return len(ids.values), None
        if isinstance(ids, list | tuple):
            return len(ids), None
        return (LARGEST_PAGE if "ids" in field.args else CHILDREN), None

    def _page_size(self, node: FieldNode) -> int:
        sizes = [self._argument(node, name) for name in ("first", "last")]
        if all(size is None for size in sizes):
            return DEFAULT_PAGE
        known = [size for size in sizes if isinstance(size, int)]
        return min(max([0, *known]) if known else LARGEST_PAGE, LARGEST_PAGE)

    def _argument(self, node: FieldNode, name: str) -> Any:
        """Its value where it's known, its node where it isn't a number, None when it's absent."""
        value: Any = next((a.value for a in node.arguments or () if a.name.value == name), None)
        if isinstance(value, VariableNode):
            variable = value.name.value
            if self._variables is None:
                return value
            value = self._variables.get(variable, self._defaults.get(variable))
        if isinstance(value, IntValueNode):
            return int(value.value[:10])
        return value


def _definition(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        field: GraphQLField | None = parent.fields.get(name)
        return field
    return None


def _is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
