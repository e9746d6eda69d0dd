"""Limits of operations, which are checked before anything is executed.

Measures count fields of fragments wherever these are spread. Each fragment is measured once, so the
work grows with the document, not with its expansion.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

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

from repositories.registry import ENTITY_TYPES
from schema.errors import LimitExceeded
from schema.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

CHILDREN = 10
"""The assumed number of items of a list without paging."""

ITEMS_OF_CONDITION = 50
"""So many items of a list in a filter count as a condition: they take as long."""

RESULTS = "results"
"""The field of a bulk's payload that has the results of its rows."""

SORTED = 1_000
"""The cost of a list of all entities that has to be sorted, because no index has its order."""

_INDEXED = {
    f"{name}Connection": {"CREATED_AT", type_.key_name.upper()}
    for name, type_ in ENTITY_TYPES.items()
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
    """Characters of the document, whose parsing takes time; long texts belong into variables."""
    tokens: int = 5_000
    depth: int = 20
    aliases: int = 100
    directives: int = 100
    root_fields: int = 100
    list_nesting: int = 8
    cost: int = 25_000
    fields: int = 5_000
    """Fields on all levels, of all operations of the document together: validating and planning
    takes time and memory. A document of the most tokens has half as many without fragments."""
    variable_values: int = 300_000
    """Objects, lists, texts and other values of the variables, on all levels."""
    input_objects: int = 5_000
    """Objects in the variables whose fields the schema knows; each is checked field by field."""
    conditions: int = 400
    """Conditions in the filters of all fields together: each takes a tenth of a millisecond."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of a selection: maxima for `depth` and `list_nesting`, sums for all others.
    `root_fields` counts the selection's own level, `fields` counts all levels.

    `cost` is the number of objects that it may load: an object counts 1, a list of them its page
    size (or CHILDREN) times what one of its items counts; and SORTED more, where all are sorted.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    list_nesting: int = 0
    cost: int = 0
    fields: int = 0
    conditions: int = 0
    """The conditions that the document itself has, without those in variables."""
    by_variables: Mapping[str, int] = field(default_factory=dict)
    """How often each variable is used in a filter."""
    by_rows: Mapping["RowsIn", int] = field(default_factory=dict)
    """What each row costs of bulks whose rows are in variables; `cost` is without them."""


class RowsIn(NamedTuple):
    """Where the rows of a bulk are: in a variable."""

    variable: str
    is_input: bool
    """Whether the variable is the whole input, which has the rows. Else it's they."""


def require_within(limits: Limits, measures: Measures) -> None:
    """Raise LimitExceeded for the first limit that the operation exceeds."""
    for each in fields(limits):
        require(limits, each.name, getattr(measures, each.name, 0))


def require(limits: Limits, name: str, amount: int) -> None:
    """Raise LimitExceeded when the amount is above the limit of this name."""
    allowed = getattr(limits, name)
    if amount > allowed:
        raise LimitExceeded(name, amount, allowed)


def require_few_conditions(
    limits: Limits,
    measures: Measures,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> None:
    """Raise LimitExceeded when the filters have too many conditions with these variables."""
    values = _values_of(operation, variables)
    found = measures.conditions
    for name, times in measures.by_variables.items():
        found += times * _conditions_of(values.get(name))
    require(limits, "conditions", found)


def _values_of(
    operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """The values of the variables; nodes for those that have their defaults."""
    values: dict[str, Any] = {
        definition.variable.name.value: definition.default_value
        for definition in operation.variable_definitions or ()
    }
    values.update(variables or {})
    return values


def cost_of_rows(
    measures: Measures, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
) -> int:
    """What all rows of bulks cost that are in these variables."""
    if not measures.by_rows:
        return 0
    values = _values_of(operation, variables)
    found = 0
    for (variable, is_input), cost in measures.by_rows.items():
        value = values.get(variable)
        found += cost * _number_of(_rows_of(value) if is_input else value)
    return found


def _rows_of(input: Any) -> Any:
    """The rows of a bulk's input: of a value of a variable, or of a node."""
    if isinstance(input, ObjectValueNode):
        return next((each.value for each in input.fields if each.name.value == "rows"), None)
    return input.get("rows") if isinstance(input, dict) else None


def _number_of(rows: Any) -> int:
    match rows:
        case None | NullValueNode():
            return 0
        case list():
            return len(rows)
        case ListValueNode(values=values):
            return len(values)
    return 1  # a single value stands for a list of it


_GIVES_NOTHING = (NullValueNode, VariableNode)


def _conditions_of(value: Any) -> int:
    """The number of conditions in a part of a filter: a value of a variable, or a node.

    An empty filter counts as one, and lists of values count by their length. The depth is checked
    later.
    """
    found, left = 0, [value]
    while left:
        match left.pop():
            case None | NullValueNode() | VariableNode():
                pass
            case dict() as members:
                given = [each for each in members.values() if each is not None]
                left += given
                found += not given
            case ObjectValueNode(fields=members):
                values = [each.value for each in members]
                given = [each for each in values if not isinstance(each, _GIVES_NOTHING)]
                left += given
                found += not given
            case list() | ListValueNode() as listed:
                items = listed if isinstance(listed, list) else listed.values
                if items and isinstance(items[0], dict | ObjectValueNode):
                    left += items
                else:
                    found += 1 + len(items) // ITEMS_OF_CONDITION
            case _:
                found += 1
    return found


def _variables_in(value: Any) -> Iterator[str]:
    """The names of the variables in a node of a filter."""
    match value:
        case VariableNode():
            yield value.name.value
        case ObjectValueNode():
            for each in value.fields:
                yield from _variables_in(each.value)
        case ListValueNode():
            for item in value.values:
                yield from _variables_in(item)


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None = None,
) -> Measures:
    """The measures of the operation. Without `variables`, page sizes from variables count as the
    largest.

    The document needn't be valid: an unknown field counts as one without a selection.
    """
    return Measuring(schema, document, operation, variables).operation(operation)


def count_values(variables: Mapping[str, Any] | None) -> int:
    """The number of values in the variables: objects and lists, and all values in them."""
    found, within = 0, list[Any]([dict(variables or {})])
    while within:
        # All values of a level at once. JSON is decoded to exactly these classes.
        values: list[Any] = []
        for each in within:
            values += each.values() if type(each) is dict else each
        found += len(values)
        within = [it for it in values if (type(it) is dict or type(it) is list) and it]
    return found


def count_input_objects(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> int:
    """The number of objects of input types in the variables."""
    found, waiting = 0, list[tuple[Any, Any]]()
    for definition in operation.variable_definitions or ():
        value = (variables or {}).get(definition.variable.name.value)
        waiting.append((type_from_ast(schema, definition.type), value))
    while waiting:
        type_, value = waiting.pop()
        if isinstance(type_, GraphQLNonNull):
            waiting.append((type_.of_type, value))
        elif isinstance(type_, GraphQLList):
            items = value if isinstance(value, list) else [value]
            waiting.extend((type_.of_type, item) for item in items)
        elif isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
            found += 1
            waiting.extend(
                (type_.fields[name].type, item)
                for name, item in value.items()
                if name in type_.fields and item is not None
            )
    return found


@dataclass(frozen=True, slots=True)
class _Selected(Measures):
    """The measures of a selection; some of its cost counts once for each item of a page.

    Only the field of the connection, above the selection, knows the number of items.
    """

    cost_per_item: int = 0
    cost_per_row: int = 0
    """The same, of the results of a bulk."""


_LEAVES = tuple(_Selected(depth=1, aliases=aliases, root_fields=1, fields=1) for aliases in (0, 1))
"""The measures of a leaf field without an alias, and with one."""
_NOTHING = _Selected()
_SHORT = 1_000
"""Measures of selections up to so many characters are cached."""


class _Known(NamedTuple):
    field: GraphQLField | None
    type_: GraphQLNamedType | None
    has_objects: bool
    is_list: bool


class Measuring:
    """Measures operations of one document. `selections` counts its work.

    `used_variables` has the variables whose values the measures depend on.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """`variables` are those of `operation`; None: their values aren't known."""
        self.selections = 0
        self.used_variables: set[str] = set()
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
        self._fields: dict[tuple[int, str], _Known] = {}
        self._seen: dict[tuple[int, str], _Selected] = {}

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
            fields=found.fields,
            conditions=found.conditions,
            by_variables=found.by_variables,
            by_rows=found.by_rows,
        )

    def _inner(self, selection: SelectionSetNode, parent: GraphQLNamedType | None) -> _Selected:
        """The measures of a selection, which depend on its text and on the type alone.

        Only short texts are kept: each is within all selections around it, which are kept as well.
        """
        place = selection.loc
        if place is None or place.end - place.start > _SHORT:
            return self._selection(selection, parent)
        key = (id(parent), place.source.body[place.start : place.end])
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._selection(selection, parent)
        return found

    def _selection(self, selection: SelectionSetNode, parent: GraphQLNamedType | None) -> _Selected:
        depth = aliases = directives = root_fields = 0
        list_nesting = cost = fields = cost_per_item = 0
        cost_per_row, conditions = 0, 0
        by_variables, by_rows = Counter[str](), Counter[RowsIn]()
        for node in selection.selections:
            self.selections += 1
            found = self._node(node, parent)
            depth = max(depth, found.depth)
            aliases += found.aliases
            directives += found.directives + len(node.directives or ())
            root_fields += found.root_fields
            list_nesting = max(list_nesting, found.list_nesting)
            cost += found.cost
            fields += found.fields
            cost_per_item += found.cost_per_item
            conditions += found.conditions
            cost_per_row += found.cost_per_row
            if found.by_variables:
                by_variables.update(found.by_variables)
            if found.by_rows:
                by_rows.update(found.by_rows)
        return _Selected(
            depth,
            aliases,
            directives,
            root_fields,
            list_nesting,
            cost,
            fields,
            conditions,
            by_variables,
            by_rows,
            cost_per_item,
            cost_per_row,
        )

    def _node(self, node: Any, parent: GraphQLNamedType | None) -> _Selected:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            type_ = self._schema.get_type(condition.name.value) if condition else parent
            return self._selection(node.selection_set, type_)
        assert isinstance(node, FragmentSpreadNode)
        return self._fragment(node.name.value)

    def _fragment(self, name: str) -> _Selected:
        if name not in self._measured:
            # A fragment in itself is refused by validation; here it counts nothing.
            self._measured[name] = _Selected()
            definition = self._fragments.get(name)
            if definition is not None:
                type_ = self._schema.get_type(definition.type_condition.name.value)
                self._measured[name] = self._selection(definition.selection_set, type_)
        return self._measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Selected:
        known = self._known(node.name.value, parent)
        aliases = int(node.alias is not None)
        if not known.has_objects and node.selection_set is None:
            return _LEAVES[aliases]
        inner = self._inner(node.selection_set, known.type_) if node.selection_set else _NOTHING
        field = known.field
        is_page = known.is_list and _is_connection(parent)
        is_result = _is_bulk(parent) and node.name.value == RESULTS
        cost = inner.cost + 1 if known.has_objects else 0
        if field is not None and _is_paged(field):
            cost += inner.cost_per_item * self._page_size(node)
            cost += SORTED * self._is_sorted(node, parent, known.type_)
        elif field is not None and known.is_list and not is_page and not is_result:
            cost *= self._length(node, field)
        by_rows: Mapping[RowsIn, int] = inner.by_rows
        if _is_bulk(known.type_):
            # A row whose result isn't selected is saved all the same.
            cost_per_row = max(inner.cost_per_row, 1)
            rows = self._rows(node)
            if isinstance(rows, RowsIn):
                by_rows = {rows: cost_per_row}
            else:
                cost += rows * cost_per_row
        written = [a.value for a in node.arguments or () if a.name.value == "filter"]
        by_variables = inner.by_variables
        if written:
            names = (name for each in written for name in _variables_in(each))
            by_variables = Counter(by_variables) + Counter(names)
        return _Selected(
            depth=inner.depth + 1,
            aliases=inner.aliases + aliases,
            directives=inner.directives,
            root_fields=1,
            list_nesting=inner.list_nesting + known.is_list,
            cost=0 if is_page or is_result else cost,
            fields=inner.fields + 1,
            cost_per_item=cost if is_page else 0,
            cost_per_row=cost if is_result else 0,
            conditions=inner.conditions + sum(map(_conditions_of, written)),
            by_variables=by_variables,
            by_rows=by_rows,
        )

    def _rows(self, node: FieldNode) -> int | RowsIn:
        """How many rows a bulk has, or where they are."""
        input = next((a.value for a in node.arguments or () if a.name.value == "input"), None)
        if isinstance(input, VariableNode):
            return RowsIn(input.name.value, is_input=True)
        rows = _rows_of(input)
        if isinstance(rows, VariableNode):
            return RowsIn(rows.name.value, is_input=False)
        return _number_of(rows)

    def _known(self, name: str, parent: GraphQLNamedType | None) -> "_Known":
        """The properties of a field in the schema, looked up once."""
        key = (id(parent), name)
        if key not in self._fields:
            field = _definition(parent, name)
            type_ = get_named_type(field.type) if field else None
            has_objects = field is None or is_composite_type(type_)
            is_list = field is not None and has_objects and _is_list(field.type)
            self._fields[key] = _Known(field, type_, has_objects, is_list)
        return self._fields[key]

    def _length(self, node: FieldNode, field: GraphQLField) -> int:
        """The number of items of a list without paging."""
        if "ids" not in field.args:
            return CHILDREN
        ids = self._argument(node, "ids")
        if isinstance(ids, ListValueNode):
            return len(ids.values)
        return len(ids) if isinstance(ids, list) else MAX_PAGE_SIZE

    def _page_size(self, node: FieldNode) -> int:
        sizes = [self._argument(node, name) for name in ("first", "last")]
        if all(size is None for size in sizes):
            return DEFAULT_PAGE_SIZE
        known = [size for size in sizes if isinstance(size, int)]
        return min(max([0, *known]) if known else MAX_PAGE_SIZE, MAX_PAGE_SIZE)

    def _is_sorted(
        self, node: FieldNode, parent: GraphQLNamedType | None, type_: GraphQLNamedType | None
    ) -> bool:
        """Whether the database has to sort all entities of the type for the field."""
        if type_ is None or type_.name not in _INDEXED or parent is not self._schema.query_type:
            return False
        order = self._argument(node, "orderBy")
        if isinstance(order, ObjectValueNode):
            order = {each.name.value: each.value for each in order.fields}
        if not isinstance(order, dict):
            return isinstance(order, VariableNode)
        field = order.get("field")
        if isinstance(field, VariableNode):
            self.used_variables.add(field.name.value)
            field = (self._variables or {}).get(field.name.value)
        return (field.value if isinstance(field, EnumValueNode) else field) not in _INDEXED[
            type_.name
        ]

    def _argument(self, node: FieldNode, name: str) -> Any:
        """The argument's value if it's known, else its node; None when it's absent or null."""
        value: Any = next((a.value for a in node.arguments or () if a.name.value == name), None)
        if isinstance(value, VariableNode):
            variable = value.name.value
            self.used_variables.add(variable)
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
    return "first" in field.args


def _is_connection(type_: GraphQLNamedType | None) -> bool:
    return isinstance(type_, GraphQLObjectType) and "pageInfo" in type_.fields


def _is_bulk(type_: GraphQLNamedType | None) -> bool:
    """Whether it's the payload of a bulk."""
    return isinstance(type_, GraphQLObjectType) and RESULTS in type_.fields


def _is_list(type_: Any) -> bool:
    return isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList)
