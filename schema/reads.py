"""What an operation will read, as far as its document tells before it runs."""

from collections import defaultdict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    visit,
)

from repositories.unit_of_work import Selected

BY_KEY = {"by_key": True}
"""The metadata of a field that loads one entity by its key, and nothing else."""

CHILDREN = "children"
"""The key in the metadata of a field that gives an entity's children."""


@dataclass(frozen=True, slots=True)
class Reads:
    """`selected`: the attributes that the operation may look at, by the record's type.

    `in_one_call`: it reads one entity by its key, perhaps with its children, and nothing else.
    """

    selected: Selected | None = None
    in_one_call: bool = False


EVERYTHING = Reads()


def reads_of(
    schema: GraphQLSchema, document: DocumentNode
) -> tuple[tuple[OperationDefinitionNode, Reads], ...]:
    """Of each operation. They share what is selected, so that the document is gone through once."""
    type_info = TypeInfo(schema)
    fields = _Fields(type_info)
    visit(document, TypeInfoVisitor(type_info, fields))
    selected = {name: frozenset(found) for name, found in fields.found.items()}
    return tuple(
        (node, Reads(selected, in_one_call=_is_one_call(schema, node)))
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    )


class _Fields(Visitor):
    """Collects the attributes of the fields, by the type that they are of."""

    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self.found = defaultdict[str, set[str]](set)
        self._type_info = type_info

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, field = self._type_info.get_parent_type(), self._type_info.get_field_def()
        if parent is not None and field is not None:
            definition = field.extensions.get("strawberry-definition")
            name = definition.python_name if definition is not None else node.name.value
            self.found[parent.name].add(name)


def _is_one_call(schema: GraphQLSchema, operation: OperationDefinitionNode) -> bool:
    return (
        operation.operation is OperationType.QUERY
        and schema.query_type is not None
        and _is_one_entity(schema.query_type, operation.selection_set)
    )


def _is_one_entity(query: GraphQLObjectType, selections: SelectionSetNode) -> bool:
    match selections.selections:
        case (FieldNode() as node,) if node.selection_set is not None:
            field = query.fields.get(node.name.value)
            return (
                field is not None
                and _metadata(field).items() >= BY_KEY.items()
                and _is_whole(field, node.selection_set)
            )
    return False


def _is_whole(field: GraphQLField, selections: SelectionSetNode) -> bool:
    """Whether only the entity itself and its children are selected, without fragments."""
    entity = get_named_type(field.type)
    assert isinstance(entity, GraphQLObjectType)
    for node in selections.selections:
        if not isinstance(node, FieldNode):
            return False
        selected = entity.fields.get(node.name.value)
        is_own = selected is None or is_leaf_type(get_named_type(selected.type))
        if selected is not None and not is_own and CHILDREN not in _metadata(selected):
            return False
    return True


def _metadata(field: GraphQLField) -> dict[object, object]:
    definition = field.extensions.get("strawberry-definition")
    return dict(definition.metadata) if definition is not None else {}
